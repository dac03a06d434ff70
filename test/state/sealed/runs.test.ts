// Sealed entries in runs: written by a snapshot, read back, merged, and what is left of them when
// subjects were erased.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { it } from 'node:test'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import type { Entry, KeyedStateBackend } from '../../../src/state/backend.ts'
import { mapState, valueState } from '../../../src/state/descriptors.ts'
import type { MapState, ValueState } from '../../../src/state/handles.ts'
import { compareBytes } from '../../../src/state/runs/entry.ts'
import { EntryRenewal } from '../../../src/state/runs/entry-renewal.ts'
import { RunReader } from '../../../src/state/runs/run-reader.ts'
import { mergeRuns, restoreStream } from '../../../src/state/runs/run-set.ts'
import { writeSnapshot } from '../../../src/state/runs/snapshot-writer.ts'
import { SnapshotReader } from '../../../src/state/runs/snapshot-reader.ts'
import { isSealed } from '../../../src/state/sealed/entry-seal.ts'
import type { OperatorRecord, RunReference } from '../../../src/state/snapshot.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { eventTimer } from '../../../src/time/descriptors.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import { required } from '../../../src/util/assert.ts'
import { collect, METADATA } from '../runs/entries.ts'
import { subjectOf, subjectStore, type SubjectStore } from './subjects.ts'

const ALL = { start: 0, end: 127 }
const SLICE = { budgetMs: Infinity, monotonic: () => 0, yield: async () => {} }
const people = ['anna', 'bert', 'carl', 'dora', 'emil', 'fritz', 'gustav', 'hanna']

const record = (id: number, uid: string): OperatorRecord => ({
  id,
  uid,
  keyType: t.string.schema,
  states: [
    { id: 1, name: 'value', kind: 'value', type: t.string.schema },
    { id: 2, name: 'map', kind: 'map', type: t.string.schema, keyType: t.string.schema },
  ],
})
const descriptors = { value: valueState(t.string), map: mapState(t.string, t.string) }
const [plain, shredded] = [record(2, 'plain'), record(3, 'shredded')]
const timers = { close: eventTimer(t.string) }
const metadata = { ...METADATA, operators: [plain, shredded] }

interface Held {
  readonly backend: KeyedStateBackend
  readonly on: (key: string, round: string) => void
}

/** Two operators, of which one says whose its keys are. */
async function opened(): Promise<Held> {
  const backend = hashmap().create({
    keyGroups: ALL,
    maxParallelism: 128,
    memoryBytes: 1 << 20,
    scratch: new MemoryScratch(),
    monotonic: () => 0,
  })
  const spec = { keyType: t.string, descriptors, timers }
  const tables = [
    backend.register({ ...spec, record: plain }),
    backend.register({ ...spec, record: shredded, shredBy: subjectOf }),
  ]
  await backend.open()
  return {
    backend,
    on(key, round) {
      for (const table of tables) {
        table.select(key, routeHash(key))
        const value = table.handles['value'] as ValueState<string> // as declared
        const map = table.handles['map'] as MapState<string, string> // as declared
        value.update(`value ${round} of ${key}`)
        for (const each of ['x', 'y', 'z']) map.set(`${each} of ${key}`, `entry ${round} of ${key}`)
        table.timers.register('event-time', 7, 'close', `timer of ${key}`)
      }
    },
  }
}

/** Two runs: the second changes some of the first. */
async function written(store: SubjectStore): Promise<readonly RunReference[]> {
  const { backend, on } = await opened()
  const runs: RunReference[] = []
  for (const [index, keys] of [people, people.slice(2)].entries()) {
    for (const key of keys) on(key, String(index))
    const cut = backend.cut()
    const name = `runs/${index}.run`
    const options = { cut, records: [], subtaskIndex: 0, store, name, metadata, slice: SLICE }
    const { keyed } = await writeSnapshot({ ...options, blockBytes: 400 })
    cut.confirm()
    runs.push(required(keyed, 'a run was written'))
  }
  await backend.close()
  return runs
}

const textOf = ({ key, value }: Entry): string =>
  `${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('latin1')}`

async function rowsOf(store: SubjectStore, runs: readonly RunReference[], uid: string) {
  const reader = await SnapshotReader.open(store, runs)
  const rows = new Map<unknown, unknown>()
  for await (const { key, states } of reader.rows(uid)) rows.set(key, states)
  const timed: unknown[] = []
  for await (const { key, payload } of reader.timers(uid)) timed.push([key, payload])
  return { rows, timed: timed.map(String).toSorted() }
}

