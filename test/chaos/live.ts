/** One line of a terminal that says how far it is; nothing where there is no terminal. */
import type { Tally } from './tally.ts'

const EVERY_MS = 500

export class LiveLine {
  readonly #tally: Tally
  readonly #rounds: number
  readonly #startedMs = performance.now()
  readonly #doing = new Map<number, string>()
  readonly #timer: NodeJS.Timeout | undefined

  constructor(tally: Tally, rounds: number) {
    this.#tally = tally
    this.#rounds = rounds
    if (process.stderr.isTTY) this.#timer = setInterval(() => this.#show(), EVERY_MS)
  }

  get elapsedSeconds(): number {
    return (performance.now() - this.#startedMs) / 1_000
  }

  /** What a life is doing; undefined: it has ended. */
  doing(life: number, what: string | undefined): void {
    if (what === undefined) this.#doing.delete(life)
    else this.#doing.set(life, what)
  }

  end(): void {
    clearInterval(this.#timer)
    if (this.#timer !== undefined) process.stderr.write('\r\u001B[K')
  }

  #show(): void {
    const { roundsDone, kills, takeovers, linesCompared } = this.#tally
    const perMinute = (roundsDone * 60) / this.elapsedSeconds
    const parts = [
      `${roundsDone} of ${this.#rounds} rounds, ${perMinute.toFixed(0)}/min`,
      `${kills} kills, ${takeovers} takeovers, ${linesCompared} lines`,
      ...[...this.#doing].map(([life, what]) => `life ${life}: ${what}`),
    ]
    const line = parts.join(' · ').slice(0, process.stderr.columns - 1)
    process.stderr.write(`\r\u001B[K${line}`)
  }
}
