// Random runs of rows and collections, tombstones of both kinds, and references that count only
// some key groups and operators: each way to look something up says what a plain Map holds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from '../../../src/state/backend.ts'
import {
  beginRowKey,
  compareBytes,
  endOfPrefix,
  endScalarRowKey,
  endStateKey,
  keyGroupOfKey,
  operatorOfKey,
  startsWith,
} from '../../../src/state/runs/entry.ts'
import { tombstoneValue } from '../../../src/state/runs/entry-value.ts'
import { openRestore, RunLookups } from '../../../src/state/runs/run-lookups.ts'
import { mergeRuns, RunSet } from '../../../src/state/runs/run-set.ts'
import { RunWriter } from '../../../src/state/runs/run-writer.ts'
import type { RunReference } from '../../../src/state/snapshot.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { writeKey } from '../../../src/types/keys.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { collect, liveValue, METADATA } from './entries.ts'

const GROUPS = 5
const OPERATORS = 3
const KEYS = 9
const STATE = 4
const ALL = { start: 0, end: GROUPS - 1 }
const SLICE = { monotonic: () => 0, budgetMs: 1, yield: () => Promise.resolve() }

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'hex')

function keyOf(build: (out: ByteWriter) => void, group: number, id: number): Uint8Array {
  const out = new ByteWriter()
  beginRowKey(out, group, id)
  build(out)
  return out.copy()
}

/** `row`: what all entries of the key begin with; `state`: those of its collection. */
function keysOf(group: number, id: number, key: number) {
  const part = (more: (out: ByteWriter) => void = () => undefined) =>
    keyOf(
      (out) => {
        writeKey(key, out)
        more(out)
      },
      group,
      id,
    )
  return {
    row: part(),
    scalar: part(endScalarRowKey),
    state: part((out) => endStateKey(out, STATE)),
    item: (at: number) =>
      part((out) => {
        endStateKey(out, STATE)
        out.uint8(at)
      }),
  }
}

class Runs {
  readonly random: SeededRandom
  readonly store = new MemoryBlobStore()
  readonly references: RunReference[] = []
  readonly model = new Map<string, string>()

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
  }

  async add(): Promise<void> {
    const { random } = this
    const changes = new Map<string, string>()
    for (let count = random.int(60); count > 0; count--) {
      const place = [random.int(GROUPS), 1 + random.int(OPERATORS), random.int(KEYS)] as const
      const { row, scalar, state, item } = keysOf(...place)
      const key = random.int(2) === 0 ? scalar : item(random.int(4))
      const dice = random.int(10)
      if (dice === 0) changes.set(hex(row), 'clear')
      else if (dice === 1) changes.set(hex(state), 'clear')
      else if (dice < 4) changes.set(hex(key), 'drop')
      else changes.set(hex(key), `v${'x'.repeat(random.int(40))}${random.int(1000)}`)
    }
    const start = random.int(GROUPS)
    const keyGroups = random.int(2) === 0 ? ALL : { start, end: start + random.int(GROUPS - start) }
    const operators = random.int(3) === 0 ? [1 + random.int(OPERATORS)] : undefined
    this.#apply(changes, (key) => {
      const group = keyGroupOfKey(key)
      if (group < keyGroups.start || group > keyGroups.end) return false
      return operators?.includes(operatorOfKey(key)) ?? true
    })
    const name = `runs/1-${this.references.length + 1}-v0-s0.run`
    const writer = await RunWriter.create(this.store, name, METADATA, { blockBytes: 150 })
    for (const [key, act] of [...changes].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      writer.add({ key: bytesOf(key), value: valueOf(act) })
    }
    const written = await writer.close()
    this.references.push({ ...written, keyGroups, ...(operators && { operators }) })
  }

  #apply(changes: ReadonlyMap<string, string>, counts: (key: Uint8Array) => boolean): void {
    for (const [prefix, act] of changes) {
      if (act !== 'clear' || !counts(bytesOf(prefix))) continue
      for (const held of this.model.keys()) if (held.startsWith(prefix)) this.model.delete(held)
    }
    for (const [key, act] of changes) {
      if (act === 'clear' || !counts(bytesOf(key))) continue
      if (act === 'drop') this.model.delete(key)
      else this.model.set(key, hex(valueOf(act)))
    }
  }

  /** What the model holds from one key to another, in order. */
  between(start: Uint8Array, end: Uint8Array): [string, string][] {
    return [...this.model]
      .filter(([key]) => hex(start) <= key && key < hex(end))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
  }
}

