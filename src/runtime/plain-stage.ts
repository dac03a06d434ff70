/** The stage of an operator without key: a guarded call. */
import { MIN_WATERMARK, type Operator } from '../operators/operator.ts'
import { functionFailed } from './function-failed.ts'
import { entranceOf, type Stage } from './stage.ts'

export class PlainStage implements Stage {
  readonly gathers = false
  readonly isBusy = false
  readonly nextProcessingTimer = Number.POSITIVE_INFINITY
  currentWatermark = MIN_WATERMARK
  readonly label: string
  readonly second = entranceOf((value, timestamp) => this.#collectSecond(value, timestamp))
  readonly #operator: Operator

  constructor(label: string, operator: Operator) {
    this.label = label
    this.#operator = operator
  }

  /** For a look at a worker that does not answer. */
  get whereabouts(): { readonly operator: string } {
    return { operator: this.label }
  }

  collect(value: unknown, timestamp: number): void {
    try {
      this.#operator.processElement(value, timestamp)
    } catch (error) {
      throw functionFailed(this.label, error)
    }
  }

  #collectSecond(value: unknown, timestamp: number): void {
    try {
      this.#operator.processElement2?.(value, timestamp)
    } catch (error) {
      throw functionFailed(this.label, error)
    }
  }

  watermark(timestamp: number): void {
    if (timestamp <= this.currentWatermark) return
    this.currentWatermark = timestamp
    this.#operator.processWatermark(timestamp)
  }

  endInput(): void {
    this.#operator.endInput()
  }

  flush(): void {
    try {
      this.#operator.endBatch?.()
    } catch (error) {
      throw functionFailed(this.label, error)
    }
  }

  resume(): void {}
  processingTime(): void {}
  restoreWatermark(watermark: number): void {
    this.currentWatermark = watermark
    this.#operator.restoreWatermark?.(watermark)
  }

  start(): void {
    if (this.currentWatermark > MIN_WATERMARK) {
      this.#operator.processWatermark(this.currentWatermark)
    }
    this.flush()
  }
}
