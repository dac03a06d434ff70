/** Savepoints made with state that belongs to no key, and jobs that start from them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  eventTimer,
  job,
  keyedBroadcastProcess,
  mapState,
  operatorListState,
  t,
  unionListState,
  valueState,
} from 'millrace'
import { sink } from 'millrace/connectors'
import {
  changed,
  dropped,
  fromIterable,
  fromSnapshot,
  inventory,
  Snapshot,
  type SavepointSpec,
  writeSavepoint,
} from 'millrace/savepoint'
import { jobHarness } from 'millrace/testing'
import { RunReader } from '../../src/state/runs/run-reader.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'

const rates = { rates: mapState(t.string, t.float64) }

const prices = keyedBroadcastProcess({
  key: t.string,
  input: t.string,
  broadcastInput: t.tuple(t.string, t.float64),
  output: t.string,
  broadcast: rates,
  state: { count: valueState(t.float64, { initial: 0 }) },
  timers: { close: eventTimer(t.string) },
  operatorState: { dealt: operatorListState(t.string), all: unionListState(t.float64) },
  processElement(_value, { currentKey, state, broadcast, operatorState }, out) {
    state.count.update(state.count.value() + 1)
    const all = [...operatorState.all].toSorted((a, b) => a - b).join('+')
    const known = [...broadcast.rates.entries()].map((entry) => entry.join('=')).join(' ')
    out.collect(`${currentKey} ${state.count.value()} ${all} ${known}`)
  },
  processBroadcastElement([name, rate], { broadcast }) {
    broadcast.rates.set(name, rate)
  },
  onTimer: (_time, { currentKey, payload }, out) => out.collect(`${currentKey} closed ${payload}`),
})

/** Without keys. */
const plain = {
  broadcast: rates,
  operatorState: { seen: operatorListState(t.string) },
  processElement(_value: string, { broadcast }: { broadcast: { rates: Rates } }) {
    assert.equal(broadcast.rates.get('EUR'), 2)
  },
  processBroadcastElement: () => undefined,
}
interface Rates {
  get(name: string): number | undefined
}

const shop = job('shop', (env) => {
  const changes = env.fromElements('changes', [['x', 0]] as [string, number][]).broadcast(rates)
  const sales = env.fromElements('sales', ['ann'])
  sales
    .keyBy((name) => name, t.string)
    .connect(changes)
    .process('prices', prices)
    .sinkTo('out', sink({ write: () => undefined }))
  sales
    .connect(changes)
    .process('plain', plain)
    .sinkTo('nothing', sink({ write: () => undefined }))
})

const KEYS = Array.from({ length: 12 }, (_, at) => `key ${at}`)
const DEALT = Array.from({ length: 7 }, (_, at) => `element ${at}`)

async function* later<T>(values: readonly T[]) {
  yield* values
}

const operatorsOf = () => ({
  prices: fromIterable(
    prices,
    KEYS.map((key) => ({
      key,
      states: { count: 10 },
      timers: [{ name: 'close' as const, timeMs: 5, payload: `${key}!` }],
    })),
    {
      operatorState: {
        dealt: later(DEALT),
        all: [1, 2, 4],
        rates: new Map([
          ['EUR', 2],
          ['CHF', 3],
        ]),
      },
    },
  ),
  plain: fromIterable(plain, [], { operatorState: { seen: ['a', 'b'], rates: [['EUR', 2]] } }),
})

async function written(spec: SavepointSpec, blobs = new Map<string, Uint8Array>()) {
  await writeSavepoint(new MemoryBlobStore('memory:written', blobs), spec)
  return { blobs, open: () => Snapshot.open(new MemoryBlobStore('memory:written', blobs)) }
}

async function gathered<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const each of stream) all.push(each)
  return all
}

const sorted = (values: readonly string[]) => values.toSorted((a, b) => a.localeCompare(b))

for (const backend of ['hashmap', 'rocksdb'] as const) {
  for (const parallelism of [1, 2]) {
    test(`lists, broadcast maps and timers are given, ${backend} at ${parallelism}`, async () => {
      const restore = await written({ jobName: 'shop', operators: operatorsOf() })
      await using harness = await jobHarness(shop, { backend, parallelism, restore })
      for (const key of KEYS) await harness.source<string>('sales').send(key)
      await harness.checkpoint()
      await using snapshot = await (await harness.snapshot()).open()
      const loose = await gathered(snapshot.state('prices').nonKeyed())
      const dealt = loose.filter(({ name }) => name === 'dealt')
      assert.deepEqual(sorted(dealt.map(({ value }) => String(value))), DEALT)
      const holders = new Set(dealt.map(({ subtaskIndex }) => subtaskIndex))
      assert.equal(holders.size, parallelism)
      const seen = await gathered(snapshot.state('plain').nonKeyed())
      assert.deepEqual(
        sorted(seen.filter(({ name }) => name === 'seen').map(({ value }) => String(value))),
        ['a', 'b'],
      )
      await harness.finish()
      const output = harness.output<string>('out')
      assert.deepEqual(
        sorted(output),
        sorted([
          ...KEYS.map((key) => `${key} 11 1+2+4 CHF=3 EUR=2`),
          ...KEYS.map((key) => `${key} closed ${key}!`),
        ]),
      )
    })
  }
}

