// A cut goes through the rows of a shard slot by slot, with pauses in which rows come, change and
// leave, so that others move. It holds what was there when it was made, each row once.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import type { Entry, StateCut } from '../../../src/state/backend.ts'
import { valueState } from '../../../src/state/descriptors.ts'
import type { ValueState } from '../../../src/state/handles.ts'
import { copyOf } from '../../../src/state/runs/entry-range.ts'
import { FLAG_ANY_TOMBSTONE, flagsOf } from '../../../src/state/runs/entry-value.ts'
import { mergeEntries } from '../../../src/state/runs/merge.ts'
import { streamOf } from '../../../src/state/runs/stream.ts'
import { TableBackend } from '../../../src/state/table/table-backend.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { openMemoryStore } from '../../../src/testing/memory-store.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import { SeededRandom } from '../../../src/util/random.ts'

const KEYS = 150

/** One table of two shards; with a store below, one has room for a part of the rows. */
async function openTable(hasRoom: boolean, slotsPerPause: number) {
  let timeMs = 0
  const context = {
    keyGroups: { start: 0, end: 0 },
    maxParallelism: 1,
    memoryBytes: 1 << 30,
    scratch: new MemoryScratch(),
    monotonic: () => timeMs++,
    shards: { count: 2, slots: 4, rowsAhead: 0, slotsPerPause },
  }
  const below = hasRoom ? undefined : { open: openMemoryStore, memoryBytes: 4_000 }
  const backend = new TableBackend('tested', context, below)
  const states = [{ id: 1, name: 'number', kind: 'value', type: t.float64.schema } as const]
  const table = backend.register({
    record: { id: 1, uid: 'a', states },
    keyType: t.float64,
    descriptors: { number: valueState(t.float64) },
  })
  await backend.open()
  const number = table.handles['number'] as ValueState<number> // declared above
  const change = (key: number, to: number | undefined): void => {
    table.select(key, routeHash(key))
    if (to === undefined) number.clear()
    else number.update(to)
    table.deselect()
  }
  return { backend, change }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Adds what a cut holds to what those before it hold; `meanwhile` is done at each pause. */
async function collect(kept: Map<string, string>, cut: StateCut, meanwhile: () => void) {
  const held: Entry[] = []
  for (const entry of cut.entries()) {
    if (entry === undefined) meanwhile()
    else held.push(copyOf(entry))
  }
  assert.equal(new Set(held.map(({ key }) => textOf(key))).size, held.length)
  const streams = [...cut.spilled, streamOf(held)]
  for await (const { key, value } of mergeEntries(streams, { dropTombstones: false })) {
    if ((flagsOf(value) & FLAG_ANY_TOMBSTONE) === 0) kept.set(textOf(key), textOf(value))
    else kept.delete(textOf(key))
  }
  cut.confirm()
}

for (const hasRoom of [true, false]) {
  const room = hasRoom ? 'with room' : 'without room'
  test(`rows come and go while a cut is amid them, ${room}`, async () => {
    let [pauses, evictions] = [0, 0]
    for (let seed = 1; seed <= 40; seed++) {
      const random = new SeededRandom(seed)
      const [still, moved] = [await openTable(true, 1 << 20), await openTable(hasRoom, 3)]
      const kept = [new Map<string, string>(), new Map<string, string>()] as const
      for (let round = 0; round < 4; round++) {
        for (let count = 0; count < 60; count++) {
          const key = random.int(KEYS)
          const to = random.int(5) === 0 ? undefined : random.int(100)
          for (const { change } of [still, moved]) change(key, to)
        }
        const later: (readonly [key: number, to: number | undefined])[] = []
        const [expected, found] = [still.backend.cut(), moved.backend.cut()]
        await collect(kept[1], found, () => {
          pauses++
          moved.backend.maintain(random.int(30))
          for (let count = random.int(3); count > 0; count--) {
            // Keys of which the table knows nothing are forgotten as soon as they are cleared.
            const key = random.int(2) === 0 ? random.int(KEYS) : KEYS + random.int(KEYS)
            const to = random.int(3) === 0 ? undefined : 100 + random.int(100)
            later.push([key, to])
            moved.change(key, to)
          }
        })
        await collect(kept[0], expected, () => undefined)
        assert.deepEqual(kept[1], kept[0], `seed ${seed}, round ${round}`)
        for (const [key, to] of later) still.change(key, to)
      }
      evictions += moved.backend.statistics.evictions
      for (const { backend } of [still, moved]) await backend.close()
    }
    assert.ok(pauses > 2_000, `${pauses} pauses`)
    assert.equal(evictions > 1_000, !hasRoom, `${evictions} evictions`)
  })
}
