/** One line that tells how long something takes, on a terminal only. */
import { formatDuration } from './format.ts'
import { styled, type Terminal } from './terminal.ts'

const refreshMs = 250
const quietMs = 500

/** Awaits `work`; if it takes long and people watch, a line shows what is being waited for. */
export async function withProgress<T>(
  terminal: Terminal,
  label: string,
  work: Promise<T>,
): Promise<T> {
  if (!terminal.errIsTty) return work
  const line = new StatusLine(terminal)
  const started = performance.now()
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - started
    if (elapsedMs > quietMs) line.show(`${label} … ${formatDuration(elapsedMs)}`)
  }, refreshMs)
  try {
    return await work
  } finally {
    clearInterval(timer)
    line.clear()
  }
}

/** A line at the bottom of the terminal that is overwritten; other text goes above it. */
export class StatusLine {
  readonly #terminal: Terminal
  #shown = ''

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show(text: string): void {
    const cut = text.slice(0, Math.max(20, this.#terminal.columns - 1))
    if (cut === this.#shown) return
    this.#shown = cut
    this.#terminal.err(`\r\u001B[K${styled(this.#terminal, 'dim', cut)}`)
  }

  clear(): void {
    if (this.#shown !== '') this.#terminal.err('\r\u001B[K')
    this.#shown = ''
  }

  /** Writes a line above the status. */
  above(line: string): void {
    const text = this.#shown
    this.clear()
    this.#terminal.err(`${line}\n`)
    if (text !== '') this.show(text)
  }
}
