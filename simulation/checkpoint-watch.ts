/** Which checkpoints of a process are under way, as its messages to the workers tell. */
import type { ToWorker } from '../src/checkpoint/messages.ts'

export class CheckpointWatch {
  readonly #underWay = new Set<number>()

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
}
