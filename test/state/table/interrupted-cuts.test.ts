// A cut is collected in pieces while records go on. Whatever they change in between, and however
// many cuts wait to be collected, it is byte by byte what a cut is that was collected at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry, KeyedStateTable, StateCut } from '../../../src/state/backend.ts'
import { setState, sortedMapState } from '../../../src/state/collection-descriptors.ts'
import type { SetState, SortedMapState } from '../../../src/state/collection-handles.ts'
import { listState, mapState, valueState } from '../../../src/state/descriptors.ts'
import type { ListState, MapState, ValueState } from '../../../src/state/handles.ts'
import { type KeyGroupRange, keyGroupOf } from '../../../src/state/key-groups.ts'
import { FLAG_ANY_TOMBSTONE, flagsOf } from '../../../src/state/runs/entry-value.ts'
import { mergeSync } from '../../../src/state/runs/merge.ts'
import { TableBackend } from '../../../src/state/table/table-backend.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { openMemoryStore } from '../../../src/testing/memory-store.ts'
import { eventTimer, processingTimer } from '../../../src/time/descriptors.ts'
import { dynamicType } from '../../../src/types/dynamic.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import { required } from '../../../src/util/assert.ts'
import { SeededRandom } from '../../../src/util/random.ts'

const DESCRIPTORS = {
  count: valueState(t.float64),
  text: valueState(t.string),
  map: mapState(dynamicType(), t.float64),
  list: listState(t.float64),
  sorted: sortedMapState(t.float64, t.string),
  // In memory these lie packed.
  sums: mapState(t.int32, t.float64),
  flags: mapState(t.float64, t.boolean),
  marks: setState(t.timestamp),
}

interface Handles {
  readonly count: ValueState<number>
  readonly text: ValueState<string>
  readonly map: MapState<unknown, number>
  readonly list: ListState<number>
  readonly sorted: SortedMapState<number, string>
  readonly sums: MapState<number, number>
  readonly flags: MapState<number, boolean>
  readonly marks: SetState<number>
}

const specOf = (id: number) => ({
  record: {
    id,
    uid: `operator ${id}`,
    states: Object.entries(DESCRIPTORS).map(([name, { kind, type, keyType }], at) => ({
      id: at + 1,
      name,
      kind,
      type: type.schema,
      ...(keyType === undefined ? {} : { keyType: keyType.schema }),
    })),
  },
  keyType: dynamicType(),
  descriptors: DESCRIPTORS,
  timers: { close: eventTimer(t.float64), wake: processingTimer() },
})

const OPERATORS = [2, 5]
const GROUPS = { start: 1, end: 3 }
const isIn = ({ start, end }: KeyGroupRange, group: number): boolean =>
  group >= start && group <= end
const [NOBODY, ...KEYS] = Array.from({ length: 120 }, (_, at) =>
  at % 3 === 0 ? `key ${at}` : at,
).filter((key) => [4, 5].every((count) => isIn(GROUPS, keyGroupOf(routeHash(key), count))))

/** One change of one key; the same numbers make the same change. */
interface Change {
  readonly table: number
  readonly key: unknown
  readonly kind: number
  readonly at: number
}

/** Two operators with few parts, all of which are in use. */
class Subject {
  readonly backend: TableBackend
  readonly #tables: readonly KeyedStateTable[]

  constructor(isInMemory: boolean) {
    const context = {
      keyGroups: GROUPS,
      // Powers of two have a shorter way to the key group.
      maxParallelism: isInMemory ? 4 : 5,
      memoryBytes: 1 << 30,
      scratch: new MemoryScratch(),
      monotonic: () => 0,
      shards: { count: 6, slots: 4, rowsAhead: 0, slotsPerPause: 3 },
    }
    const below = isInMemory ? undefined : { open: openMemoryStore, memoryBytes: 1 << 30 }
    this.backend = new TableBackend('tested', context, below)
    this.#tables = OPERATORS.map((id) => this.backend.register(specOf(id)))
  }

