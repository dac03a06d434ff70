/** A row that is changed keeps what is the same in it byte for byte, stamps of time-to-live too. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { job, keyedProcess, listState, mapState, t, valueState } from 'millrace'
import { sink } from 'millrace/connectors'
import { changed, rekeyed, type SavepointSpec, Snapshot, writeSavepoint } from 'millrace/savepoint'
import { jobHarness } from 'millrace/testing'
import { MemoryBlobStore } from '../../src/storage/memory.ts'

const ttl = { ttl: '1 h' } as const
const visits = keyedProcess({
  key: t.string,
  input: t.tuple(t.string, t.float64),
  state: {
    first: valueState(t.float64, ttl),
    last: valueState(t.float64, ttl),
    all: listState(t.float64, ttl),
    places: mapState(t.float64, t.string, ttl),
  },
  processElement([key, value], { state }) {
    if (state.first.value() === undefined) state.first.update(value)
    state.last.update(value)
    state.all.add(value)
    state.places.set(value, key)
  },
})
const visitors = job('visitors', (env) => {
  env
    .fromElements('numbers', [['x', 0]] as [string, number][])
    .keyBy(([key]) => key, t.string)
    .process('visits', visits)
    .sinkTo('out', sink({ write: () => undefined }))
})

async function changedBy(from: Snapshot, operators: NonNullable<SavepointSpec['operators']>) {
  const store = new MemoryBlobStore()
  await writeSavepoint(store, { from, operators })
  return Snapshot.open(store)
}

async function entriesOf(snapshot: Snapshot): Promise<readonly string[]> {
  const entries: string[] = []
  for await (const { key, value } of snapshot.all()) {
    entries.push(`${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`)
  }
  return entries
}

async function visited(): Promise<Snapshot> {
  await using harness = await jobHarness(visitors)
  const numbers = harness.source<[string, number]>('numbers')
  for (const key of ['a', 'b']) {
    for (let value = 0; value < 70; value++) {
      await numbers.send([key, value])
      if (value % 30 === 0) await harness.advanceTime('1 min')
    }
  }
  return (await harness.snapshot()).open()
}

test('rows that are given back as they are do not change a byte', async () => {
  await using before = await visited()
  const same = changed(visits, { rows: ({ states }) => ({ ...states }) })
  await using after = await changedBy(before, { visits: same })
  const entries = await entriesOf(before)
  assert.ok(entries.length > 140)
  assert.deepEqual(await entriesOf(after), entries)
})

test('a changed state leaves the stamps of the others alone', async () => {
  await using before = await visited()
  const first = changed(visits, { rows: ({ states }) => ({ ...states, first: -1 }) })
  await using after = await changedBy(before, { visits: first })
  const was = await entriesOf(before)
  const is = await entriesOf(after)
  // Two keys, and a row of scalars in each.
  assert.equal(is.filter((entry, index) => entry !== was[index]).length, 2)
  const back = changed(visits, { rows: ({ states }) => ({ ...states, first: 0 }) })
  await using again = await changedBy(after, { visits: back })
  assert.deepEqual(await entriesOf(again), was)
})

test('marks of time-to-live go with the state that is dropped', async () => {
  await using before = await visited()
  const drop = ['first', 'last', 'all', 'places']
  await using after = await changedBy(before, { visits: changed({ drop }) })
  assert.deepEqual(await entriesOf(after), [])
})

test('a key that several become was touched when the last of them was', async () => {
  await using before = await visited()
  const stamps = async (snapshot: Snapshot) => {
    const found: (number | undefined)[] = []
    for await (const { stampMs } of snapshot.state(visits, 'visits').rows()) found.push(stampMs)
    return found
  }
  const [first = assert.fail(), second = assert.fail()] = await stamps(before)
  assert.notEqual(first, second)
  const one = rekeyed(before, 'visits', visits, () => 'one', { merge: (a, b) => ({ ...a, ...b }) })
  await using after = await changedBy(before, { visits: one })
  assert.deepEqual(await stamps(after), [Math.max(first, second)])
})
