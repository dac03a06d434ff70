/** Every kind of state read back out of a savepoint, with the code of its job and without. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregatingState,
  counterState,
  dequeState,
  eventTimer,
  job,
  keyedProcess,
  listState,
  mapState,
  operatorListState,
  reducingState,
  setState,
  sortedMapState,
  t,
  unionListState,
  valueState,
} from 'millrace'
import { sink } from 'millrace/connectors'
import { inventory, type Snapshot } from 'millrace/savepoint'
import { jobHarness } from 'millrace/testing'

const average = {
  createAccumulator: () => ({ sum: 0, count: 0 }),
  add: (value: number, held: { sum: number; count: number }) => ({
    sum: held.sum + value,
    count: held.count + 1,
  }),
  getResult: (held: { sum: number; count: number }) => held.sum / held.count,
}

const everything = keyedProcess({
  key: t.string,
  input: t.tuple(t.string, t.float64),
  state: {
    last: valueState(t.float64),
    all: listState(t.float64),
    byValue: mapState(t.float64, t.string),
    sorted: sortedMapState(t.float64, t.string),
    distinct: setState(t.float64),
    recent: dequeState(t.float64),
    count: counterState(),
    sum: reducingState((a: number, b: number) => a + b, t.float64),
    mean: aggregatingState(average, t.struct({ sum: t.float64, count: t.float64 })),
  },
  timers: { close: eventTimer(t.string) },
  operatorState: { mine: operatorListState(t.string), ours: unionListState(t.float64) },
  processElement([key, value], ctx) {
    const { state } = ctx
    state.last.update(value)
    state.all.add(value)
    state.byValue.set(value, key)
    state.sorted.set(-value, key)
    state.distinct.add(value)
    state.recent.pushLast(value)
    if (state.recent.length > 2) state.recent.popFirst()
    state.count.increment()
    state.sum.add(value)
    state.mean.add(value)
    ctx.timers.close.set(1e12 + value, `close ${key}`)
    ctx.operatorState.mine.add(key)
    ctx.operatorState.ours.update([value])
  },
  onTimer: () => undefined,
})

const holder = job('holder', (env) => {
  env
    .fromElements('numbers', [['x', 0]] as [string, number][])
    .keyBy(([key]) => key, t.string)
    .process('everything', everything)
    .sinkTo('nothing', sink({ write: () => undefined }))
})

async function snapshotOf(parallelism: number, backend: 'hashmap' | 'rocksdb'): Promise<Snapshot> {
  await using harness = await jobHarness(holder, { parallelism, backend })
  const numbers = harness.source<[string, number]>('numbers')
  for (const pair of [
    ['a', 1],
    ['b', 5],
    ['a', 2],
  ] as const)
    await numbers.send([...pair])
  await harness.checkpoint()
  await numbers.send(['a', 3])
  await harness.settle()
  return (await harness.snapshot()).open()
}

async function gathered<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const each of stream) all.push(each)
  return all
}

const closing = (key: string, ...times: number[]) =>
  times.map((time) => ({
    key,
    domain: 'event-time',
    timeMs: 1e12 + time,
    name: 'close',
    payload: `close ${key}`,
  }))

for (const backend of ['hashmap', 'rocksdb'] as const) {
  for (const parallelism of [1, 2]) {
    test(`all kinds of state are read, ${backend} at parallelism ${parallelism}`, async () => {
      await using snapshot = await snapshotOf(parallelism, backend)
      const typed = snapshot.state(everything, 'everything')
      const found = await typed.get('a')
      assert.ok(found !== undefined)
      const mean: number | undefined = found.states.mean
      const sorted: ReadonlyMap<number, string> | undefined = found.states.sorted
      const recent: readonly number[] | undefined = found.states.recent
      const distinct: ReadonlySet<number> | undefined = found.states.distinct
      assert.equal(mean, 2)
      assert.deepEqual(
        [...(sorted ?? [])],
        [
          [-3, 'a'],
          [-2, 'a'],
          [-1, 'a'],
        ],
      )
      assert.deepEqual([recent, distinct], [[2, 3], new Set([1, 2, 3])])
      const { last, all, byValue, count, sum } = found.states
      assert.deepEqual([last, all, count, sum], [3, [1, 2, 3], 3, 6])
      assert.deepEqual(
        byValue,
        new Map([
          [1, 'a'],
          [2, 'a'],
          [3, 'a'],
        ]),
      )

      const untyped = new Map<unknown, unknown>()
      for await (const { key, states } of snapshot.state('everything').rows()) {
        untyped.set(key, states['mean'])
      }
      assert.deepEqual(
        untyped,
        new Map<unknown, unknown>(
          [...untyped.keys()].map((key) => [
            key,
            key === 'a' ? { sum: 6, count: 3 } : { sum: 5, count: 1 },
          ]),
        ),
      )
      assert.equal(untyped.size, 2)
      const timers = await gathered(typed.timers())
      assert.deepEqual(
        timers.toSorted((x, y) => x.timeMs - y.timeMs),
        [...closing('a', 1, 2, 3), ...closing('b', 5)],
      )
      const loose = await gathered(typed.nonKeyed())
      const mine = loose.filter(({ name }) => name === 'mine').map(({ value }) => String(value))
      assert.equal(mine.toSorted((x, y) => x.localeCompare(y)).join(''), 'aaab')
      assert.ok(loose.some(({ name, kind }) => name === 'ours' && kind === 'union-list'))
    })
  }
}

test('the inventory counts keys, entries and timers', async () => {
  await using snapshot = await snapshotOf(2, 'hashmap')
  const counted = await inventory(snapshot)
  const found = counted.find(({ uid }) => uid === 'everything')
  assert.ok(found !== undefined)
  assert.deepEqual([found.keyType, found.keys, found.timers], ['string', 2, 4])
  const counts = found.states.map(({ name, kind, keys, entries }) => [name, kind, keys, entries])
  assert.deepEqual(counts.slice(0, 9), [
    ['last', 'value', 2, 2],
    ['all', 'list', 2, 2],
    ['byValue', 'map', 2, 4],
    ['sorted', 'sorted-map', 2, 4],
    ['distinct', 'set', 2, 4],
    ['recent', 'deque', 2, 3],
    ['count', 'counter', 2, 2],
    ['sum', 'reducing', 2, 2],
    ['mean', 'aggregating', 2, 2],
  ])
  assert.ok(found.states.every(({ bytes }) => bytes > 0))
})

test('a state declared otherwise is refused, and so is an unknown uid', async () => {
  await using snapshot = await snapshotOf(1, 'hashmap')
  const other = { key: t.string, state: { last: valueState(t.string) } }
  assert.throws(() => snapshot.state(other, 'everything'), {
    code: 'CHECKPOINT_INCOMPATIBLE',
    message: /state "last" of "everything" .*was float64, is string/,
  })
  const list = { key: t.string, state: { last: listState(t.float64) } }
  assert.throws(() => snapshot.state(list, 'everything'), { message: /kind value, not list/ })
  assert.throws(() => snapshot.state({ key: t.int32 }, 'everything'), { message: /the key of/ })
  assert.throws(() => snapshot.state('anything'), {
    code: 'STATE_UNKNOWN',
    cure: /everything/,
  })
})
