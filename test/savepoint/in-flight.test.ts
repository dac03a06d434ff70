/** Snapshots with records in flight: what they hold is told, and nothing rewrites them. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { job, keyedProcess, t, valueState } from 'millrace'
import { source } from 'millrace/connectors'
import {
  changed,
  convertSavepoint,
  fromSnapshot,
  inFlightInventory,
  rekeyed,
  Snapshot,
  writeSavepoint,
} from 'millrace/savepoint'
import { EMPTY_HEAD, appendLink } from '../../src/checkpoint/chain.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { perform, temporaryFolder } from '../cli/cli.ts'
import { BlockedSink } from '../runtime/blocked-sink.ts'
import { Cluster } from '../runtime/cluster.ts'

const folder = temporaryFolder()
after(() => folder.remove())

const RECORDS = 1_200

const numbers = source<string, number>({
  name: 'numbers',
  type: t.string,
  position: t.float64,
  async *read(_split, from = 0) {
    for (let start = from; start < RECORDS; start += 60) {
      const values = Array.from({ length: 60 }, (_, at) => `${start + at} ${'x'.repeat(40)}`)
      yield { values, position: start + 60 }
    }
  },
})

const counts = keyedProcess({
  key: t.string,
  input: t.string,
  output: t.string,
  state: { count: valueState(t.float64, { initial: 0 }) },
  processElement(text, { state }, out) {
    state.count.update(state.count.value() + 1)
    out.collect(text)
  },
})

const blobs = new Map<string, Uint8Array>()
const open = () => Snapshot.open(new MemoryBlobStore('memory:unaligned', blobs))

before(async () => {
  const out = new BlockedSink<string>()
  const counting = job('counting', (env) => {
    env
      .fromSource('numbers', numbers)
      .keyBy((text) => text.slice(0, 2), t.string)
      .process('counts', counts)
      .keyBy((text) => text.slice(0, 3), t.string)
      .process('again', counts)
      .sinkTo('out', out.sink)
  })
  const store = new MemoryBlobStore('memory:unaligned', blobs)
  const splits = { numbers: ['one', 'two'] }
  const running = await Cluster.start(counting, {
    parallelism: 2,
    splits,
    alignmentTimeoutMs: 0,
    store,
  })
  await running.run(4)
  out.block()
  await running.settle()
  running.trigger(1)
  await running.run(3)
  out.letThrough()
  const link = await running.acknowledgedByAll(1)
  out.unblock()
  await running.kill()
  assert.deepEqual(running.failures, [])
  const { sequence: _sequence, previousHash: _hash, formatVersion: _version, ...body } = link
  assert.notEqual(await appendLink(store, EMPTY_HEAD, body), 'lost')
  for (const [name, bytes] of blobs) {
    const file = join(folder.path, 'unaligned', name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytes)
  }
})

test('records in flight are counted', async () => {
  await using snapshot = await open()
  const found = await inFlightInventory(snapshot)
  assert.ok(found !== undefined)
  assert.ok(found.tasks > 0 && found.bytes > 1_000, JSON.stringify(found))
  assert.ok(found.operators.includes('again') || found.operators.includes('out'))
  const { code, out, err } = await perform(folder.path, ['state', 'ls', 'unaligned'])
  assert.equal(code, 0, err)
  assert.match(err, /unaligned: [\d.]+ KiB of records are in flight, .* to .*out\n +→ .*savepoint/)
  assert.match(out, /\ncounts +string +count: value/)
  const json = await perform(folder.path, ['state', 'ls', 'unaligned', '--json'])
  const { inFlight } = JSON.parse(json.out) as { inFlight: unknown }
  assert.deepEqual(inFlight, found)
})

test('nothing that would lose records in flight is written', async () => {
  await using snapshot = await open()
  const refused = { code: 'CHECKPOINT_INCOMPATIBLE', cure: /savepoint/ }
  const target = new Map<string, Uint8Array>()
  const store = () => new MemoryBlobStore('memory:target', target)
  await assert.rejects(writeSavepoint(store(), { from: snapshot }), refused)
  await assert.rejects(convertSavepoint(store(), { from: snapshot, maxParallelism: 64 }), refused)
  await assert.rejects(
    writeSavepoint(store(), {
      jobName: 'other',
      maxParallelism: snapshot.maxParallelism,
      operators: { theirs: fromSnapshot(snapshot, 'counts') },
    }),
    refused,
  )
  await assert.rejects(
    writeSavepoint(store(), { from: snapshot, operators: { counts: changed({ rename: 'x' }) } }),
    refused,
  )
  assert.throws(() => rekeyed(snapshot, 'counts', counts, (key: string) => `${key}!`), refused)
  assert.equal(target.size, 0)
})
