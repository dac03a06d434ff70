/**
 * Whose rows are in a remote table: every scope says now and then that it is in use, and who opens
 * one deletes those that have not for two days. A process that slept for so long must
 * not go on with rows that may be gone: it does not, from the first day on.
 */
import { MillraceError } from '../../errors.ts'
import type { Clock, TimerHandle } from '../../util/clock.ts'

const HOUR_MS = 3_600_000
/** How often a scope says that it is in use. */
const SEEN_EVERY_MS = 6 * HOUR_MS
/** Without that its rows are not read any more … */
const UNSEEN_MS_MAX = 24 * HOUR_MS
/** … and some time later they are deleted. Clocks of machines may differ by as much. */
export const LEFT_MS_MIN = 48 * HOUR_MS

/** Whoever begins has much to ask of the server, while he restores his state. */
const SWEEP_AFTER_MS = 30_000

/** What the scopes of a table are written down in. */
export interface ScopeTable {
  /** @param atMs wall time. */
  see(scope: string, atMs: number): Promise<void>
  scopes(): Promise<readonly { readonly scope: string; readonly seenMs: number }[]>
  /** Deletes all rows of a scope, and at last what is written down of it. */
  dropScope(scope: string): Promise<void>
}

export class Scope {
  readonly name: string
  readonly #table: ScopeTable
  readonly #clock: Clock
  #seenMs: number | undefined
  #timer: TimerHandle | undefined
  #sweeping: TimerHandle | undefined

  constructor(name: string, table: ScopeTable, clock: Clock) {
    this.name = name
    this.#table = table
    this.#clock = clock
  }

  /** Begins it. What others have left is deleted some time later; that it fails is no harm. */
  async open(): Promise<void> {
    await this.#see()
    const sweep = (): void => void this.#sweep().catch(() => undefined)
    this.#sweeping = this.#clock.setTimer(SWEEP_AFTER_MS, sweep)
  }

  /** @throws `STORAGE_FAILED` if its rows may have been deleted as those of a dead process. */
  expectAlive(): void {
    if (this.#isAlive(this.#clock.now())) return
    const message = 'the rows of this attempt may have been deleted: it stood still for a day'
    throw new MillraceError('STORAGE_FAILED', message, {
      cure: 'the job goes on from its last checkpoint',
      retryable: true,
    })
  }

  /** Deletes its rows. */
  async drop(): Promise<void> {
    this.close()
    await this.#table.dropScope(this.name)
  }

  close(): void {
    this.#timer?.cancel()
    this.#sweeping?.cancel()
  }

  #isAlive(now: number): boolean {
    return this.#seenMs !== undefined && now - this.#seenMs < UNSEEN_MS_MAX
  }

  async #see(): Promise<void> {
    const now = this.#clock.now()
    // What may have been deleted does not come back by saying that it is in use.
    if (this.#seenMs !== undefined && !this.#isAlive(now)) return
    const again = (): void => void this.#see().catch(() => undefined)
    this.#timer = this.#clock.setTimer(SEEN_EVERY_MS, again)
    await this.#table.see(this.name, now)
    this.#seenMs = now
  }

  async #sweep(): Promise<void> {
    for (const { scope, seenMs } of await this.#table.scopes()) {
      const isLeft = this.#clock.now() - seenMs > LEFT_MS_MIN
      if (scope !== this.name && isLeft) await this.#table.dropScope(scope)
    }
  }
}
