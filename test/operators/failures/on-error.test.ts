// Error policies: a record at which a function throws leaves nothing behind, is told once, and all
// others come out as if it had never been.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  aggregatingState,
  counterState,
  deadLetterTag,
  dequeState,
  job,
  keyedProcess,
  listState,
  mapState,
  MillraceError,
  outputTag,
  reducingState,
  setState,
  sortedMapState,
  t,
  valueState,
} from 'millrace'
import type { DeadLetter, ErrorPolicy, StreamEnvironment } from 'millrace'
import { collection, print } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import { eventTimer } from '../../../src/time/descriptors.ts'

const Item = t.struct({ k: t.string, n: t.float64, at: t.timestamp })
interface Item {
  k: string
  n: number
  at: number
}
const nothing = collection<Item>([], { type: Item })
const aside = outputTag('aside', t.string)
/** Numbers below zero are poison. */
const item = (k: string, n: number, at = Math.abs(n)): Item => ({ k, n, at })

/** Changes every kind of state, and timers, emits to both outputs, and then throws. */
const everything = keyedProcess({
  key: t.string,
  input: Item,
  output: t.string,
  sideOutputs: [aside],
  timers: { due: eventTimer(t.float64) },
  state: {
    plain: valueState(t.float64),
    initial: valueState(t.float64, { initial: 7 }),
    object: valueState(t.struct({ n: t.float64 })),
    count: counterState(),
    least: reducingState((a: number, b: number) => Math.min(a, b), t.float64),
    all: aggregatingState({
      createAccumulator: (): { seen: number[] } => ({ seen: [] }),
      add: (n: number, all) => {
        all.seen.push(n)
        return all
      },
      getResult: ({ seen }) => seen.join(),
    }),
    list: listState(t.float64),
    other: listState(t.float64),
    map: mapState(t.string, t.float64),
    wiped: mapState(t.float64, t.float64),
    sorted: sortedMapState(t.float64, t.string),
    set: setState(t.float64),
    deque: dequeState(t.float64),
  },
  processElement({ n }, ctx, out) {
    const { state, timers } = ctx
    const abs = Math.abs(n)
    state.plain.update(n)
    state.initial.update(state.initial.value() + n)
    state.object.update({ n })
    if (abs % 3 === 0) state.object.clear()
    state.count.increment()
    state.count.add(abs)
    state.least.add(n)
    state.all.add(n)
    state.list.add(n)
    state.list.addAll([n, n])
    state.other.update([n])
    state.map.set('last', n)
    state.map.set(`${abs % 2}`, n)
    state.map.delete(`${(abs + 1) % 2}`)
    if (n < 0) state.wiped.clear()
    state.wiped.set(abs, n)
    state.sorted.set(abs, 'x')
    state.set.add(abs)
    state.set.delete(abs - 1)
    state.deque.pushLast(n)
    state.deque.pushFirst(n)
    if (state.deque.length > 4) state.deque.popLast()
    if (state.deque.length > 4) state.deque.popFirst()
    if (n < 0) state.deque.clear()
    for (const { at } of timers.due.list()) if (at % 2 === abs % 2) timers.due.delete(at)
    timers.due.set(100 + abs, n)
    ctx.output(aside, `aside ${n}`)
    out.collect(`n ${n}`)
    if (n < 0) throw new Error(`no ${n}`)
  },
  onTimer(at, { state, payload }, out) {
    const { deque, map, set, sorted, wiped } = state
    const text = [
      `${at} ${payload}`,
      state.plain.value(),
      state.initial.value(),
      state.object.value()?.n,
      state.count.value(),
      state.least.get(),
      state.all.get(),
      [...state.list.get()].join(),
      [...state.other.get()].join(),
      [...map.entries()].map(String).toSorted().join(';'),
      [...wiped.entries()].map(String).toSorted().join(';'),
      [...sorted.entries()].map(String).join(';'),
      [...set.values()].toSorted((a, b) => a - b).join(),
      [...deque].join(),
    ].join(' | ')
    out.collect(text)
    if (at === 104) throw new Error('this timer')
  },
})

const guarded = job('guarded', (env) => {
  const done = env
    .fromSource('items', nothing, { timestamp: ({ at }) => at, maxOutOfOrderness: 1_000 })
    .keyBy(({ k }) => k)
    .process('all', everything)
    .onError('dead-letter')
  done.sinkTo('out', print())
  done.sideOutput(aside).sinkTo('aside', print())
  done.sideOutput(deadLetterTag).sinkTo('letters', print())
})

async function outputsOf(
  items: readonly Item[],
  disturb?: (harness: Awaited<ReturnType<typeof jobHarness>>, at: number) => Promise<void>,
) {
  await using harness = await jobHarness(guarded)
  const source = harness.source<Item>('items')
  for (const [at, each] of items.entries()) {
    await source.send(each)
    await disturb?.(harness, at)
  }
  await harness.finish()
  return {
    out: harness.output<string>('out').toSorted(),
    aside: harness.output<string>('aside').toSorted(),
    letters: harness.output<DeadLetter>('letters'),
  }
}

const keys = ['a', 'b']
const good = keys.flatMap((k) => [1, 2, 3, 4, 5, 6].map((n) => item(k, n)))
const poisoned = [
  item('b', -9),
  ...good.flatMap((each) => [each, item(each.k, -each.n - 1), item(each.k, -each.n - 2)]),
  item('c', -3),
]

