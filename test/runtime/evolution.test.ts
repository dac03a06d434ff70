// The next version of a job on state whose types have changed: every kind of state, both backends,
// also when only some of it has been written anew.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  aggregatingState,
  dequeState,
  eventTimer,
  job,
  keyedProcess,
  listState,
  mapState,
  operatorListState,
  processFunction,
  processingTimer,
  reducingState,
  setState,
  sortedMapState,
  t,
  type Type,
  unionListState,
  valueState,
} from 'millrace'
import { collection } from 'millrace/connectors'
import { jobHarness, type JobSnapshot } from 'millrace/testing'
import { print } from '../../src/connectors/print.ts'

const Pair = t.tuple(t.string, t.int32)
type Pair = [string, number]

/** A version of what the states hold: a number, one way or another. */
interface Held<T> {
  readonly type: Type<T>
  readonly kind: Type<string>
  readonly of: (number: number) => T
  readonly number: (held: T) => number
}

const V1 = t.struct({ cents: t.int32, note: t.string })
const first: Held<{ cents: number; note: string }> = {
  type: V1,
  kind: t.enum('odd', 'even'),
  of: (cents) => ({ cents, note: `${cents}` }),
  number: ({ cents }) => cents,
}

const V2 = t.struct({
  unit: t.field(t.string, { default: 'eur' }),
  amount: t.field(t.int64, { renamedFrom: 'cents' }),
  by: t.optional(t.string),
})
const second: Held<{ unit: string; amount: bigint; by?: string | undefined }> = {
  type: V2,
  kind: t.enum('even', 'odd', 'prime'),
  of: (cents) => ({ unit: 'eur', amount: BigInt(cents) }),
  number: ({ unit, amount }) => (unit === 'eur' ? Number(amount) : Number.NaN),
}

const V3 = t.versioned(2, t.tuple(t.string, t.float64)).from(V2, ({ unit, amount }) => {
  return [unit, Number(amount)]
})
const third: Held<[string, number]> = {
  type: V3,
  kind: t.string,
  of: (cents) => ['eur', cents],
  number: ([unit, amount]) => (unit === 'eur' ? amount : Number.NaN),
}

/** Adds each number to a state of every kind, and shows what all of them hold. */
function everything<T>({ type, kind, of, number }: Held<T>) {
  const plus = (a: T, b: T): T => of(number(a) + number(b))
  const sum = (all: Iterable<T>): number => Array.from(all, number).reduce((a, b) => a + b, 0)
  const mean = {
    createAccumulator: () => ({ count: 0, total: of(0) }),
    add(value: number, held: { count: number; total: T }) {
      held.count++
      held.total = of(number(held.total) + value)
      return held
    },
    getResult: (held: { count: number; total: T }) => number(held.total) / held.count,
    merge: (a: { count: number; total: T }) => a,
  }
  return keyedProcess({
    key: t.string,
    input: Pair,
    output: t.string,
    state: {
      value: valueState(type),
      other: valueState(t.int32, { initial: 0 }),
      list: listState(type),
      map: mapState(t.string, type),
      sorted: sortedMapState(t.int32, type),
      deque: dequeState(type),
      reduced: reducingState(plus, type),
      mean: aggregatingState(mean, t.struct({ count: t.int32, total: type })),
      kinds: setState(kind),
    },
    timers: { late: eventTimer(type), soon: processingTimer(type) },
    processElement([key, value], { state, timers }, out) {
      const held = state.value.value()
      state.value.update(of(value + (held === undefined ? 0 : number(held))))
      state.other.update(state.other.value() + 1)
      state.list.add(of(value))
      state.map.set(`${value}`, of(value))
      state.sorted.set(value, of(value))
      state.deque.pushLast(of(value))
      state.reduced.add(of(value))
      state.mean.add(value)
      state.kinds.add(value % 2 === 0 ? 'even' : 'odd')
      timers.late.set(1_000_000 + value, of(value))
      timers.soon.set(timers.currentProcessingTime + 60_000, of(value))
      const now = state.value.value()
      out.collect(
        [
          key,
          now === undefined ? 0 : number(now),
          state.other.value(),
          sum(state.list),
          sum(state.map.values()),
          Array.from(state.sorted.values(), number).join('+'),
          sum(state.deque),
          number(state.reduced.get() ?? of(0)),
          state.mean.get(),
          [...state.kinds].toSorted().join('+'),
          sum(timers.late.list().map(({ payload }) => payload)),
        ].join(' '),
      )
    },
    onTimer(_at, { currentKey, payload }, out) {
      // Both timers carry the type.
      out.collect(`${currentKey} timer ${number(payload as T)}`)
    },
  })
}

