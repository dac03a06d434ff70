/** Which checkpoints of a process are under way, and what they hold, as its messages tell. */
import type { FromWorker, ToWorker } from '../src/checkpoint/messages.ts'

export class CheckpointWatch {
  readonly #underWay = new Set<number>()
  /** Those that hold records in flight, or were begun while others were under way. */
  readonly #special = new Set<number>()
  #hasFailed = false

  /** Tasks have been told of a checkpoint that is neither complete nor given up. */
  get isUnderWay(): boolean {
    return this.#underWay.size > 0
  }

  sent(message: ToWorker): void {
    if (message.kind === 'trigger') {
      const { checkpointId } = message
      if (this.#underWay.size > (this.#underWay.has(checkpointId) ? 1 : 0)) {
        this.#special.add(checkpointId)
      }
      this.#underWay.add(checkpointId)
    }
    if (message.kind === 'abort') this.#hasFailed = true
    if (message.kind === 'complete' || message.kind === 'abort') {
      this.#underWay.delete(message.checkpointId)
    }
  }

  received(message: FromWorker): void {
    if (message.kind !== 'acknowledge' || message.task.inFlight === undefined) return
    this.#special.add(message.checkpointId)
  }

  /**
   * True once for each complete checkpoint that is not like most: it holds records in flight, was
   * begun while others were under way, or is the first after one that was given up.
   */
  completesSpecial(message: ToWorker): boolean {
    if (message.kind !== 'complete') return false
    const isSpecial = this.#special.delete(message.checkpointId) || this.#hasFailed
    this.#hasFailed = false
    return isSpecial
  }
}
