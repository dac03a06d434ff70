/**
 * Look-ups by key for one subtask: records of one key share one call, and rows may be kept for a
 * while. Rows are no state: after a restore they are looked up again.
 */
import { writeKey } from '../../types/keys.ts'
import { ByteWriter } from '../../util/bytes.ts'
import type { OperatorWorld } from '../operator.ts'
import type { AsyncFunction } from './options.ts'

export interface LookupCacheSettings {
  /** The row used longest ago makes room. */
  readonly entriesMax: number
  readonly ttlMs: number
  /** False for a row that is to be looked up again. */
  keeps(row: unknown): boolean
}

interface Row {
  readonly row: unknown
  readonly untilMs: number
}

/** A look-up under way, and how many records wait for it. */
interface Shared {
  readonly row: Promise<unknown>
  readonly controller: AbortController
  waiting: number
}

export class Lookups {
  readonly #lookup: AsyncFunction<unknown, unknown>
  readonly #cache: LookupCacheSettings | undefined
  readonly #world: OperatorWorld
  readonly #shared = new Map<string, Shared>()
  /** The least recently used first. */
  readonly #rows = new Map<string, Row>()
  readonly #out = new ByteWriter()

  constructor(
    lookup: AsyncFunction<unknown, unknown>,
    cache: LookupCacheSettings | undefined,
    world: OperatorWorld,
  ) {
    this.#lookup = lookup
    this.#cache = cache
    this.#world = world
  }

  /** The row of a key; `signal` ends the wait, and the look-up itself if nobody else waits. */
  get(key: unknown, signal: AbortSignal): unknown {
    const text = this.#textOf(key)
    const kept = this.#kept(text)
    if (kept !== undefined) return kept.row
    const shared = this.#shared.get(text) ?? this.#start(key, text)
    shared.waiting++
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        shared.waiting--
        if (shared.waiting === 0) {
          this.#forget(text, shared)
          shared.controller.abort(signal.reason)
        }
        reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
      const stay = (): void => signal.removeEventListener('abort', abort)
      void shared.row.then(resolve, reject).finally(stay)
    })
  }

  #start(key: unknown, text: string): Shared {
    const controller = new AbortController()
    // In a promise of its own, so that what the function throws at once is a rejection, too.
    const row = new Promise<unknown>((resolve) => resolve(this.#lookup(key, controller.signal)))
    const shared: Shared = { row, controller, waiting: 0 }
    this.#shared.set(text, shared)
    row.then(
      (found) => this.#keep(text, found, shared),
      () => this.#forget(text, shared),
    )
    return shared
  }

  #kept(text: string): Row | undefined {
    const kept = this.#rows.get(text)
    if (kept === undefined) return undefined
    this.#rows.delete(text)
    if (kept.untilMs <= this.#world.clock.monotonic()) return undefined
    this.#rows.set(text, kept)
    return kept
  }

  #keep(text: string, row: unknown, shared: Shared): void {
    this.#forget(text, shared)
    if (this.#cache?.keeps(row) !== true || shared.controller.signal.aborted) return
    const { entriesMax, ttlMs } = this.#cache
    this.#rows.delete(text)
    this.#rows.set(text, { row, untilMs: this.#world.clock.monotonic() + ttlMs })
    if (this.#rows.size <= entriesMax) return
    const [oldest] = this.#rows.keys()
    if (oldest !== undefined) this.#rows.delete(oldest)
  }

  #forget(text: string, shared: Shared): void {
    if (this.#shared.get(text) === shared) this.#shared.delete(text)
  }

  #textOf(key: unknown): string {
    this.#out.reset()
    writeKey(key, this.#out)
    return this.#out.bytes.latin1Slice(0, this.#out.length)
  }
}
