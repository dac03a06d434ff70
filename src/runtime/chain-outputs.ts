/** What lies between two operators of a chain where there is more than one consumer, or none. */
import type { Output } from '../operators/operator.ts'

/** What nobody reads. */
export const discard: Output = { collect() {}, watermark() {}, endInput() {} }

/** Hands everything to several consumers. */
export class Fanout implements Output {
  readonly #outputs: readonly Output[]

  constructor(outputs: readonly Output[]) {
    this.#outputs = outputs
  }

  collect(value: unknown, timestamp: number): void {
    for (const output of this.#outputs) output.collect(value, timestamp)
  }

  watermark(timestamp: number): void {
    for (const output of this.#outputs) output.watermark(timestamp)
  }

  endInput(): void {
    for (const output of this.#outputs) output.endInput()
  }
}

/** Main output of an operator: watermarks and the end also go to its side outputs. */
export class MainOutput extends Fanout {
  readonly collectSome: Output['collectSome']
  readonly #main: Output

  /** @param isPlain values come one by one, for whoever counts them. */
  constructor(main: Output, sides: readonly Output[], isPlain: boolean) {
    super([main, ...sides])
    this.#main = main
    this.collectSome = isPlain ? undefined : main.collectSome?.bind(main)
  }

  override collect(value: unknown, timestamp: number): void {
    this.#main.collect(value, timestamp)
  }
}
