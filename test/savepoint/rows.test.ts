// Rows that are rewritten: what the function is shown of them, in which order their states are
// written, which marks of time-to-live stay; and timers and types under other keys.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventTimer, job, keyedProcess, mapState, t, type Type, valueState } from 'millrace'
import { sink } from 'millrace/connectors'
import { changed, differences, fromIterable, rekeyed, type Snapshot } from 'millrace/savepoint'
import { jobHarness, type JobSnapshot } from 'millrace/testing'
import { keyFromText } from '../../src/types/key-from-text.ts'
import { RowEncoder } from '../../src/savepoint/row-encoder.ts'
import { SECTION_TIMERS, sectionOfKey } from '../../src/state/runs/entry.ts'
import { readTimeKey } from '../../src/state/runs/entry-key.ts'
import { EntryHeader } from '../../src/state/runs/entry-value.ts'
import { timerNameOf } from '../../src/state/runs/timer-payload.ts'
import { ByteReader } from '../../src/util/bytes.ts'
import { withLink } from './changed-link.ts'
import { gathered, written } from './written.ts'

const ttl = { ttl: '1 h' } as const
/** Eleven states, so that the last has an id of two digits. */
const visits = keyedProcess({
  key: t.string,
  input: t.tuple(t.string, t.float64),
  state: {
    ...Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [`unused${at}`, valueState(t.float64)]),
    ),
    last: valueState(t.float64, ttl),
    places: mapState(t.float64, t.string, ttl),
  },
  processElement([key, value], { state, timers }) {
    state.last.update(value)
    state.places.set(value, key)
    timers.registerProcessingTimeTimer(1e15 + value)
    timers.registerEventTimeTimer(1e15 + value)
  },
  onTimer: () => undefined,
})
const visitors = job('visitors', (env) => {
  env
    .fromElements('numbers', [['x', 0]] as [string, number][])
    .keyBy(([key]) => key, t.string)
    .process('visits', visits)
    .sinkTo('out', sink({ write: () => undefined }))
})

async function visited(): Promise<JobSnapshot> {
  await using harness = await jobHarness(visitors)
  for (const [key, value] of [
    ['a', 1],
    ['a', 2],
    ['b', 3],
  ] as const) {
    // prettier-ignore
    await harness.advanceTime('1 min')
    await harness.source<[string, number]>('numbers').send([key, value])
  }
  return await harness.snapshot()
}

test('a function that changes rows is shown the states that are there, and no others', async () => {
  await using from = await (await visited()).open()
  const shown: (readonly string[])[] = []
  const rows = changed(visits, {
    rows: ({ states }) => {
      shown.push(Object.keys(states))
      return states
    },
  })
  await written({ from, operators: { visits: rows } })
  assert.deepEqual(shown, [
    ['last', 'places'],
    ['last', 'places'],
  ])
})

test('an entry that is added to a row is as old as the newest of the row', async () => {
  await using from = await (await visited()).open()
  const rows = changed(visits, {
    rows: ({ states }) => ({ ...states, places: new Map([...(states.places ?? []), [99, 'new']]) }),
  })
  await using after = await written({ from, operators: { visits: rows } })
  const header = new EntryHeader()
  const stampsOf = async (snapshot: Snapshot) =>
    (await gathered(snapshot.all())).map(({ value }) => header.read(new ByteReader(value)).stampMs)
  for (const { key, states, stampMs } of await gathered(after.state('visits').rows())) {
    const before = await from.state('visits').get(key)
    assert.equal(stampMs, before?.stampMs)
    assert.ok(stampMs !== undefined && stampMs > 0)
    const places = states['places']
    assert.ok(places instanceof Map)
    assert.equal(places.get(99), 'new')
    assert.equal(places.size, key === 'a' ? 3 : 2)
  }
  const [was, is] = [await stampsOf(from), await stampsOf(after)]
  const stamped = (stamps: readonly number[]) => stamps.filter((stampMs) => stampMs >= 0).length
  assert.deepEqual([is.length - was.length, stamped(is) - stamped(was)], [2, 2])
})

test('marks of time-to-live go with the one state that is dropped', async () => {
  await using from = await (await visited()).open()
  const marksOf = async (snapshot: Snapshot) =>
    (await gathered(snapshot.all())).flatMap(({ key }) => {
      const name = sectionOfKey(key) === SECTION_TIMERS ? timerNameOf(readTimeKey(key).name) : ''
      return name.startsWith('\0ttl') ? [name] : []
    })
  const all = await marksOf(from)
  assert.deepEqual(
    [...new Set(all)].toSorted((a, b) => (a < b ? -1 : 1)),
    ['\0ttl check 10', '\0ttl check 11'],
  )
  for (const [state, left] of [
    ['last', '\0ttl check 11'],
    ['places', '\0ttl check 10'],
  ] as const) {
    // prettier-ignore
    const operators = { visits: changed({ drop: [state] }) }
    await using after = await written({ from, operators })
    assert.deepEqual(
      await marksOf(after),
      all.filter((name) => name === left),
    )
  }
})

