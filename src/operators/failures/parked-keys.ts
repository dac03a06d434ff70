/**
 * Which keys of a subtask are parked, and how much waits for each: what is looked up for every
 * record while anything is parked at all, so it is kept beside the state that holds what waits.
 */
import { describeKey, writeKey } from '../../types/keys.ts'
import { ByteWriter } from '../../util/bytes.ts'

/** A parked key. */
export interface HeldKey {
  readonly key: unknown
  readonly hash: number
  /** Processing time of the first failure, in milliseconds. */
  readonly since: number
  /** Records that wait. */
  waiting: number
  /** What they take. */
  bytes: number
  /** Of the error at which what is first in it failed last. */
  message: string
}

/** A parked key, for people. */
export interface ParkedKeyStatus {
  readonly operator: string
  readonly key: string
  /** Records that wait. */
  readonly waiting: number
  /** Since when, in milliseconds since 1970. */
  readonly since: number
  readonly message: string
}

/** What came of trying parked keys again. */
export interface ReleaseOutcome {
  /** Parked keys that were tried. */
  readonly tried: number
  /** Those of them that go on: nothing of theirs waits any more. */
  readonly released: number
  /** Some of the others, at which the function threw again. */
  readonly parked: readonly ParkedKeyStatus[]
}

export class ParkedKeys {
  /** Records that wait, over all keys, and what they take. */
  waiting = 0
  bytes = 0
  readonly #keys = new Map<string, HeldKey>()
  readonly #scratch = new ByteWriter(64)

  get count(): number {
    return this.#keys.size
  }

  get all(): readonly HeldKey[] {
    return [...this.#keys.values()]
  }

  of(key: unknown): HeldKey | undefined {
    return this.#keys.get(this.#textOf(key))
  }

  has(key: unknown): boolean {
    return this.#keys.has(this.#textOf(key))
  }

  add(held: HeldKey): void {
    this.#keys.set(this.#textOf(held.key), held)
    this.waiting += held.waiting
    this.bytes += held.bytes
  }

  /** Nothing waits for it any more. */
  remove({ key }: HeldKey): void {
    this.#keys.delete(this.#textOf(key))
  }

  /** So many more records wait for a key, or fewer. */
  change(held: HeldKey, records: number, bytes: number): void {
    held.waiting += records
    held.bytes += bytes
    this.waiting += records
    this.bytes += bytes
  }

  /** Some of them, for people. */
  shown(operator: string, count: number): readonly ParkedKeyStatus[] {
    return Array.from(this.#keys.values().take(count), (held) => shownKey(operator, held))
  }

  #textOf(key: unknown): string {
    this.#scratch.reset()
    writeKey(key, this.#scratch)
    return this.#scratch.bytes.latin1Slice(0, this.#scratch.length)
  }
}

export function shownKey(operator: string, { key, waiting, since, message }: HeldKey) {
  return { operator, key: describeKey(key), waiting, since, message }
}