it('seals the entries of one operator, and a reader gives both alike', async () => {
  const store = subjectStore()
  const runs = await written(store)
  const entries = await collect(restoreStream(store, runs, ALL))
  const sorted = entries.toSorted((a, b) => compareBytes(a.key, b.key))
  assert.deepEqual(entries.map(textOf), sorted.map(textOf))
  const [one, other] = [await rowsOf(store, runs, 'plain'), await rowsOf(store, runs, 'shredded')]
  assert.equal(one.rows.size, people.length)
  assert.deepEqual(other, one)
  let sealed = 0
  for (const run of runs) {
    const reader = await RunReader.open(store, run)
    for (const entry of await collect(reader.scan(ALL))) {
      const isOfShredded = entry.key[3] === shredded.id
      assert.equal(isSealed(entry), isOfShredded)
      if (!isOfShredded) continue
      sealed++
      for (const word of [...people, 'value', 'entry', 'close']) {
        assert.ok(!textOf(entry).includes(word), word)
        assert.ok(!Buffer.from(entry.key).includes(word), word)
      }
    }
  }
  assert.equal(sealed, 5 * (people.length + people.length - 2))
})

it('passes over what was erased, says how much, and reads all else as before', async () => {
  const store = subjectStore()
  const runs = await written(store)
  const before = await rowsOf(store, runs, 'shredded')
  store.subjects.erase('person carl')
  let erased = 0
  const entries = await collect(restoreStream(store, runs, ALL, { onErased: () => erased++ }))
  assert.equal(erased, 5)
  assert.equal(entries.length, 2 * 5 * people.length - 5)
  const after = await rowsOf(store, runs, 'shredded')
  assert.ok(before.rows.delete('carl'))
  assert.deepEqual(after.rows, before.rows)
  assert.deepEqual(
    after.timed,
    before.timed.filter((timer) => !timer.includes('carl')),
  )
  assert.equal((await rowsOf(store, runs, 'plain')).rows.size, people.length)
})

it('finds single keys', async () => {
  const store = subjectStore()
  const runs = await written(store)
  const operators = [plain, { ...shredded, shredded: true as const }]
  const reader = await SnapshotReader.open(store, runs, [], operators)
  for (const uid of ['plain', 'shredded']) {
    const found = await reader.get(uid, 'dora')
    assert.equal(found?.states['value'], 'value 1 of dora')
    assert.equal(await reader.get(uid, 'nobody'), undefined)
  }
  store.subjects.erase('person dora')
  assert.equal(await reader.get('shredded', 'dora'), undefined)
})

it('merges what is sealed as it is, without what was erased', async () => {
  const store = subjectStore()
  const runs = await written(store)
  store.subjects.erase('person bert')
  const before = await rowsOf(store, runs, 'shredded')
  const options = { store, runs, keyGroups: ALL, dropTombstones: true, metadata, slice: SLICE }
  const merged = await mergeRuns({ ...options, name: 'runs/merged.run' })
  assert.equal(merged.entries, 2 * 5 * people.length - 5)
  assert.deepEqual(await rowsOf(store, [merged], 'shredded'), before)
  const reader = await RunReader.open(store, merged)
  const kept = (await collect(reader.scan(ALL))).filter(isSealed).map(textOf)
  const newest = await RunReader.open(store, required(runs[1], 'there are two'))
  const written2 = (await collect(newest.scan(ALL))).filter(isSealed).map(textOf)
  assert.ok(written2.every((entry) => kept.includes(entry)))
})

it('brings sealed entries of older types up to date in a merge', async () => {
  const store = subjectStore()
  const runs = await written(store)
  const aged = { ...shredded, schemaId: 1, formerTypes: [{ id: 0 }] }
  const renewal = new EntryRenewal([{ record: aged, descriptors, timers }], (error) => {
    throw error
  })
  const merged = await mergeRuns({
    store,
    runs,
    keyGroups: ALL,
    dropTombstones: true,
    metadata,
    slice: SLICE,
    name: 'runs/renewed.run',
    renewed: (entry, seal) => renewal.renewed(entry, seal),
  })
  const reader = await RunReader.open(store, merged)
  const ages = (await collect(reader.scan(ALL))).filter(isSealed).map(({ value }) => value[1])
  assert.equal(ages.length, 5 * people.length)
  assert.ok(ages.every((age) => age === 1))
  const before = await rowsOf(store, runs, 'shredded')
  assert.deepEqual(await rowsOf(store, [merged], 'shredded'), before)
})

it('refuses to read without the keys, and to take for sealed what was changed', async () => {
  const store = subjectStore()
  const runs = await written(store)
  const without = Object.assign(store, { subjects: undefined })
  await assert.rejects(collect(restoreStream(without, runs, ALL)), { code: 'KEY_NOT_FOUND' })
})