describe("onError('dead-letter')", () => {
  it('undoes all that a call did before it threw, in every kind of state', async () => {
    const wanted = await outputsOf(good)
    const { out, aside: sides, letters } = await outputsOf(poisoned)
    assert.deepEqual(out, wanted.out)
    assert.deepEqual(sides, wanted.aside)
    const records = letters.flatMap(({ record }) => (record === undefined ? [] : [record as Item]))
    assert.deepEqual(
      records.map(({ k, n }) => [k, n]),
      poisoned.filter(({ n }) => n < 0).map(({ k, n }) => [k, n]),
    )
    assert.equal(wanted.out.filter((each) => each.startsWith('104')).length, 0)
  })

  it('says which record or timer failed, on which key, when, and how', async () => {
    const { letters } = await outputsOf([item('a', 4), item('a', -5)])
    const [record, timer, ...others] = letters
    assert.deepEqual(others, [])
    const { stack = '', failedAt: _at, place: _place, ...rest } = record ?? {}
    assert.match(stack, /no -5[\s\S]*on-error\.test/)
    assert.deepEqual(rest, {
      operator: 'all',
      subtaskIndex: 0,
      record: item('a', -5),
      input: 1,
      key: 'a',
      timestamp: 5,
      code: 'FUNCTION_FAILED',
      message: 'no -5',
    })
    assert.deepEqual(timer?.timer, { domain: 'event-time', time: 104, name: 'due' })
    assert.equal(timer?.record, undefined)
  })

  it('tells each once, whatever restarts in between, at every parallelism', async () => {
    const wanted = await outputsOf(poisoned)
    const found = await outputsOf(poisoned, async (harness, at) => {
      if (at % 5 === 2) await harness.checkpoint()
      if (at % 7 === 3) await harness.crash()
      if (at % 11 === 4) await harness.rescale((at % 3) + 1)
    })
    const told = ({ letters }: typeof wanted) =>
      letters.map(({ record, timer, key }) => JSON.stringify([record, timer, key])).toSorted()
    assert.deepEqual(told(found), told(wanted))
    assert.deepEqual(found.out, wanted.out)
    assert.deepEqual(found.aside, wanted.aside)
  })
})

/** What a map over these numbers gives, under a policy. */
async function mapped(policy: ErrorPolicy, fn: (n: number) => number, after = (n: number) => n) {
  const numbers = job('numbers', (env) => {
    const done = env
      .fromSource('numbers', collection<number>([], { type: t.float64 }))
      .map(fn)
      .onError(policy)
    if (policy === 'dead-letter') done.sideOutput(deadLetterTag).sinkTo('letters', print())
    done.map(after).sinkTo('out', print())
  })
  await using harness = await jobHarness(numbers, { options: { restart: { strategy: 'none' } } })
  await harness.source<number>('numbers').send(1, 2, 3)
  await harness.finish()
  const { failedRecords } = harness.status
  return { out: harness.output<number>('out'), failedRecords }
}

const refuse = (error: unknown) => (n: number) => {
  if (n === 2) throw error
  return n
}

describe('an error policy', () => {
  it('passes over what fails, and counts it', async () => {
    const found = await mapped('skip', refuse(new Error('two')))
    assert.deepEqual(found, { out: [1, 3], failedRecords: 1 })
    const thrown = await mapped('skip', refuse('not even an error'))
    assert.deepEqual(thrown.out, [1, 3])
  })

  it('of `fail` is what is without one', async () => {
    await assert.rejects(mapped('fail', refuse(new Error('two'))), /two/)
  })

  it('is not for errors of the storage or the job', async () => {
    for (const code of ['STORAGE_FAILED', 'STORAGE_CORRUPT', 'JOB_ASYNC_FUNCTION'] as const) {
      await assert.rejects(mapped('skip', refuse(new MillraceError(code, 'not the record'))), {
        code,
      })
    }
    const mismatch = new MillraceError('TYPE_MISMATCH', 'the record')
    assert.deepEqual((await mapped('skip', refuse(mismatch))).out, [1, 3])
  })

  it('is not for operators behind', async () => {
    const behind = refuse(new Error('behind'))
    await assert.rejects(mapped('skip', Number, behind), /map.*behind/)
  })
})

describe('the graph', () => {
  const buildWith = (build: (env: StreamEnvironment) => void) => jobHarness(job('refused', build))
  const from = (env: StreamEnvironment, uid = 'items') => env.fromSource(uid, nothing)

  it('refuses policies where they cannot be kept', async () => {
    const invalid = (message: RegExp) => ({ code: 'JOB_GRAPH_INVALID', message })
    await assert.rejects(
      buildWith((env) => from(env).onError('skip').print()),
      invalid(/calls no function/),
    )
    await assert.rejects(
      buildWith((env) => from(env).union(from(env, 'more')).onError('skip').print()),
      invalid(/calls no function/),
    )
    await assert.rejects(
      buildWith((env) => {
        const timed = from(env).assignTimestamps('time', { timestamp: ({ at }) => at })
        timed.onError('skip').print()
      }),
      invalid(/cannot be chained to assignTimestamps: .*taken back/),
    )
    await assert.rejects(
      // As JavaScript may have it.
      buildWith((env) =>
        from(env)
          .map((each) => each)
          .onError('ignore' as ErrorPolicy)
          .print(),
      ),
      invalid(/"ignore"/),
    )
    await assert.rejects(
      buildWith((env) =>
        from(env)
          .map((each) => each)
          .onError('dead-letter')
          .print(),
      ),
      invalid(/nobody reads the dead letters of map/),
    )
  })
})
