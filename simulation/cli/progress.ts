/** One line on a terminal that says how far a long run has come; nothing where there is none. */
import { stderr } from 'node:process'

const EVERY_MS = 250

export class Progress {
  readonly #line: () => string
  #timer: NodeJS.Timeout | undefined

  constructor(line: () => string) {
    this.#line = line
  }

  begin(): void {
    if (!stderr.isTTY) return
    this.#timer = setInterval(() => stderr.write(`\r\x1b[K${this.#line()}`), EVERY_MS)
  }

  end(): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    stderr.write('\r\x1b[K')
  }
}
