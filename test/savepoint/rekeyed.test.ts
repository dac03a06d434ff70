// The state of an operator under other keys: moved with its timers, joined where that is said,
// reported where keys collide; and jobs that go on from it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregatingState,
  eventTimer,
  job,
  keyedProcess,
  mapState,
  t,
  type Type,
  valueState,
} from 'millrace'
import { collection } from 'millrace/connectors'
import { type NewOperator, rekeyed, Snapshot, writeSavepoint } from 'millrace/savepoint'
import { jobHarness, type JobSnapshot } from 'millrace/testing'
import { print } from '../../src/connectors/print.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'

const Pair = t.tuple(t.int32, t.int32)
type Pair = [number, number]

const sum = {
  createAccumulator: () => ({ all: 0 }),
  add: (value: number, held: { all: number }) => ({ all: held.all + value }),
  getResult: ({ all }: { all: number }) => all,
  merge: (a: { all: number }) => a,
}

function summing<K, M>(key: Type<K>, mapKey: Type<M>, asMapKey: (value: number) => M) {
  return keyedProcess({
    key,
    input: Pair,
    output: t.string,
    state: {
      last: valueState(t.int32),
      sum: aggregatingState(sum, t.struct({ all: t.float64 })),
      seen: mapState(mapKey, t.int32),
    },
    timers: { close: eventTimer(t.string) },
    processElement([, value], { state, timers, currentKey }, out) {
      const seen = () => Array.from(state.seen.keys(), String).toSorted().join('+')
      state.last.update(value)
      state.sum.add(value)
      state.seen.set(asMapKey(value), value)
      timers.close.set(100, `of ${value}`)
      timers.registerEventTimeTimer(50)
      out.collect(`${String(currentKey)} ${state.sum.get()} ${seen()}`)
    },
    onTimer(at, { currentKey, payload }, out) {
      out.collect(`${String(currentKey)} timer ${at} ${String(payload)}`)
    },
  })
}

const before = summing(t.int32, t.int32, (value) => value)
const now = summing(t.int64, t.int32, (value) => value)
const both = summing(t.int64, t.string, (value) => `#${value}`)

const made = <K, M>(fn: ReturnType<typeof summing<K, M>>, key: Type<K>, of: (key: number) => K) =>
  job('summing', (env) => {
    env
      .fromSource('pairs', collection<Pair>([], { type: Pair }))
      .keyBy(([at]) => of(at), key)
      .process('sums', fn)
      .sinkTo('out', print())
  })

async function fed(): Promise<JobSnapshot> {
  await using harness = await jobHarness(made(before, t.int32, (at) => at))
  await harness.source<Pair>('pairs').send([1, 10], [2, 20], [3, 30], [1, 11])
  return await harness.snapshot()
}

async function moved(from: Snapshot, sums: NewOperator) {
  const blobs = new Map<string, Uint8Array>()
  await writeSavepoint(new MemoryBlobStore('memory:moved', blobs), { from, operators: { sums } })
  return { blobs, open: () => Snapshot.open(new MemoryBlobStore('memory:moved', blobs)) }
}

for (const backend of ['hashmap', 'rocksdb'] as const) {
  test(`state and timers go on under keys of another type, on ${backend}`, async () => {
    const snapshot = await fed()
    const next = made(now, t.int64, BigInt)
    await assert.rejects(jobHarness(next, { backend, restore: snapshot }), {
      code: 'CHECKPOINT_INCOMPATIBLE',
      message: /key of "sums": was int32, is int64 \(write it anew with rekeyed\(\)/,
    })
    await using from = await snapshot.open()
    const restore = await moved(
      from,
      rekeyed(from, 'sums', now, (old: number) => BigInt(old)),
    )
    await using harness = await jobHarness(next, { backend, restore })
    await harness.source<Pair>('pairs').send([1, 5], [3, 6])
    assert.deepEqual(harness.output('out'), ['1 26 10+11+5', '3 36 30+6'])
    await harness.finish()
    const fired = harness.output<string>('out').slice(2).toSorted()
    assert.deepEqual(fired, [
      '1 timer 100 of 5',
      '1 timer 50 undefined',
      '2 timer 100 of 20',
      '2 timer 50 undefined',
      '3 timer 100 of 6',
      '3 timer 50 undefined',
    ])
  })
}

test('keys that come together are reported, or joined as is said', async () => {
  await using from = await (await fed()).open()
  const halves = (old: number) => BigInt(old % 2)
  await assert.rejects(moved(from, rekeyed(from, 'sums', now, halves)), {
    code: 'STATE_KEYS_COLLIDE',
    message: /1 new keys of "sums" stand for several old ones:\n {2}- 1n: (1, 3|3, 1)\n/,
  })
  const restore = await moved(
    from,
    rekeyed(from, 'sums', now, halves, {
      merge: (one, other) => ({
        last: Math.max(one.last ?? 0, other.last ?? 0),
        sum: {
          all: [one, other].reduce((all, each) => all + (each.sum as { all: number }).all, 0),
        },
        seen: new Map([...(one.seen ?? []), ...(other.seen ?? [])].toSorted(([a], [b]) => a - b)),
      }),
    }),
  )
  await using harness = await jobHarness(
    made(now, t.int64, (at) => BigInt(at % 2)),
    { restore },
  )
  await harness.source<Pair>('pairs').send([1, 1], [2, 1])
  assert.deepEqual(harness.output('out'), ['1 52 1+10+11+30', '0 21 1+20'])
  await harness.finish()
  assert.equal(harness.output<string>('out').filter((line) => line.includes('timer')).length, 4)
})

test('keys of maps are made anew from what the snapshot holds, and keys left out', async () => {
  const snapshot = await fed()
  const next = made(both, t.int64, BigInt)
  await using from = await snapshot.open()
  const restore = await moved(
    from,
    rekeyed(from, 'sums', both, (old: number) => (old === 2 ? undefined : BigInt(old)), {
      states: ({ last, sum: all, seen }) => ({
        last: Number(last),
        sum: all,
        seen: new Map(Array.from(seen as Map<number, number>, ([key, held]) => [`#${key}`, held])),
      }),
    }),
  )
  await using harness = await jobHarness(next, { restore })
  await harness.source<Pair>('pairs').send([1, 5], [2, 6])
  assert.deepEqual(harness.output('out'), ['1 26 #10+#11+#5', '2 6 #6'])
})

test('what re-keying would leave behind is refused before anything is read', async () => {
  await using from = await (await fed()).open()
  const { state: _, ...bare } = now
  const old = (key: number) => BigInt(key)
  assert.throws(() => rekeyed(from, 'sums', bare as typeof now, old), {
    code: 'STATE_UNKNOWN',
    message: '"sums" has state "last", which the function does not declare',
  })
  assert.ok(rekeyed(from, 'sums', bare as typeof now, old, { states: () => ({}) }))
})
