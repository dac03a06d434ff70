/**
 * What follows from the failure of an attempt: the restart strategy decides, after what no restart
 * can mend is sorted out. One such thing has a remedy of its own: a damaged block of a checkpoint,
 * which is found only when it is read. Then the next attempt reads every block before it chooses
 * a checkpoint, and falls back to one that does not need the damaged file.
 */
import type { OptionValues } from '../config/options.ts'
import type { MillraceError } from '../errors.ts'
import type { Host } from './host.ts'
import { decideRestart, NO_FAILURES, type RestartState } from './restart.ts'
import { restartStrategy } from './restart-options.ts'

export class Restarts {
  readonly #host: Host
  #state: RestartState = NO_FAILURES
  #readsAll = false

  constructor(host: Host) {
    this.#host = host
  }

  /** Whether the next attempt reads all of a checkpoint before it chooses it. */
  get readsAll(): boolean {
    return this.#readsAll
  }

  /** True for damage that the next attempt will not choose; then also the first may be repeated. */
  canAvoid({ code }: MillraceError): boolean {
    return code === 'STORAGE_CORRUPT' && !this.#readsAll
  }

  /** After how long to restart; throws the error if there is to be no restart. */
  delayMs(error: MillraceError, values: OptionValues): number {
    if (this.canAvoid(error)) {
      this.#readsAll = true
      return 0
    }
    if (!error.retryable) throw error
    const { clock, random } = this.#host
    const decided = decideRestart(restartStrategy(values), this.#state, clock.monotonic(), random)
    this.#state = decided.state
    if (decided.next === 'give up') throw error
    return decided.next
  }
}