/** Keeps every number in lists without a key. */
function keeper<T>({ type, of, number }: Held<T>) {
  return processFunction({
    input: Pair,
    output: t.string,
    operatorState: { own: operatorListState(type), all: unionListState(type) },
    processElement([, value], { operatorState: { own, all } }, out) {
      own.add(of(value))
      all.add(of(value))
      out.collect(
        `own ${Array.from(own, number).join('+')} all ${Array.from(all, number).join('+')}`,
      )
    },
  })
}

const made = <T>(held: Held<T>) =>
  job('evolving', (env) => {
    const pairs = env.fromSource('pairs', collection<Pair>([], { type: Pair }))
    pairs
      .keyBy(([key]) => key, t.string)
      .process('all', everything(held))
      .sinkTo('out', print())
    pairs.process('kept', keeper(held)).sinkTo('kept-out', print())
  })

for (const backend of ['hashmap', 'rocksdb'] as const) {
  describe(`state of older types, on ${backend}`, () => {
    async function ofFirst(): Promise<JobSnapshot> {
      await using harness = await jobHarness(made(first), { backend })
      await harness.source<Pair>('pairs').send(['a', 1], ['b', 10])
      await harness.checkpoint()
      await harness.source<Pair>('pairs').send(['a', 2], ['c', 5])
      return await harness.snapshot()
    }

    test('is what the job declares now, for every kind of state, timers and lists', async () => {
      const restore = await ofFirst()
      await using harness = await jobHarness(made(second), { backend, restore })
      await harness.source<Pair>('pairs').send(['a', 4], ['b', 3])
      assert.deepEqual(harness.output('out'), [
        'a 7 3 7 7 1+2+4 7 7 2.3333333333333335 even+odd 7',
        'b 13 2 13 13 3+10 13 13 6.5 even+odd 13',
      ])
      assert.deepEqual(harness.output('kept-out'), [
        'own 1+10+2+5+4 all 1+10+2+5+4',
        'own 1+10+2+5+4+3 all 1+10+2+5+4+3',
      ])
      await harness.advanceTime('2 min')
      const fired = harness.output<string>('out').filter((line) => line.includes('timer'))
      assert.equal(fired.length, 3)
      await harness.finish()
      assert.equal(
        harness.output<string>('out').filter((line) => line.includes('timer 5')).length,
        2,
      )
    })

    test('half written anew is read by the version after, over crashes and rescales', async () => {
      const restore = await ofFirst()
      let between: JobSnapshot
      {
        await using harness = await jobHarness(made(second), { backend, restore })
        await harness.source<Pair>('pairs').send(['a', 4], ['d', 8])
        await harness.rescale(2)
        await harness.crash()
        between = await harness.snapshot()
      }
      await using harness = await jobHarness(made(third), { backend, restore: between })
      await harness.source<Pair>('pairs').send(['a', 1])
      await harness.checkpoint()
      await harness.rescale(1)
      await harness.crash()
      await harness.source<Pair>('pairs').send(['b', 1], ['c', 1], ['d', 1])
      assert.deepEqual(harness.output('out'), [
        'a 8 4 8 7 1+2+4 8 8 2 even+odd 7',
        'b 11 2 11 11 1+10 11 11 5.5 even+odd 11',
        'c 6 2 6 6 1+5 6 6 3 odd 6',
        'd 9 2 9 9 1+8 9 9 4.5 even+odd 9',
      ])
      await harness.finish()
    })

    test('is written anew in the background, and then of one age', async () => {
      const restore = await ofFirst()
      await using harness = await jobHarness(made(third), { backend, restore })
      for (let round = 0; round < 4; round++) {
        await harness.source<Pair>('pairs').send(['z', round])
        await harness.checkpoint()
      }
      const snapshot = await harness.snapshot()
      await using opened = await snapshot.open()
      const ages = new Set<number>()
      for await (const batch of opened.all().batches())
        for (const { value } of batch) ages.add(value[1] ?? -1)
      assert.deepEqual([...ages], [1])
    })
  })
}
