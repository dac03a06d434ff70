// All that is wrong with a run, and which entries it may concern.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError } from '../../../src/errors.ts'
import { RunReader } from '../../../src/state/runs/run-reader.ts'
import { surveyRun } from '../../../src/state/runs/run-survey.ts'
import { RunWriter } from '../../../src/state/runs/run-writer.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { liveValue, METADATA, rowKey } from './entries.ts'

/** Ten key groups in blocks that are not compressed, with these bytes of the file turned over. */
async function survey(...damaged: readonly number[]) {
  const blobs = new Map<string, Uint8Array>()
  const store = new MemoryBlobStore('memory:', blobs)
  const options = { blockBytes: 4096, compression: 'none' } as const
  const writer = await RunWriter.create(store, 'run', METADATA, options)
  for (let keyGroup = 0; keyGroup < 10; keyGroup++) {
    for (let key = 0; key < 20; key++) {
      writer.add({ key: rowKey(keyGroup, key), value: liveValue('x'.repeat(200)) })
    }
    await writer.flushIfFull()
  }
  const reference = await writer.close()
  const bytes = Uint8Array.from(await store.read('run'))
  for (const at of damaged) bytes[at] = (bytes[at] ?? 0) ^ 1
  const copy = new MemoryBlobStore('memory:', new Map([['run', bytes]]))
  const reader = await RunReader.open(copy, reference)
  return { ...(await surveyRun(reader)), blocks: reader.blocks }
}

const groupsOf = (lost: Awaited<ReturnType<typeof survey>>['lost']) =>
  lost?.map(({ keyGroups, operators }) => [keyGroups.start, keyGroups.end, operators])

test('a sound run has no problems', async () => {
  const { problems, lost, blocks } = await survey()
  assert.ok(blocks >= 8)
  assert.deepEqual([problems, lost], [[], undefined])
})

test('a damaged block is told with the key groups from its first key to the next one', async () => {
  const first = await survey(100)
  assert.equal(first.problems.length, 1)
  const [from, to] = groupsOf(first.lost)?.[0] ?? []
  assert.equal(from, 0)
  assert.ok(typeof to === 'number' && to <= 2)
  const both = await survey(100, 20_000)
  assert.equal(both.problems.length, 2)
  assert.deepEqual(groupsOf(both.lost)?.[0], groupsOf(first.lost)?.[0])
  const [start, end] = groupsOf(both.lost)?.[1] ?? []
  assert.ok(typeof start === 'number' && typeof end === 'number')
  assert.ok(start >= 3 && end <= 6 && start <= end, `${start} to ${end}`)
})

test('damage at the end reaches to the last key; within one group it has an operator', async () => {
  const { lost, problems } = await survey(40_000)
  assert.equal(problems.length, 1)
  const [start, end, operators] = groupsOf(lost)?.at(-1) ?? []
  assert.ok(typeof start === 'number' && start >= 8)
  assert.equal(end, 9)
  assert.deepEqual(operators, start === 9 ? [1] : undefined)
})

test('what is no damage is thrown, not told as damage', async () => {
  const store = new MemoryBlobStore()
  const writer = await RunWriter.create(store, 'run', METADATA)
  writer.add({ key: rowKey(1, 1), value: liveValue('x') })
  const reader = await RunReader.open(store, await writer.close())
  store.read = () => Promise.reject(new MillraceError('STORAGE_FAILED', 'no answer'))
  await assert.rejects(surveyRun(reader), { code: 'STORAGE_FAILED' })
})

test('damage of the only block reaches over all operators from the first to the last', async () => {
  const blobs = new Map<string, Uint8Array>()
  const store = new MemoryBlobStore('memory:', blobs)
  const writer = await RunWriter.create(store, 'run', METADATA, { compression: 'none' })
  for (const operator of [2, 5]) {
    const key = Buffer.from(rowKey(3, 1))
    key.writeUInt16BE(operator, 2)
    writer.add({ key, value: liveValue('x'.repeat(200)) })
  }
  const reference = await writer.close()
  const bytes = Uint8Array.from(await store.read('run'))
  bytes[100] = (bytes[100] ?? 0) ^ 1
  const reader = await RunReader.open(
    new MemoryBlobStore('memory:', new Map([['run', bytes]])),
    reference,
  )
  const { lost, problems } = await surveyRun(reader)
  assert.equal(problems.length, 1)
  assert.deepEqual(groupsOf(lost), [[3, 3, [2, 3, 4, 5]]])
})
