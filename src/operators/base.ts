/**
 * What all operators share: they pass watermarks and the end of input on, and most need nothing
 * opened or closed. The host hands what they pass on to the side outputs, too.
 */
import type { KeyedStateTable } from '../state/backend.ts'
import { required } from '../util/assert.ts'
import type { Inline, Operator, OperatorContext, Output } from './operator.ts'
import { ResultCheck } from './synchronous.ts'

export abstract class BaseOperator implements Operator {
  protected readonly output: Output
  readonly #results: ResultCheck

  /** @param what names the operator in messages. */
  constructor(context: OperatorContext, what: string) {
    this.output = context.output
    this.#results = new ResultCheck(what)
  }

  abstract processElement(value: unknown, timestamp: number): void

  open(): void | Promise<void> {}

  processWatermark(timestamp: number): void {
    this.output.watermark(timestamp)
  }

  endInput(): void {
    this.output.endInput()
  }

  close(): void | Promise<void> {}

  /** Looks at the first results of the user's function: none may be a promise. */
  protected check(result: unknown): void {
    this.#results.check(result)
  }

  /** An operator that calls a function for each record, and no more. */
  protected inlineOf(kind: 'map' | 'filter' | 'flat-map', fn: (value: unknown) => unknown): Inline {
    return { kind, fn, check: (result) => this.#results.check(result) }
  }
}

/** The rows of an operator that declares keyed state. */
export function tableOf(context: OperatorContext): KeyedStateTable {
  return required(context.table, `${context.uid} declares keyed state, the host gave no table`)
}
