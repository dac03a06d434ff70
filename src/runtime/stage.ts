/**
 * Stages: what stands between two operators of a chain. A stage takes a record for its operator. It
 * is also where an error of a user's function gets its place and key. An operator with two inputs
 * has one stage with two entrances, so that they keep their order.
 */
import type { Output } from '../operators/operator.ts'

/** A stage as its task sees it. */
export interface Stage extends Output {
  readonly label: string
  /** The entrance of the second input; the gate tells times and ends of both to the first. */
  readonly second: Output
  /** True if records may wait in it until `flush`. */
  readonly gathers: boolean
  /** Hands gathered records on; before barriers, watermarks and at the end of a batch. */
  flush(): void
  /** True while a watermark waits for its timers to fire, or parked keys are tried again. */
  readonly isBusy: boolean
  /** Does some more of that. */
  resume(): void
  processingTime(now: number): void
  /** Due time of the next processing-time timer, or infinity. */
  readonly nextProcessingTimer: number
  readonly currentWatermark: number
  restoreWatermark(watermark: number): void
  /** Tells the operator, and by it those after it, the watermark that was restored. */
  start(): void
}

/** An entrance for records only. */
export function entranceOf(
  collect: Output['collect'],
  collectHashed?: Output['collectHashed'],
): Output {
  return { collect, collectHashed, watermark() {}, endInput() {} }
}
