/** The output of an operator under test: it keeps all that comes, with its timestamps. */
import { NO_TIMESTAMP, type Output } from '../operators/operator.ts'

export class Recorder implements Output {
  readonly values: unknown[] = []
  readonly timestamps: (number | undefined)[] = []
  readonly #sides = new Map<string, Recorder>()

  collect(value: unknown, timestamp: number): void {
    this.values.push(value)
    this.timestamps.push(timestamp === NO_TIMESTAMP ? undefined : timestamp)
  }

  side(name: string): Recorder {
    const side = this.#sides.get(name) ?? new Recorder()
    this.#sides.set(name, side)
    return side
  }

  watermark(): void {}
  endInput(): void {}
}
