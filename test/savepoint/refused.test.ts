// What no rewriting may lose: records in flight, state without keys, states under other types. The
// snapshots have manifests changed for the purpose.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { job, keyedProcess, t, type Type, valueState } from 'millrace'
import { collection } from 'millrace/connectors'
import {
  changed,
  convertSavepoint,
  fromSnapshot,
  inFlightInventory,
  rekeyed,
  writeSavepoint,
} from 'millrace/savepoint'
import { jobHarness } from 'millrace/testing'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import { print } from '../../src/connectors/print.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { withLink } from './changed-link.ts'

const counting = <V>(type: Type<V>) =>
  keyedProcess({
    key: t.int32,
    input: t.int32,
    output: t.int32,
    state: { count: valueState(type) },
    processElement: () => undefined,
  })
const counts = counting(t.int32)
const counted = job('counting', (env) => {
  env
    .fromSource('numbers', collection<number>([], { type: t.int32 }))
    .keyBy((value) => value, t.int32)
    .process('counts', counts)
    .sinkTo('out', print())
})

/** A snapshot of the job with something else in its manifest. */
async function snapshotWith(change: (link: CheckpointLink) => Partial<CheckpointLink>) {
  await using harness = await jobHarness(counted)
  const { blobs } = await harness.snapshot()
  return await withLink(blobs, change)
}

test('nothing that would lose records in flight is made of an unaligned checkpoint', async () => {
  await using from = await snapshotWith(({ tasks }) => ({
    tasks: tasks.map((task, at) => (at === 0 ? { ...task, inFlight: [12] } : task)),
  }))
  const refused = { code: 'CHECKPOINT_INCOMPATIBLE', message: /is unaligned/ }
  const target = new Map<string, Uint8Array>()
  const store = () => new MemoryBlobStore('memory:target', target)
  const { maxParallelism } = from
  assert.throws(() => rekeyed(from, 'counts', counts, (key: number) => key), refused)
  await assert.rejects(writeSavepoint(store(), { from }), refused)
  await assert.rejects(convertSavepoint(store(), { from, maxParallelism: 64 }), refused)
  const found = await inFlightInventory(from)
  assert.deepEqual([found?.tasks, found?.bytes], [1, 0])
  const operators = { theirs: fromSnapshot(from, 'counts') }
  await assert.rejects(
    writeSavepoint(store(), { jobName: 'other', maxParallelism, operators }),
    refused,
  )
  assert.equal(target.size, 0)
})

test('an operator that has state without keys, too, is not re-keyed', async () => {
  const operatorStates = [{ name: 'rules', kind: 'broadcast', type: t.int32.schema }] as const
  await using from = await snapshotWith(({ plan }) => ({
    plan: {
      ...plan,
      nodes: plan.nodes.map((node) => (node.uid === 'counts' ? { ...node, operatorStates } : node)),
    },
  }))
  assert.throws(() => rekeyed(from, 'counts', counts, (key: number) => key), {
    code: 'CONFIG_INVALID',
    message: '"counts" has state without keys, which re-keying would leave behind',
  })
})

test('rows are not changed by a function that has their state under another type', async () => {
  await using from = await snapshotWith(() => ({}))
  const store = new MemoryBlobStore()
  const operators = { counts: changed(counting(t.string), { rows: ({ states }) => states }) }
  await assert.rejects(writeSavepoint(store, { from, operators }), {
    code: 'CHECKPOINT_INCOMPATIBLE',
  })
  assert.deepEqual(await store.list(''), [])
})

test('records in flight are told by what they are on their way to', async () => {
  await using none = await snapshotWith(({ tasks }) => ({
    tasks: tasks.map((task) => ({ ...task, inFlight: [] })),
  }))
  assert.equal(await inFlightInventory(none), undefined)
  await using from = await snapshotWith(({ plan, tasks }) => {
    const ids = plan.nodes.filter(({ uid }) => uid !== 'numbers').map(({ id }) => id)
    return { tasks: tasks.map((task) => ({ ...task, inFlight: ids })) }
  })
  assert.deepEqual(await inFlightInventory(from), {
    tasks: 1,
    operators: ['counts', 'out'],
    bytes: 0,
  })
})

test('what a change is can be seen on it', async () => {
  await using from = await snapshotWith(() => ({}))
  assert.equal(fromSnapshot(from, 'counts').change, 'changed')
  assert.equal(changed({ rename: 'x' }).change, 'changed')
  assert.equal(rekeyed(from, 'counts', counts, (key: number) => key).change, 'new')
})