test('scalars of a row are written by their numbers, in whatever order they are declared', () => {
  const states = [2, 11, 1].map((id) => {
    return { id, name: `state ${id}`, kind: 'value', type: t.float64.schema } as const
  })
  const record = { id: 1, uid: 'a', keyType: t.string.schema, states }
  const given = { 'state 1': 1, 'state 2': 2, 'state 11': 3 }
  const [turned, sorted] = [record, { ...record, states: states.toSorted((a, b) => a.id - b.id) }]
    .map((each) => new RowEncoder(each, 16).encode('key', given)) // prettier-ignore
  assert.deepEqual(turned, sorted)
})

test('timers without a name keep their clocks under another key, and differ by them', async () => {
  await using from = await (await visited()).open()
  const wide = { ...visits, key: t.int32 }
  const codes: Readonly<Record<string, number>> = { a: 1, b: 2 }
  const moving = rekeyed(from, 'visits', wide, (old: string) => codes[old] ?? 0)
  assert.equal(moving.operation, from.nodeOf('visits')?.operation)
  await using after = await written({ from, operators: { visits: moving } })
  const timersOf = async (snapshot: Snapshot) =>
    (await gathered(snapshot.state('visits').timers())).map(({ key, domain, timeMs, name }) =>
      [codes[String(key)] ?? key, domain, timeMs, name].join(' '),
    )
  const sorted = (texts: readonly string[]) => texts.toSorted((a, b) => (a < b ? -1 : 1))
  assert.deepEqual(sorted(await timersOf(after)), sorted(await timersOf(from)))
  const seen: string[] = []
  for await (const { timer, state, change } of differences(from, from)) {
    if (timer?.name === '') seen.push(`${timer.domain} ${timer.timeMs} ${state} ${change}`)
  }
  assert.deepEqual(sorted(seen), [
    ...[1, 2, 3].map((at) => `event-time ${1e15 + at} (timers) same`),
    ...[1, 2, 3].map((at) => `processing-time ${1e15 + at} (timers) same`),
  ])
})

test('what operation an operator is stays with it under other keys', async () => {
  await using from = await withLink((await visited()).blobs, ({ plan }) => ({
    plan: {
      ...plan,
      nodes: plan.nodes.map((node) =>
        node.uid === 'visits' ? { ...node, operation: 'broadcastProcess' } : node,
      ),
    },
  }))
  const moving = rekeyed(from, 'visits', visits, (old: string) => old)
  assert.equal(moving.operation, 'broadcastProcess')
})

test('`states` is given states as the snapshot has them, whatever their type is now', async () => {
  const counting = <V>(type: Type<V>) =>
    keyedProcess({
      key: t.string,
      input: t.string,
      state: { count: valueState(type) },
      timers: { close: eventTimer() },
      processElement: () => undefined,
      onTimer: () => undefined,
    })
  const timers = [{ name: 'close' as const, timeMs: 3 }]
  const entries = [{ key: 'a', states: { count: 7 }, timers }]
  await using from = await written({
    jobName: 'counting',
    operators: { counts: fromIterable(counting(t.int32), entries) },
  })
  const now = counting(t.string)
  const moving = rekeyed(from, 'counts', now, (old: string) => `new ${old}`, {
    states: ({ count }) => ({ count: `#${String(count)}` }),
  })
  await using after = await written({ from, operators: { counts: moving } })
  assert.deepEqual((await after.state(now, 'counts').get('new a'))?.states, { count: '#7' })
  const [timer] = await gathered(after.state(now, 'counts').timers())
  assert.deepEqual([timer?.key, timer?.domain, timer?.timeMs], ['new a', 'event-time', 3])
})

test('dates within a key are typed as text or as milliseconds', () => {
  const schema = t.tuple(t.date, t.string).schema
  const expected = [new Date(86_400_000), 'x']
  assert.deepEqual(keyFromText('[86400000, "x"]', schema), expected)
  assert.deepEqual(keyFromText('["1970-01-02", "x"]', schema), expected)
  assert.throws(() => keyFromText('[true, "x"]', schema), { code: 'TYPE_MISMATCH' })
})
