/** Which checkpoints of a process are under way, and what they hold, as its messages tell. */
import type { FromWorker, ToWorker } from '../src/checkpoint/messages.ts'

export class CheckpointWatch {
  readonly #underWay = new Set<number>()
  /** Those that hold records in flight. */
  readonly #unaligned = new Set<number>()

  /** Tasks have been told of a checkpoint that is neither complete nor given up. */
  get isUnderWay(): boolean {
    return this.#underWay.size > 0
  }

  sent(message: ToWorker): void {
    if (message.kind === 'trigger') this.#underWay.add(message.checkpointId)
    if (message.kind === 'complete' || message.kind === 'abort') {
      this.#underWay.delete(message.checkpointId)
    }
  }

  received(message: FromWorker): void {
    if (message.kind !== 'acknowledge' || message.task.inFlight === undefined) return
    this.#unaligned.add(message.checkpointId)
  }

  /** True once for each complete checkpoint that holds records in flight. */
  completesUnaligned(message: ToWorker): boolean {
    return message.kind === 'complete' && this.#unaligned.delete(message.checkpointId)
  }
}
