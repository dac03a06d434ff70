/**
 * When a worker counts as stuck: pure. A worker beats a few times a second as long as its thread
 * turns. When it is silent somebody looks where it is, and looks again: at another record it is
 * slow but alive, at the same one it is stuck. Time that the watcher itself did not live through
 * (the process was stopped, the machine slept or was overloaded) does not count.
 */

/** What a look at a worker's thread found; all of it is unknown where nobody can look. */
export interface WorkerLook {
  /** Uid of the operator, or what it does and where it was written. */
  readonly operator?: string
  /** Described, for people. */
  readonly key?: string
  /** Where the record was read. */
  readonly place?: string
  /** `function (file:line)` of the user's code. */
  readonly code?: string
  /** Equal as long as it is one and the same call. */
  readonly progress: string
}

/** Two looks, so far apart, tell a call that does not return. */
const SECOND_LOOK_MS = 500
const FIRST_LOOK_MS = 1_000
/** For a worker whose turns were long before: it is looked at less and less often. */
const FIRST_LOOK_MAX_MS = 16_000
/** Without an answer it collects garbage, waits for a disk, or runs native code. */
const UNANSWERED_MS = 10_000

export type BeatVerdict = 'fine' | 'look' | 'back'
export type LookVerdict = 'fine' | 'found' | 'back' | 'end'

/** Follows the beats of one worker. */
export class Heartbeat {
  readonly #tickMaxMs: number
  #beats = 0
  #silentMs = 0
  #firstLookMs = FIRST_LOOK_MS
  #nextLookMs = FIRST_LOOK_MS
  #last: WorkerLook | undefined
  #isFound = false

  /** @param tickMaxMs no tick counts for more. */
  constructor(tickMaxMs: number) {
    this.#tickMaxMs = tickMaxMs
  }

  get silentMs(): number {
    return this.#silentMs
  }

  get isFound(): boolean {
    return this.#isFound
  }

  /** @param beats so far; 0: the thread has not begun. */
  tick(beats: number, elapsedMs: number): BeatVerdict {
    if (beats === 0 || beats !== this.#beats) {
      this.#beats = beats
      return this.#forget() ? 'back' : 'fine'
    }
    this.#silentMs += Math.min(elapsedMs, this.#tickMaxMs)
    if (this.#silentMs < this.#nextLookMs) return 'fine'
    this.#nextLookMs = Number.POSITIVE_INFINITY // until that look is there
    return 'look'
  }

  /** @param look undefined: there was no answer. */
  looked(look: WorkerLook | undefined, limitMs: number): LookVerdict {
    const last = this.#last
    this.#last = look
    if (this.#silentMs === 0) return 'fine' // it has beaten meanwhile
    if (last !== undefined && look !== undefined && last.progress !== look.progress) {
      this.#firstLookMs = Math.min(FIRST_LOOK_MAX_MS, this.#firstLookMs * 2)
      return this.#forget() ? 'back' : 'fine'
    }
    const isSame = last !== undefined && look !== undefined
    if (this.#isFound && this.#silentMs >= limitMs) return 'end'
    const wasFound = this.#isFound
    this.#isFound ||= isSame || (look === undefined && this.#silentMs >= UNANSWERED_MS)
    this.#nextLookMs = this.#isFound
      ? Math.max(limitMs, this.#silentMs + SECOND_LOOK_MS)
      : this.#silentMs + SECOND_LOOK_MS
    return this.#isFound && !wasFound ? 'found' : 'fine'
  }

  /** True if it was found stuck. */
  #forget(): boolean {
    const wasFound = this.#isFound
    this.#silentMs = 0
    this.#nextLookMs = this.#firstLookMs
    this.#last = undefined
    this.#isFound = false
    return wasFound
  }
}