  apply({ table, key, kind, at }: Change): void {
    const of = required(this.#tables[table], 'there are two')
    of.select(key, routeHash(key))
    const states = of.handles as unknown as Handles // declared above
    const { count, text, map, list, sorted, sums, flags, marks } = states
    const inner = at % 3 === 0 ? `inner ${at % 5}` : at % 5
    const changes = [
      () => count.update(at),
      () => text.update(`text ${at}`),
      () => map.set(inner, at),
      () => sorted.set(at % 7, `sorted ${at}`),
      () => list.add(at),
      () => of.timers.register('event-time', at % 9, 'close', at),
      () => of.timers.register('processing-time', at % 9, 'wake'),
      () => map.delete(inner),
      () => sorted.delete(at % 7),
      () => of.timers.delete('event-time', at % 9, 'close'),
      () => of.timers.delete('processing-time', at % 9, 'wake'),
      () => Object.values(states).forEach((state: { clear(): void }) => state.clear()),
      () => (at % 4 === 0 ? list.update([]) : map.clear()),
      () => of.timers.advance('event-time', at % 3, 3, () => undefined),
      () => sums.set(at % 11, at),
      () => sums.delete(at % 11),
      () => flags.set((at % 3) / 2, at % 2 === 0),
      () => flags.delete((at % 3) / 2),
      () => marks.add(at % 40),
      () => marks.delete(at % 5),
      () => (at % 2 === 0 ? sums : marks).clear(),
    ]
    changes[kind % changes.length]?.()
  }

  clear(): void {
    for (const of of this.#tables) {
      for (const { key, routeHash: hash } of Array.from(of.keys())) {
        of.select(key, hash)
        for (const state of Object.values(of.handles)) (state as { clear(): void }).clear()
      }
      for (const domain of ['event-time', 'processing-time'] as const) {
        while (of.timers.advance(domain, 1e9, 1e9, () => undefined)) continue
      }
      of.select(NOBODY, routeHash(NOBODY))
    }
  }
}

const changesOf = (random: SeededRandom, count: number): readonly Change[] =>
  Array.from({ length: count }, () => ({
    table: random.int(OPERATORS.length),
    key: KEYS[random.int(KEYS.length)],
    kind: random.int(21),
    at: random.int(1000),
  }))

type Run = readonly Entry[]

/** What a cut holds; `meanwhile` is done at each of its pauses. */
function collected(cut: StateCut, meanwhile: () => void = () => undefined): Run {
  const entries: Entry[] = []
  for (const entry of cut.entries()) {
    if (entry === undefined) meanwhile()
    else entries.push({ key: Uint8Array.from(entry.key), value: Uint8Array.from(entry.value) })
  }
  return entries
}

const textOf = ({ key, value }: Entry): string =>
  `${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`

/** A tombstone may be there for nothing, if memory has not forgotten yet that it is. */
const withoutTombstones = (run: Run): readonly string[] =>
  run.filter(({ value }) => (flagsOf(value) & FLAG_ANY_TOMBSTONE) === 0).map(textOf)

/** The same done to two subjects: one reads its cuts at once, the other late and in pieces. */
class Both {
  readonly atOnce: Subject
  readonly late: Subject
  readonly random: SeededRandom
  pauses = 0
  /** What the confirmed cuts of each hold together. */
  #kept: readonly [Run, Run] = [[], []]

  constructor(isInMemory: boolean, seed: number) {
    this.random = new SeededRandom(seed)
    this.atOnce = new Subject(isInMemory)
    this.late = new Subject(isInMemory)
  }

  get each(): readonly Subject[] {
    return [this.atOnce, this.late]
  }

  change(countMax: number): void {
    const changes = changesOf(this.random, this.random.int(countMax))
    for (const change of changes) for (const subject of this.each) subject.apply(change)
  }

  /** Some cuts, of which the first so many are confirmed, and the others aborted. */
  round(count: number, confirmed: number): void {
    const waiting = Array.from({ length: count }, () => {
      this.change(60)
      const cuts = this.each.map(({ backend }) => backend.cut())
      return { cuts, expected: collected(required(cuts[0], 'of one')) }
    })
    this.change(20)
    const runs = waiting.map(({ cuts, expected }): readonly [Run, Run] => {
      const found = collected(required(cuts[1], 'of the other'), () => {
        this.pauses++
        this.change(6)
      })
      assert.deepEqual(withoutTombstones(found), withoutTombstones(expected))
      return [expected, found]
    })
    for (const { cuts } of waiting.slice(0, confirmed)) for (const cut of cuts) cut.confirm()
    for (const { cuts } of waiting.slice(confirmed)) for (const cut of cuts) cut.abort()
    const done = runs.slice(0, confirmed)
    const merged = (former: Run, at: 0 | 1): Run => [
      ...mergeSync([former, ...done.map((each) => each[at])], { dropTombstones: true }),
    ]
    this.#kept = [merged(this.#kept[0], 0), merged(this.#kept[1], 1)]
    assert.deepEqual(this.#kept[1].map(textOf), this.#kept[0].map(textOf))
  }

  /** Whether all is forgotten that was there. */
  assertForgets(areRowsCounted: boolean): void {
    for (const subject of this.each) {
      subject.clear()
      this.#kept = [[], []]
      const runs = [1, 2, 3].map(() => {
        const cut = subject.backend.cut()
        const run = collected(cut)
        cut.confirm()
        return run
      })
      assert.deepEqual(runs.slice(1), [[], []])
      assert.deepEqual(withoutTombstones(runs[0] ?? []), [])
      if (areRowsCounted) assert.equal(subject.backend.statistics.rows, 0)
    }
  }
}

for (const isInMemory of [true, false]) {
  for (const seed of [1, 2, 3]) {
    const where = `${isInMemory ? 'in memory' : 'over a store'}, seed ${seed}`
    test(`a cut holds what was when it was made, however late it is read (${where})`, async () => {
      const both = new Both(isInMemory, seed)
      for (const { backend } of both.each) await backend.open()
      for (let round = 0; round < 12; round++) {
        const count = 1 + both.random.int(3)
        both.round(count, both.random.int(count + 1))
      }
      assert.ok(both.pauses > 100)
      both.assertForgets(isInMemory)
      for (const { backend } of both.each) await backend.close()
    })
  }
}
