// The same state in plenty of memory and in next to none, asked and changed side by side.
import assert from 'node:assert/strict'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { rocksdb } from '../../../src/state/rocksdb/index.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import {
  type BackendSuite,
  contentOf,
  type Handles,
  type OpenOptions,
  runOf,
  type Runs,
  World,
} from '../../../src/testing/conformance/backend-world.ts'
import { openMemoryStore } from '../../../src/testing/memory-store.ts'

const shards = { count: 4, slots: 4, rowsAhead: 0, slotsPerPause: 3 }
const plenty: BackendSuite = {
  test: () => undefined,
  name: 'plenty',
  choose: () => hashmap(),
  context: () => ({ shards }),
  evicts: false,
}
const little: BackendSuite = {
  ...plenty,
  name: 'little',
  choose: () => rocksdb(),
  context: () => ({ shards, nativeStore: openMemoryStore, scratch: new MemoryScratch() }),
}

/** The same done in plenty of memory and in next to none. */
export class Both {
  readonly #plenty: World
  readonly little: World

  private constructor(inPlenty: World, inLittle: World) {
    this.#plenty = inPlenty
    this.little = inLittle
  }

  static async open(options: OpenOptions = {}): Promise<Both> {
    const inLittle = await World.open(little, { memoryBytes: 16, ...options })
    return new Both(await World.open(plenty, options), inLittle)
  }

  on(key: unknown, body: (state: Handles, world: World) => unknown): void {
    const [expected, found] = [this.#plenty, this.little].map((world) =>
      world.on(key, (state) => body(state, world)),
    )
    assert.deepEqual(found, expected)
  }

  each(body: (world: World) => unknown): void {
    assert.deepEqual(body(this.little), body(this.#plenty))
  }

  /** Lets go all that may go, of the key in use not the row itself; what is used stays a round. */
  letGo({ isInUse = false } = {}): void {
    for (const world of [this.#plenty, this.little]) {
      if (!isInUse) world.table.deselect()
      for (let round = 0; round < 12; round++) world.backend.maintain(1000)
    }
  }

  assertSame(keys: readonly unknown[]): void {
    for (const key of keys) {
      assert.deepEqual(contentOf(this.little, key), contentOf(this.#plenty, key), String(key))
    }
    const keysOf = (world: World): unknown[] =>
      Array.from(world.table.keys(), ({ key }) => key).toSorted((a, b) => Number(a) - Number(b))
    this.each(keysOf)
  }

  /** Both cut at once; the entries differ in tombstones at most. */
  async checkpoint(meanwhile: () => void = () => undefined): Promise<readonly [Runs, Runs]> {
    const cuts = [this.#plenty, this.little].map(({ backend }) => backend.cut())
    meanwhile()
    const runs = await Promise.all(cuts.map(runOf))
    for (const cut of cuts) cut.confirm()
    return [runs.slice(0, 1), runs.slice(1)]
  }

  abort(): void {
    for (const { backend } of [this.#plenty, this.little]) backend.cut().abort()
  }

  async close(): Promise<void> {
    await this.#plenty.close()
    await this.little.close()
  }
}

export const upTo = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => at)
