/** Who waits for a checkpoint: each request gets one answer. */
import type { MillraceError } from '../errors.ts'
import type { CheckpointRequest, RequestOutcome } from './protocol.ts'

interface Waiting {
  readonly resolve: (outcome: RequestOutcome) => void
  readonly reject: (error: MillraceError) => void
}

export class PendingRequests {
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  /** Numbers a request and passes it on; settles with its answer. */
  ask(
    request: Omit<CheckpointRequest, 'id'>,
    pass: (request: CheckpointRequest) => void,
  ): Promise<RequestOutcome> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      pass({ id, ...request })
    })
  }

  /** The one with this number, which is waiting no more. */
  answer(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }
}
