/**
 * Requests to a server that may be slow, busy, restarting or gone for a moment: each attempt has a
 * limit of time, failures that pass by themselves are followed by another attempt after a pause
 * that doubles, with chance in it, and after a while the last failure is the answer. What passes
 * by itself, the caller says; it also knows that an attempt which failed may have been heeded.
 */
import { MillraceError } from '../../errors.ts'
import type { Clock } from '../../util/clock.ts'
import type { Random } from '../../util/random.ts'

const PAUSE_FIRST_MS = 100
const PAUSE_MAX_MS = 5_000
/** Of a server that has never answered the address may be wrong: that is told soon. */
const UNKNOWN_RETRY_FOR_MS = 10_000
const UNKNOWN_ATTEMPTS_MIN = 3
/** Slower than this, a transfer is taken for one that has stopped. */
const BYTES_PER_SECOND_MIN = 256 * 1024

export interface RetryOptions {
  readonly clock: Clock
  readonly random: Random
  /** How long the server may take for an answer. */
  readonly timeoutMs: number
  /** How long after the first attempt another one may begin. */
  readonly retryForMs: number
}

/** What a failed attempt means. */
export interface Verdict {
  readonly error: MillraceError
  /** Whether another attempt may help without anybody doing something. */
  readonly isPassing: boolean
}

/** One attempt, for who makes it. */
export interface Attempt {
  /** Aborts when the time is up, or the store is closed. */
  readonly signal: AbortSignal
  /** Begins the time anew: bytes have come. */
  progress(): void
}

export class Retries {
  readonly #options: RetryOptions
  readonly #closing = new AbortController()
  #hasAnswered = false
  #attempts = 0

  constructor(options: RetryOptions) {
    this.#options = options
  }

  /** So many were made, of all that was asked for. */
  get attempts(): number {
    return this.#attempts
  }

  /**
   * Makes attempts until one succeeds.
   *
   * @param what for messages: `read runs/1.run of s3://bucket/jobs`
   * @param sentBytes how much each attempt has to send, which takes its time
   * @throws the error of the last verdict.
   */
  async run<T>(
    what: string,
    sentBytes: number,
    attempt: (attempt: Attempt) => Promise<T>,
    judge: (error: unknown) => Verdict,
  ): Promise<T> {
    const { clock, random, retryForMs } = this.#options
    const startedMs = clock.monotonic()
    for (let attempts = 1; ; attempts++) {
      const { outcome, verdict } = await this.#once(what, sentBytes, attempt, judge)
      if (verdict === undefined) {
        this.#hasAnswered = true
        return outcome
      }
      const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (attempts - 1))
      const nextMs = pauseMs * (0.5 + random.next() / 2)
      const isKnown = this.#hasAnswered || attempts < UNKNOWN_ATTEMPTS_MIN
      const limitMs = isKnown ? retryForMs : Math.min(retryForMs, UNKNOWN_RETRY_FOR_MS)
      const isOver = clock.monotonic() - startedMs + nextMs > limitMs
      if (!verdict.isPassing || isOver || this.#closing.signal.aborted) {
        throw afterAttempts(verdict.error, attempts)
      }
      await clock.sleep(nextMs, this.#closing.signal)
    }
  }

  /** Ends what is under way; nothing is tried again. */
  close(): void {
    this.#closing.abort()
  }

  async #once<T>(
    what: string,
    sentBytes: number,
    attempt: (attempt: Attempt) => Promise<T>,
    judge: (error: unknown) => Verdict,
  ): Promise<
    | { readonly outcome: T; readonly verdict?: undefined }
    | { readonly outcome?: undefined; readonly verdict: Verdict }
  > {
    const { clock, timeoutMs } = this.#options
    const limitMs = timeoutMs + (sentBytes / BYTES_PER_SECOND_MIN) * 1_000
    this.#attempts++
    const late = new AbortController()
    const expire = (): void => late.abort()
    let timer = clock.setTimer(limitMs, expire)
    const progress = (): void => {
      timer.cancel()
      timer = clock.setTimer(limitMs, expire)
    }
    try {
      const signal = AbortSignal.any([late.signal, this.#closing.signal])
      return { outcome: await attempt({ signal, progress }) }
    } catch (cause) {
      if (this.#closing.signal.aborted) {
        const message = `cannot ${what}: the store was closed meanwhile`
        return {
          verdict: { error: new MillraceError('STORAGE_FAILED', message), isPassing: false },
        }
      }
      if (!late.signal.aborted) return { verdict: judge(cause) }
      const message = `cannot ${what}: no answer within ${Math.round(limitMs)} ms`
      const cure = 'see whether the server is reachable and busy; timeout=… in the URL is the limit'
      return {
        verdict: { error: new MillraceError('STORAGE_FAILED', message, { cure }), isPassing: true },
      }
    } finally {
      timer.cancel()
    }
  }
}

/** The same error, which tells how often it was tried. */
function afterAttempts(error: MillraceError, attempts: number): MillraceError {
  if (attempts === 1) return error
  const { code, message, cause, cure, details, retryable } = error
  const text = `${message} (tried ${attempts} times)`
  return new MillraceError(code, text, { cause, cure, details, retryable })
}
