/** Savepoints that tools write: made anew, changed and joined, and jobs that go on from them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  counterState,
  dequeState,
  eventTimer,
  job,
  keyedProcess,
  listState,
  mapState,
  reducingState,
  setState,
  sortedMapState,
  t,
  valueState,
} from 'millrace'
import { sink } from 'millrace/connectors'
import {
  changed,
  dropped,
  fromIterable,
  fromSnapshot,
  Snapshot,
  type SavepointSpec,
  writeSavepoint,
} from 'millrace/savepoint'
import { jobHarness, type JobSnapshot } from 'millrace/testing'
import { MemoryBlobStore } from '../../src/storage/memory.ts'

const totals = keyedProcess({
  key: t.string,
  input: t.tuple(t.string, t.float64),
  output: t.string,
  state: {
    last: valueState(t.float64),
    all: listState(t.float64),
    seen: mapState(t.float64, t.string),
    sorted: sortedMapState(t.float64, t.string),
    distinct: setState(t.float64),
    recent: dequeState(t.float64),
    count: counterState(),
    sum: reducingState((a: number, b: number) => a + b, t.float64),
  },
  timers: { close: eventTimer(t.string) },
  processElement([key, value], { state, timers }, out) {
    state.last.update(value)
    state.all.add(value)
    state.seen.set(value, key)
    state.sorted.set(value, key)
    state.distinct.add(value)
    state.recent.pushLast(value)
    state.count.increment()
    state.sum.add(value)
    timers.close.set(1e15, key)
    const parts = [
      [...state.all].join('+'),
      [...state.seen.keys()].toSorted((a, b) => a - b).join(','),
      [...state.sorted.keys()].join(','),
      [...state.distinct].toSorted((a, b) => a - b).join(','),
      [...state.recent].join(','),
    ]
    out.collect(`${key} ${parts.join(' ')} ${state.count.value()} ${state.sum.get()}`)
  },
  onTimer: (_time, ctx, out) => out.collect(`closed ${ctx.currentKey} ${ctx.payload}`),
})

const adder = (uid: string) =>
  job('adder', (env) => {
    env
      .fromElements('numbers', [['x', 0]] as [string, number][])
      .keyBy(([key]) => key, t.string)
      .process(uid, totals)
      .sinkTo('out', sink({ write: () => undefined }))
  })

interface Options {
  readonly parallelism?: number
  readonly backend?: 'hashmap' | 'rocksdb'
  readonly restore?: JobSnapshot
  readonly uid?: string
}
type Pair = [string, number]

/** Feeds a job, and gives its output and a savepoint. */
async function feed(pairs: readonly Pair[], { uid = 'totals', ...options }: Options = {}) {
  await using harness = await jobHarness(adder(uid), options)
  const numbers = harness.source<Pair>('numbers')
  for (const pair of pairs) await numbers.send(pair)
  await harness.checkpoint()
  const snapshot = await harness.snapshot()
  await harness.finish()
  return { snapshot, output: harness.output<string>('out') }
}

async function written(spec: SavepointSpec, blobs = new Map<string, Uint8Array>()) {
  await writeSavepoint(new MemoryBlobStore('memory:written', blobs), spec)
  const open = () => Snapshot.open(new MemoryBlobStore('memory:written', blobs))
  return { blobs, open }
}

const contents = (...values: number[]) => ({
  last: values.at(-1) ?? 0,
  all: values,
  seen: new Map(values.map((value) => [value, 'given'])),
  sorted: new Map(values.map((value) => [value, 'given'])),
  distinct: new Set(values),
  recent: values,
  count: values.length,
  sum: values.reduce((sum, value) => sum + value, 0),
})
const places = (['hashmap', 'rocksdb'] as const).flatMap((backend) => {
  return [1, 2].map((parallelism) => ({ backend, parallelism }))
})

for (const place of places) {
  const { backend, parallelism } = place
  test(`a job starts from entries, ${backend} at parallelism ${parallelism}`, async () => {
    const entries = Array.from({ length: 200 }, (_, index) => ({
      key: `key ${(index * 7) % 200}`,
      states: contents(3, 1),
      timers: [{ name: 'close' as const, timeMs: 5, payload: `timer ${index}` }],
    }))
    // So little memory that several runs are merged.
    const restore = await written({
      jobName: 'seeded',
      memoryBytes: 30_000,
      operators: { totals: fromIterable(totals, entries) },
    })
    const { output } = await feed(
      [
        ['key 7', 2],
        ['new', 9],
      ],
      { ...place, restore },
    )
    const byText = (a: string, b: string) => a.localeCompare(b)
    const sums = output.filter((line) => !line.startsWith('closed')).toSorted(byText)
    assert.deepEqual(sums, ['key 7 3+1+2 1,2,3 1,2,3 1,2,3 3,1,2 3 6', 'new 9 9 9 9 9 1 9'])
    assert.equal(output.filter((line) => line.includes(' timer ')).length, 200)
  })

  test(`values change, keys are deleted, ${backend} at parallelism ${parallelism}`, async () => {
    const { snapshot } = await feed(
      [
        ['a', 1],
        ['b', 2],
        ['c', 3],
        ['a', 4],
      ],
      place,
    )
    await using before = await snapshot.open()
    const restore = await written({
      from: before,
      operators: {
        totals: changed(totals, {
          rows: ({ key, states }) => {
            if (key === 'b') return undefined
            return key === 'c' ? states : { ...states, ...contents(10, 20) }
          },
        }),
      },
    })
    await using after = await restore.open()
    const state = after.state(totals, 'totals')
    assert.equal(await state.get('b'), undefined)
    assert.deepEqual((await state.get('c'))?.states, {
      ...contents(3),
      seen: new Map([[3, 'c']]),
      sorted: new Map([[3, 'c']]),
    })
    const timers: string[] = []
    for await (const { key } of state.timers()) timers.push(key)
    assert.equal(timers.toSorted((x, y) => x.localeCompare(y)).join(''), 'ac')
    const other = { ...place, parallelism: 3 - parallelism, restore }
    const { output } = await feed(
      [
        ['a', 5],
        ['b', 6],
        ['c', 7],
      ],
      other,
    )
    const lines = output.filter((line) => !line.startsWith('closed'))
    assert.deepEqual(
      lines.toSorted((x, y) => x.localeCompare(y)),
      [
        'a 10+20+5 5,10,20 5,10,20 5,10,20 10,20,5 3 35',
        'b 6 6 6 6 6 1 6',
        'c 3+7 3,7 3,7 3,7 3,7 2 10',
      ],
    )
  })
}