function valueOf(act: string): Uint8Array {
  if (act === 'clear') return tombstoneValue('range')
  return act === 'drop' ? tombstoneValue('point') : liveValue(act)
}

const shown = (entries: Iterable<Entry>): [string, string][] =>
  Array.from(entries, ({ key, value }) => [hex(key), hex(value)])

async function made(seed: number): Promise<Runs> {
  const runs = new Runs(seed)
  for (let count = 1 + runs.random.int(6); count > 0; count--) await runs.add()
  return runs
}

const groupStart = (group: number, id: number): Uint8Array => keyOf(() => undefined, group, id)

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`look-ups in runs say what a Map holds (seed ${seed})`, async () => {
    const runs = await made(seed)
    const lookups = await openRestore(runs.store, runs.references, ALL)
    assert.ok(lookups instanceof RunLookups)
    const set = await RunSet.open(runs.store, runs.references)
    for (let group = 0; group < GROUPS; group++) {
      const operators = lookups.operatorsOf(group)
      for (let id = 1; id <= OPERATORS; id++) {
        const start = groupStart(group, id)
        const end = endOfPrefix(start)
        const expected = runs.between(start, end)
        if (expected.length > 0) assert.ok(operators.has(id))
        assert.deepEqual(shown(lookups.range(start, end)), expected)
        assert.deepEqual(shown([...lookups.batchesBetween(start, end)].flat()), expected)
        assert.deepEqual(shown(await collect(set.prefix(start))), expected)
        for (let key = 0; key < KEYS; key++) await assertRow(runs, lookups, set, [group, id, key])
        const [from, to] = [runs.random.int(KEYS), runs.random.int(KEYS)].toSorted((a, b) => a - b)
        const lower = keysOf(group, id, from ?? 0).state
        const upper = keysOf(group, id, to ?? 0).item(2)
        const part = compareBytes(lower, upper) < 0 ? runs.between(lower, upper) : []
        assert.deepEqual(shown(lookups.range(lower, upper)), part)
        assert.deepEqual(shown([...lookups.batchesBetween(lower, upper)].flat()), part)
      }
      assert.ok([...operators].every((id) => id >= 1 && id <= OPERATORS))
    }
    assert.deepEqual(lookups.operatorsOf(GROUPS), new Set())
  })

  test(`a merge of any neighbours leaves what there was (seed ${seed})`, async () => {
    const runs = await made(seed + 100)
    const { references, store, random } = runs
    const from = random.int(references.length)
    const to = from + 1 + random.int(references.length - from)
    const merged = await mergeRuns({
      store,
      runs: references.slice(from, to),
      keyGroups: ALL,
      dropTombstones: from === 0,
      name: 'runs/1-9-v0-s0-m1.run',
      metadata: METADATA,
      slice: SLICE,
      blockBytes: 150,
    })
    const left = [...references.slice(0, from), merged, ...references.slice(to)]
    const restored = await collect(await openRestore(store, left, ALL))
    const everything = runs.between(new Uint8Array(0), new Uint8Array([0xff]))
    assert.deepEqual(shown(restored), everything)
    if (from === 0 && to === references.length) assert.equal(merged.entries, everything.length)
  })
}

async function assertRow(
  runs: Runs,
  lookups: RunLookups,
  set: RunSet,
  place: readonly [group: number, id: number, key: number],
): Promise<void> {
  const { row, scalar, item } = keysOf(...place)
  const expected = runs.between(row, endOfPrefix(row))
  assert.deepEqual(shown(lookups.row(row, false)), expected)
  const one = runs.model.get(hex(scalar))
  assert.deepEqual(shown(lookups.row(row, true)), one === undefined ? [] : [[hex(scalar), one]])
  for (const key of [scalar, item(0), item(3)]) {
    const value = await set.get(key)
    assert.equal(value && hex(value), runs.model.get(hex(key)))
  }
  assert.deepEqual(shown(await collect(set.prefix(row))), expected)
}

