/**
 * The asynchronous call for one record: its attempts, the pauses between them, its timeout and its
 * end, which comes exactly once. It changes nothing of the operator: the operator is told.
 */
import { isMillraceError, messageOf, MillraceError } from '../../errors.ts'
import { describeKey } from '../../types/keys.ts'
import type { TimerHandle } from '../../util/clock.ts'
import type { OperatorWorld } from '../operator.ts'
import type { AsyncFunction, AsyncSettings } from './options.ts'

export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: unknown }

/** What the calls of one operator share. */
export interface CallHost {
  readonly fn: AsyncFunction<unknown, unknown>
  readonly settings: AsyncSettings
  readonly world: OperatorWorld
  retried(): void
  timedOut(): void
}

export class Call {
  readonly #host: CallHost
  readonly #value: unknown
  readonly #settled: (outcome: Outcome) => void
  readonly #controller = new AbortController()
  #timeout: TimerHandle | undefined
  #backoff: TimerHandle | undefined
  #attempts = 0
  #isOver = false

  /** @param settled gets the outcome, once, and not at all after `cancel`. */
  constructor(host: CallHost, value: unknown, settled: (outcome: Outcome) => void) {
    this.#host = host
    this.#value = value
    this.#settled = settled
  }

  start(): void {
    const { world, settings } = this.#host
    this.#timeout = world.clock.setTimer(settings.timeoutMs, () => this.#timeUp())
    this.#attempt()
  }

  /** The task ends: the function is told by its signal, its outcome is nobody's. */
  cancel(): void {
    if (!this.#isOver) this.#end(new MillraceError('JOB_CANCELLED', 'the task is closed'))
  }

  #attempt(): void {
    this.#attempts++
    const { fn } = this.#host
    let result: unknown
    try {
      result = fn(this.#value, this.#controller.signal)
    } catch (error) {
      this.#failed(error)
      return
    }
    // Never rejects: both handlers keep what a predicate of the user throws.
    void Promise.resolve(result).then(
      (value) => this.#succeeded(value),
      (error: unknown) => this.#failed(error),
    )
  }

  #succeeded(value: unknown): void {
    if (this.#isOver) return
    const { retryResultIf } = this.#host.settings
    try {
      if (this.#mayRetry && retryResultIf?.(value) === true) this.#retry()
      else this.#settle({ kind: 'value', value })
    } catch (error) {
      this.#settle({ kind: 'error', error: this.#placed(error) })
    }
  }

  #failed(error: unknown): void {
    if (this.#isOver) return
    const { retryIf } = this.#host.settings
    try {
      if (this.#mayRetry && retryIf?.(error) !== false) this.#retry()
      else this.#fail(this.#host.settings.onError, error)
    } catch (thrown) {
      this.#settle({ kind: 'error', error: this.#placed(thrown) })
    }
  }

  get #mayRetry(): boolean {
    return this.#attempts < this.#host.settings.attemptsMax
  }

  #retry(): void {
    const { world, settings } = this.#host
    const doubled = settings.backoffMs * 2 ** (this.#attempts - 1)
    const delayMs = Math.min(doubled, settings.backoffMsMax) * (0.5 + world.random.next() / 2)
    this.#host.retried()
    this.#backoff = world.clock.setTimer(delayMs, () => this.#attempt())
  }

  #timeUp(): void {
    if (this.#isOver) return
    const { settings } = this.#host
    this.#host.timedOut()
    const attempts = this.#attempts === 1 ? '' : `, at attempt ${this.#attempts}`
    const message = `no result after ${settings.timeoutMs} ms${attempts}`
    const error = new MillraceError('FUNCTION_TIMEOUT', message)
    try {
      this.#fail(settings.onTimeout, error)
    } catch (thrown) {
      this.#settle({ kind: 'error', error: this.#placed(thrown) })
    }
  }

  /** The user's stand-in for a result, or the end of the job. */
  #fail(instead: AsyncSettings['onError'], error: unknown): void {
    if (instead === undefined) this.#settle({ kind: 'error', error: this.#placed(error) })
    else this.#settle({ kind: 'value', value: instead(this.#value, error) }, error)
  }

  /** @param reason why the call itself came to nothing. */
  #settle(outcome: Outcome, reason?: unknown): void {
    this.#end(outcome.kind === 'error' ? outcome.error : reason)
    this.#settled(outcome)
  }

  #end(reason: unknown): void {
    this.#isOver = true
    this.#timeout?.cancel()
    this.#backoff?.cancel()
    // A call that has succeeded is left alone: it may look at its signal later.
    if (reason !== undefined) this.#controller.abort(reason)
  }

  /** Says which record it was; the host adds the operator. */
  #placed(error: unknown): MillraceError {
    const record = describeKey(this.#value)
    const message = `record ${record}: ${messageOf(error)}`
    if (!isMillraceError(error)) {
      return new MillraceError('FUNCTION_FAILED', message, { cause: error, details: { record } })
    }
    const { code, cure, retryable, details, cause } = error
    return new MillraceError(code, message, {
      cure,
      retryable,
      cause,
      details: { ...details, record },
    })
  }
}
