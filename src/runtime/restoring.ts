/**
 * Which workers have not read all that they restored. When the last of them has, every block of the
 * checkpoint has been verified, and the world is told.
 */
import type { FromWorker } from '../checkpoint/messages.ts'
import { announce } from '../metrics/events.ts'
import type { Logger } from '../metrics/log.ts'
import type { Clock } from '../util/clock.ts'

type Restored = Extract<FromWorker, { readonly kind: 'restored' }>

/** The attempt they belong to. */
export interface RestoringAttempt {
  readonly job: { readonly jobName: string }
  readonly restored: { readonly checkpointId: number } | undefined
  readonly host: { readonly clock: Clock }
  readonly logger: Logger
}

export class Restoring {
  readonly #attempt: RestoringAttempt
  /** By worker: the deployment of which it has to say that it has read all. */
  readonly #awaited: Map<number, number>
  readonly #startMs: number
  #isTold = false
  #erasedEntries = 0

  constructor(workers: number, attempt: RestoringAttempt) {
    this.#attempt = attempt
    this.#awaited = new Map(Array.from({ length: workers }, (_, worker) => [worker, 0]))
    this.#startMs = attempt.host.clock.monotonic()
  }

  /** Tasks of these workers restore anew, in a deployment that is not known yet if left out. */
  again(workers: Iterable<number>, round = Number.POSITIVE_INFINITY): void {
    for (const worker of workers) this.#awaited.set(worker, round)
  }

  /** A worker has, what was deployed up to this round; true if it was the last one. */
  done(worker: number, message: Restored): boolean {
    const { round } = message
    this.#erasedEntries += message.erasedEntries
    const awaited = this.#awaited.get(worker)
    if (awaited === undefined || round < awaited) return false
    this.#awaited.delete(worker)
    if (this.#awaited.size > 0) return false
    const { job, restored, host, logger } = this.#attempt
    if (restored === undefined || this.#isTold) return true
    this.#isTold = true
    const { checkpointId: checkpoint } = restored
    const durationMs = host.clock.monotonic() - this.#startMs
    const erasedEntries = this.#erasedEntries
    const what = { job: job.jobName, checkpoint, durationMs, erasedEntries }
    announce(logger, 'millrace:state:loaded', what)
    return true
  }
}