test('state without keys that does not fit its function is refused', async () => {
  const refused = (operator: ReturnType<typeof fromIterable>, expected: object) => {
    const blobs = new Map<string, Uint8Array>()
    return assert
      .rejects(written({ jobName: 'shop', operators: { prices: operator } }, blobs), expected)
      .then(() => assert.deepEqual([...blobs.keys()], []))
  }
  const unknown: object = { operatorState: { rate: [1] } }
  await refused(fromIterable(prices, [], unknown), {
    code: 'STATE_UNKNOWN',
    message: /no broadcast state "rate"/,
    cure: /dealt, all, rates/,
  })
  const wrong: object = { operatorState: { all: ['one'] } }
  await refused(fromIterable(prices, [], wrong), {
    code: 'TYPE_MISMATCH',
    message: /operator state "all" of "prices"/,
  })
  const map: object = { operatorState: { rates: [['EUR', 'two']] } }
  await refused(fromIterable(prices, [], map), { code: 'TYPE_MISMATCH', message: /"rates"/ })
  await refused(fromIterable(plain, [{ key: 'ann', states: {} }]), {
    code: 'CONFIG_INVALID',
    message: /the type of the key of "prices"/,
  })
})

test('an operator of another snapshot brings its own state without keys', async () => {
  const of = (all: readonly number[], rate: number) =>
    fromIterable(prices, [{ key: 'ann', states: { count: rate } }], {
      operatorState: { dealt: DEALT, all, rates: [['EUR', rate]] },
    })
  const written = async (spec: SavepointSpec): Promise<Snapshot> => {
    const store = new MemoryBlobStore()
    await writeSavepoint(store, spec)
    return await Snapshot.open(store)
  }
  const one = await written({ jobName: 'one', operators: { ones: of([1], 1) } })
  const two = await written({ jobName: 'two', operators: { others: of([3], 3), twos: of([2], 2) } })
  const joined = await written({ from: one, operators: { twos: fromSnapshot(two, 'twos') } })
  const heldBy = async (uid: string): Promise<readonly unknown[]> => {
    const held: unknown[] = []
    for await (const { name, kind, key, value } of joined.state(uid).nonKeyed()) {
      if (name !== 'dealt') held.push([name, kind, key, value])
      else assert.ok(typeof value === 'string' && DEALT.includes(value))
    }
    return held
  }
  for (const [uid, number] of [
    ['ones', 1],
    ['twos', 2],
  ] as const) {
    assert.deepEqual(await heldBy(uid), [
      ['all', 'union-list', undefined, number],
      ['rates', 'broadcast', 'EUR', number],
    ])
  }
  assert.equal((await joined.state(prices, 'twos').get('ann'))?.states.count, 2)
  const [ones] = await inventory(joined)
  assert.deepEqual(
    ones?.states.map(({ name, kind, type, entries }) => [name, kind, type, entries]),
    [
      ['count', 'value', 'float64', 1],
      ['dealt', 'operator-list', 'string', DEALT.length],
      ['all', 'union-list', 'float64', 1],
      ['rates', 'broadcast', 'float64', 1],
    ],
  )
  assert.equal(ones.states.find(({ name }) => name === 'all')?.bytes, 8)
  const taken = await written({
    from: joined,
    operators: { ones: dropped(), twos: changed({ drop: [] }) },
  })
  for (const { runs, records } of taken.link.tasks) {
    for (const run of [...runs, ...(records === undefined ? [] : [records])]) {
      const { metadata } = await RunReader.open(taken.store, run)
      assert.deepEqual(
        metadata.operators.map(({ uid }) => uid),
        ['twos'],
      )
    }
  }
  const left: unknown[] = []
  for await (const { name } of taken.state('twos').nonKeyed()) left.push(name)
  assert.equal(left.length, DEALT.length + 2)
  assert.throws(() => taken.state('ones'), { code: 'STATE_UNKNOWN' })
})
