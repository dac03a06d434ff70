// What a run says of itself in its footer is looked at, field by field, before it is believed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunReader } from '../../../src/state/runs/run-reader.ts'
import { type RunMetadata, writeFooter } from '../../../src/state/runs/run-format.ts'
import { writeTrailer } from '../../../src/state/runs/run-trailer.ts'
import { RunWriter } from '../../../src/state/runs/run-writer.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'
import { METADATA } from './entries.ts'

type Fields = Readonly<Record<string, unknown>>

/** Opens a run whose metadata is this, whatever it is. */
async function opened(metadata: Fields): Promise<RunMetadata> {
  const store = new MemoryBlobStore()
  // Wrong on purpose: what a damaged or foreign file could hold.
  const writer = await RunWriter.create(store, 'run', metadata as unknown as RunMetadata)
  return (await RunReader.open(store, await writer.close())).metadata
}

const refused = (metadata: Fields): Promise<void> =>
  assert.rejects(opened(metadata), { code: 'STORAGE_CORRUPT' }, JSON.stringify(metadata))

const [own] = METADATA.operators
const state = { id: 1, name: 'n', kind: 'value', type: { kind: 'string' } }

test('metadata that is whole is taken as it is', async () => {
  assert.deepEqual(await opened({ ...METADATA }), { ...METADATA, timedOperators: [] })
  const timers = [{ name: 'close', domain: 'event-time' }]
  const formerTypes = [
    { id: 1, states: [{ id: 1 }], timers: [{}], operatorStates: [{}] },
    { id: 2 },
  ]
  const operators = [{ ...own, timers, formerTypes }]
  assert.deepEqual((await opened({ ...METADATA, operators })).operators, operators)
})

for (const field of ['jobName', 'checkpointId', 'leaderEpoch', 'maxParallelism', 'operators']) {
  test(`a run whose ${field} is missing or of another kind is damaged`, async () => {
    const { [field]: _, ...without } = METADATA as unknown as Fields
    await refused(without)
    for (const wrong of [null, {}, true, 1.5]) await refused({ ...METADATA, [field]: wrong })
    await refused({ ...METADATA, [field]: field === 'jobName' ? 7 : 'text' })
  })
}

test('a run whose metadata is of another format version is damaged', async () => {
  for (const formatVersion of [2, '1', null]) await refused({ ...METADATA, formatVersion })
})

test('a run whose key groups are none is damaged', async () => {
  for (const keyGroups of [undefined, null, {}, { start: 0 }, { end: 0 }, { start: '0', end: 1 }]) {
    await refused({ ...METADATA, keyGroups })
  }
})

test('a run with an operator that is none is damaged, wherever it stands', async () => {
  const wrong: readonly unknown[] = [
    null,
    7,
    { ...own, id: 'one' },
    { ...own, id: undefined },
    { ...own, uid: 3 },
    { ...own, uid: undefined },
    { ...own, states: undefined },
    { ...own, states: {} },
    { ...own, states: [null] },
    { ...own, states: [state, { ...state, id: 'x' }] },
    { ...own, states: [{ ...state, name: 4 }] },
    { ...own, states: [{ ...state, kind: 'other' }] },
    { ...own, timers: {} },
    { ...own, timers: [{}] },
    { ...own, timers: [null] },
    { ...own, formerTypes: {} },
    { ...own, formerTypes: [null] },
    { ...own, formerTypes: [{ states: [] }] },
    { ...own, formerTypes: [{ id: 'x', states: [] }] },
    { ...own, formerTypes: [{ id: 1, states: {} }] },
    { ...own, formerTypes: [{ id: 1, states: [7] }] },
    { ...own, formerTypes: [{ id: 1, timers: {} }] },
    { ...own, formerTypes: [{ id: 1, operatorStates: [null] }] },
  ]
  for (const operator of wrong) {
    await refused({ ...METADATA, operators: [operator] })
    await refused({ ...METADATA, operators: [own, operator] })
  }
})

/** Opens a run without entries, whose footer says this of timers. */
async function openedWith(timedOperators: unknown): Promise<RunMetadata> {
  const footer = new ByteWriter()
  // Wrong on purpose, as above.
  const metadata = { ...METADATA, timedOperators } as unknown as RunMetadata
  const none = { blocks: [], filters: [], rangeTombstones: [] }
  writeFooter(footer, { metadata, entries: 0, lastKey: new Uint8Array(0), ...none })
  const footerBytes = footer.copy()
  const footerChecksum = writeTrailer(footer, 0, footerBytes)
  const store = new MemoryBlobStore()
  await store.putIfAbsent('run', footer.copy())
  const { keyGroups } = METADATA
  const lengthBytes = footer.length
  const run = { name: 'run', lengthBytes, footerChecksum, entries: 0, keyGroups }
  return (await RunReader.open(store, run)).metadata
}

test('operators with timers are a list of ids, or nobody has looked for them', async () => {
  assert.deepEqual((await openedWith([3, 1])).timedOperators, [3, 1])
  assert.equal((await openedWith(undefined)).timedOperators, undefined)
  for (const wrong of [7, true, {}, 'all', ['1'], [1.5], [null]]) {
    await assert.rejects(openedWith(wrong), { code: 'STORAGE_CORRUPT' }, JSON.stringify(wrong))
  }
})
