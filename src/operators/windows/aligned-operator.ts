/** The operator of windows that are the same for all keys: all but sessions. */
import type { Timestamp } from '../functions.ts'
import type { OperatorContext } from '../operator.ts'
import type { WindowAssigner } from './assigners.ts'
import { WindowOperator, type WindowSpec } from './operator.ts'
import type { Window } from './window.ts'

export class AlignedWindowOperator extends WindowOperator {
  readonly #assigner: WindowAssigner
  readonly #isGlobal: boolean

  constructor(context: OperatorContext, what: string, spec: WindowSpec, assigner: WindowAssigner) {
    super(context, what, spec)
    this.#assigner = assigner
    this.#isGlobal = assigner.kind === 'global'
  }

  processElement(value: unknown, timestamp: Timestamp): void {
    const time = this.#isGlobal ? timestamp : this.timeOf(timestamp)
    const windows = this.#assigner.assign(time)
    let isLate = windows.length > 0
    for (let index = 0; index < windows.length; index++) {
      const window = windows[index] as Window // within the list
      if (this.isLate(window)) continue
      isLate = false
      this.addTo(window, window.end, value, timestamp)
    }
    if (isLate) this.late(value, timestamp)
  }

  protected slotOf(window: Window): number {
    return window.end
  }

  protected forget(): void {}
}