test('an operator is renamed and states are dropped; the rest stays', async () => {
  const { snapshot } = await feed(
    [
      ['a', 1],
      ['b', 2],
    ],
    { parallelism: 2 },
  )
  await using before = await snapshot.open()
  const drop = ['all', 'last', 'sum']
  const restore = await written({
    from: before,
    operators: { totals: changed({ rename: 'sums', drop }) },
  })
  await using after = await restore.open()
  assert.deepEqual(
    after.operators.map(({ uid }) => uid),
    before.operators.map(({ uid }) => (uid === 'totals' ? 'sums' : uid)),
  )
  assert.throws(() => after.state('totals'), { code: 'STATE_UNKNOWN' })
  assert.ok(before.link.sources.length > 0)
  assert.deepEqual(after.link.sources, before.link.sources)
  const sourcesOf = ({ link }: Snapshot) => link.tasks.map(({ source }) => source?.uid)
  assert.deepEqual(sourcesOf(after), sourcesOf(before))
  assert.deepEqual(Object.keys((await after.state('sums').get('a'))?.states ?? {}), [
    'count',
    'seen',
    'sorted',
    'distinct',
    'recent',
  ])
  const { output } = await feed([['a', 5]], { restore, uid: 'sums' })
  assert.equal(output[0], 'a 5 1,5 1,5 1,5 1,5 2 5')
})

test('operators of two snapshots are joined, and one is dropped', async () => {
  await using one = await (await feed([['a', 1]], { uid: 'ones' })).snapshot.open()
  await using two = await (
    await feed(
      [
        ['a', 2],
        ['b', 3],
      ],
      { parallelism: 2 },
    )
  ).snapshot.open()
  const joined = await written({ from: one, operators: { twos: fromSnapshot(two, 'totals') } })
  await using both = await joined.open()
  assert.equal((await both.state(totals, 'ones').get('a'))?.states.sum, 1)
  assert.equal((await both.state(totals, 'twos').get('a'))?.states.sum, 2)
  assert.equal((await both.state(totals, 'twos').get('b'))?.states.sum, 3)
  const restore = await written({ from: both, operators: { ones: dropped() } })
  await using rest = await restore.open()
  assert.throws(() => rest.state('ones'), { code: 'STATE_UNKNOWN' })
  const { output } = await feed([['a', 7]], { restore, uid: 'twos', parallelism: 2 })
  assert.equal(
    output.find((line) => line.startsWith('a ')),
    'a 2+7 2,7 2,7 2,7 2,7 2 9',
  )
})

test('what cannot be written is refused, and nothing is left behind', async () => {
  const refused = (spec: SavepointSpec, expected: object) => {
    const blobs = new Map<string, Uint8Array>()
    return assert
      .rejects(written(spec, blobs), expected)
      .then(() => assert.deepEqual([...blobs.keys()], []))
  }
  const given = (...entries: { key: string; states: object }[]): SavepointSpec => ({
    jobName: 'seeded',
    operators: { totals: fromIterable(totals, entries) },
  })
  const one = { key: 'a', states: { last: 1 } }
  await refused(given(one, one), { code: 'TYPE_MISMATCH', message: /given twice/ })
  await refused(
    {
      ...given(...Array.from({ length: 50 }, (_, at) => ({ ...one, key: `${at % 40}` }))),
      memoryBytes: 1_000,
    },
    { code: 'TYPE_MISMATCH', message: /given twice/ },
  )
  await refused(given({ key: 'a', states: { last: 'one' } }), { code: 'TYPE_MISMATCH' })
  await refused(given({ key: 'a', states: { list: [1] } }), { code: 'STATE_UNKNOWN' })
  await refused({ operators: {} }, { code: 'CONFIG_INVALID', message: /name of its job/ })
  await using before = await (await feed([['a', 1]])).snapshot.open()
  const from = (operators: SavepointSpec['operators']): SavepointSpec =>
    operators === undefined ? { from: before } : { from: before, operators }
  await refused(from({ sums: changed({ rename: 'x' }) }), { code: 'STATE_UNKNOWN' })
  await refused(from({ totals: changed({ drop: ['x'] }) }), { code: 'STATE_UNKNOWN' })
  await refused(from({ totals: changed({ rename: 'out' }) }), { code: 'JOB_DUPLICATE_UID' })
  await refused({ from: before, maxParallelism: 64 }, { code: 'CHECKPOINT_INCOMPATIBLE' })
  const blobs = new Map([['note', new Uint8Array(1)]])
  await assert.rejects(written(from(undefined), blobs), { code: 'STORAGE_CONFLICT' })
  assert.deepEqual([...blobs.keys()], ['note'])
})
