/** How far it is: one live line on a terminal, else a line for each life that has ended. */
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

  /** What a life is doing. */
  doing(life: number, what: string): void {
    this.#doing.set(life, what)
  }

  /** A life came to its end. */
  ended(life: number, how: string): void {
    this.#doing.delete(life)
    if (this.#timer === undefined) process.stderr.write(`${this.#sofar}: life ${life} ${how}\n`)
  }

  end(): void {
    clearInterval(this.#timer)
    if (this.#timer !== undefined) process.stderr.write('\r\u001B[K')
  }

  get #sofar(): string {
    const { roundsDone } = this.#tally
    const perMinute = (roundsDone * 60) / this.elapsedSeconds
    return `${roundsDone} of ${this.#rounds} rounds, ${perMinute.toFixed(0)}/min`
  }

  #show(): void {
    const { kills, takeovers, linesCompared } = this.#tally
    const parts = [
      this.#sofar,
      `${kills} kills, ${takeovers} takeovers, ${linesCompared} lines`,
      ...[...this.#doing].map(([life, what]) => `life ${life}: ${what}`),
    ]
    const line = parts.join(' · ').slice(0, process.stderr.columns - 1)
    process.stderr.write(`\r\u001B[K${line}`)
  }
}
