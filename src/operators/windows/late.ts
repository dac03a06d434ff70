/** What all window operators do with records that they cannot put into a window. */
import { MillraceError } from '../../errors.ts'
import type { Timestamp } from '../functions.ts'
import type { OperatorContext, Output } from '../operator.ts'
import type { OutputTag } from '../output-tag.ts'

/** Counts late records, and emits them to their side output if there is one. */
export class LateRecords {
  #count = 0
  readonly #output: Output | undefined

  constructor(context: OperatorContext, tag: OutputTag<unknown> | undefined) {
    this.#output = tag === undefined ? undefined : context.sideOutput(tag)
  }

  /** Since this subtask started. */
  get count(): number {
    return this.#count
  }

  take(value: unknown, timestamp: Timestamp): void {
    this.#count++
    this.#output?.collect(value, timestamp)
  }
}

export function requireTimestamp(timestamp: Timestamp, what: string): void {
  if (Number.isFinite(timestamp)) return
  throw new MillraceError('JOB_GRAPH_INVALID', `${what} got a record without timestamp`, {
    cure: 'give fromSource a timestamp function: { timestamp: (record) => record.at }',
    details: { operator: what },
  })
}
