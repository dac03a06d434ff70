// What `npm start` writes to: plain lines anywhere, and on a terminal colours and one line at the
// bottom that changes.
import type { WriteStream } from 'node:tty'

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const
const columnsDefault = 80

export class Screen {
  readonly isTty: boolean
  readonly #stream: NodeJS.WriteStream | WriteStream
  readonly #hasColor: boolean
  #live = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    this.isTty = stream.isTTY
    this.#hasColor = stream.isTTY && (process.env['NO_COLOR'] ?? '') === ''
  }

  style(style: keyof typeof styles, text: string): string {
    return this.#hasColor ? `\u001B[${styles[style]}m${text}\u001B[0m` : text
  }

  line(text = ''): void {
    const live = this.#live
    this.clear()
    this.#stream.write(`${text}\n`)
    if (live !== '') this.live(live)
  }

  /** Replaces the line at the bottom; only for terminals. */
  live(text: string): void {
    const columns = this.#stream.columns ?? columnsDefault
    this.#live = text
    this.#stream.write(`\r\u001B[K${this.style('dim', text.slice(0, columns - 1))}`)
  }

  clear(): void {
    if (this.#live !== '') this.#stream.write('\r\u001B[K')
    this.#live = ''
  }
}
