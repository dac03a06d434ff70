import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RunReader } from '../../../src/state/runs/run-reader.ts'
import { SnapshotReader } from '../../../src/state/runs/snapshot-reader.ts'
import type { RunReference } from '../../../src/state/snapshot.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { collect } from './entries.ts'
import {
  GOLDEN_METADATA,
  GOLDEN_OPTIONS,
  GOLDEN_RECORDS,
  goldenEntries,
  writeGolden,
} from './golden.ts'

const folder = join(import.meta.dirname, '../../fixtures/runs/v1')
const references: RunReference[] = JSON.parse(readFileSync(join(folder, 'references.json'), 'utf8'))

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = []
  for await (const item of items) gathered.push(item)
  return gathered
}

async function goldenStore(): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore()
  for (const { name } of references) {
    await store.putIfAbsent(name, readFileSync(join(folder, name)))
  }
  return store
}

for (const reference of references) {
  test(`${reference.name} of format version 1 is read, entry for entry`, async () => {
    const reader = await RunReader.open(await goldenStore(), reference)
    const expected = goldenEntries()
    await reader.verify()
    const { timedOperators, ...metadata } = reader.metadata
    assert.deepEqual(metadata, GOLDEN_METADATA)
    // Who wrote the others did not say.
    assert.deepEqual(timedOperators, reference.name === 'timed.run' ? [1] : undefined)
    assert.ok(reader.blocks >= 4)
    const plain = ({ key, value }: (typeof expected)[number]) => [
      Buffer.from(key).toString('hex'),
      Buffer.from(value).toString('hex'),
    ]
    assert.deepEqual((await collect(reader.scan())).map(plain), expected.map(plain))
    for (const { key, value } of expected) {
      assert.deepEqual(Buffer.from((await reader.get(key)) ?? []), Buffer.from(value))
    }
  })

  test(`${reference.name} is decoded without the job's code`, async () => {
    const reader = await SnapshotReader.open(await goldenStore(), [reference], [reference])
    assert.deepEqual(reader.operators, GOLDEN_METADATA.operators)
    const order = await reader.get('orders', 'order-1')
    assert.deepEqual(order?.states, {
      total: 12.5,
      status: 'paid '.repeat(60),
      sum: -5n,
      items: new Map([
        ['apple', 3],
        ['pear', 1],
      ]),
      history: ['new', 'paid', 'sent'],
    })
    assert.equal(order.key, 'order-1')
    assert.equal(order.stampMs, 1_700_000_000_000)
    assert.equal(await reader.get('orders', 'order-2'), undefined)
    assert.equal((await reader.get('orders', 10n))?.key, 10n)
    const rows = await all(reader.rows('orders'))
    assert.deepEqual(
      rows.find((row) => row.key === 'order-1'),
      order,
    )
    assert.equal(rows.length, 7)
    await assert.rejects(all(reader.rows('order')), { code: 'STATE_UNKNOWN' })
    const timers = await all(reader.timers('orders'))
    assert.deepEqual(
      timers.map(({ domain, timeMs }) => [domain, timeMs]),
      [
        [0, -1],
        [0, 1_700_000_000_000.5],
        [1, -1],
        [1, 1_700_000_000_000.5],
      ],
    )
    const records = await all(reader.records())
    assert.equal(records.length, GOLDEN_RECORDS.length)
    const splits = await all(reader.records('split'))
    assert.deepEqual(
      splits,
      GOLDEN_RECORDS.filter(({ kind }) => kind === 'split').map((record) => ({
        ...record,
        subtaskIndex: 5,
      })),
    )
  })
}

test('writing the same entries again gives the same bytes', async () => {
  const store = new MemoryBlobStore()
  const golden = references.find(({ name }) => name === 'timed.run')
  assert.deepEqual(await writeGolden(store, 'timed.run', GOLDEN_OPTIONS), golden)
  const written = Buffer.from(await store.read('timed.run'))
  assert.ok(written.equals(readFileSync(join(folder, 'timed.run'))))
})