test('operators of which a reference counts nothing are not told', async () => {
  const store = new MemoryBlobStore()
  const writer = await RunWriter.create(store, 'runs/1-1-v0-s0.run', METADATA)
  for (const id of [1, 2, 3]) {
    writer.add({ key: keysOf(1, id, 5).scalar, value: liveValue('x') })
  }
  const written = { ...(await writer.close()), operators: [1, 3] }
  const lookups = await openRestore(store, [written], ALL)
  assert.ok(lookups instanceof RunLookups)
  assert.deepEqual(lookups.operatorsOf(1), new Set([1, 3]))
})

/** Counts the reads of a store that reads at once. */
class CountingStore extends MemoryBlobStore {
  reads = 0

  override readSync(name: string, offsetBytes: number, lengthBytes: number): Uint8Array {
    this.reads++
    return super.readSync(name, offsetBytes, lengthBytes)
  }
}

async function manyKeys(): Promise<{ store: CountingStore; lookups: RunLookups }> {
  const store = new CountingStore()
  const name = 'runs/1-1-v0-s0.run'
  const writer = await RunWriter.create(store, name, METADATA, { blockBytes: 150 })
  for (let key = 0; key < 400; key++) {
    writer.add({ key: keysOf(1, 1, 2 * key).scalar, value: liveValue(`value ${key}`) })
  }
  const lookups = await openRestore(store, [await writer.close()], ALL)
  assert.ok(lookups instanceof RunLookups)
  return { store, lookups }
}

test('the filter knows keys that are not there: hardly a block is read for them', async () => {
  const { store, lookups } = await manyKeys()
  for (const isScalar of [true, false]) {
    store.reads = 0
    for (let key = 0; key < 400; key++) {
      assert.deepEqual(lookups.row(keysOf(1, 1, 2 * key + 1).row, isScalar), [])
    }
    assert.ok(store.reads < 40, `${store.reads} reads`)
  }
})

test('keys side by side are read a block at a time, and one again not at all', async () => {
  const { store, lookups } = await manyKeys()
  for (const isScalar of [true, false]) {
    store.reads = 0
    for (let key = 0; key < 400; key++) {
      assert.equal(lookups.row(keysOf(1, 1, 2 * key).row, isScalar).length, 1)
    }
    assert.ok(store.reads < 200, `${store.reads} reads of 400 keys`)
    store.reads = 0
    assert.equal(lookups.row(keysOf(1, 1, 2 * 399).row, isScalar).length, 1)
    assert.equal(store.reads, 0)
  }
})

test('what several runs hold together comes in batches of bounded size', async () => {
  const store = new MemoryBlobStore()
  const references: RunReference[] = []
  for (const run of [1, 2]) {
    const name = `runs/1-${run}-v0-s0.run`
    const writer = await RunWriter.create(store, name, METADATA)
    for (let key = 0; key < 600; key++) {
      const value = liveValue('x'.repeat(key < 100 ? 4000 : 1))
      writer.add({ key: keysOf(1, 1, 2 * key + run).scalar, value })
    }
    references.push(await writer.close())
  }
  const lookups = await openRestore(store, references, ALL)
  assert.ok(lookups instanceof RunLookups)
  const start = groupStart(1, 1)
  const batches = [...lookups.batchesBetween(start, endOfPrefix(start))]
  assert.equal(batches.flat().length, 1200)
  for (const batch of batches) {
    const bytes = batch.reduce((sum, { value }) => sum + value.length, 0)
    assert.ok(bytes < 40_000 && batch.length <= 512, `${batch.length} entries, ${bytes} bytes`)
    assert.ok(batch.every(({ key }) => startsWith(key, start)))
  }
  assert.ok(lookups.bytesOf(1) > 0)
  assert.equal(lookups.bytesOf(1), lookups.bytesOfAll(ALL))
  assert.equal(lookups.bytesOf(0) + lookups.bytesOf(2), 0)
})
