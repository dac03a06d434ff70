// The next version of a job on the state of the one before: drops, renames, and what is refused.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { job, type JobOptions, keyedProcess, listState, mapState, t, valueState } from 'millrace'
import { collection } from 'millrace/connectors'
import { jobHarness, type JobSnapshot } from 'millrace/testing'
import { print } from '../../src/connectors/print.ts'

const Pair = t.tuple(t.string, t.int32)
type Pair = [string, number]
const nothing = collection<Pair>([], { type: Pair })

/** Sum and list of each key, and a second operator beside it that counts. */
const first = keyedProcess({
  key: t.string,
  input: Pair,
  output: t.string,
  state: {
    sum: valueState(t.float64, { initial: 0 }),
    seen: listState(t.int32),
    times: mapState(t.int32, t.int32),
  },
  processElement([key, value], { state }, out) {
    state.sum.update(state.sum.value() + value)
    state.seen.add(value)
    state.times.set(value, (state.times.get(value) ?? 0) + 1)
    out.collect(`${key} ${state.sum.value()} ${[...state.seen].join()}`)
  },
})

/** Without the list and the map; the sum has another name. */
const second = keyedProcess({
  key: t.string,
  input: Pair,
  output: t.string,
  state: { total: valueState(t.float64, { initial: 0 }) },
  processElement([key, value], { state }, out) {
    state.total.update(state.total.value() + value)
    out.collect(`${key} ${state.total.value()}`)
  },
})

/** The sum is text now. */
const third = keyedProcess({
  key: t.string,
  input: Pair,
  output: t.string,
  state: { total: valueState(t.string, { initial: '' }) },
  processElement([key, value], { state }, out) {
    state.total.update(`${state.total.value()}+${value}`)
    out.collect(`${key} ${state.total.value()}`)
  },
})

const before = job('deploys', (env) => {
  const keyed = env.fromSource('pairs', nothing).keyBy((pair) => pair[0], t.string)
  keyed.process('first', first).sinkTo('out', print())
  keyed.count('counts').sinkTo('counted', print())
})

const renamed = { second: 'first', 'second.total': 'first.sum' }
const after = (options: JobOptions, fn: typeof second | typeof third = second) =>
  job('deploys', options, (env) => {
    const keyed = env.fromSource('pairs', nothing).keyBy((pair) => pair[0], t.string)
    if (fn === second) keyed.process('second', second).sinkTo('out', print())
    else keyed.process('second', third).sinkTo('out', print())
    keyed.count('counts').sinkTo('counted', print())
  })

const drop = ['second.seen', 'second.times']

for (const backend of ['hashmap', 'rocksdb'] as const) {
  describe(`on ${backend}`, () => {
    async function snapshot(): Promise<JobSnapshot> {
      await using harness = await jobHarness(before, { backend })
      await harness.source<Pair>('pairs').send(['a', 1], ['b', 10])
      await harness.checkpoint()
      await harness.source<Pair>('pairs').send(['a', 2], ['c', 5])
      return await harness.snapshot()
    }

    test('what is renamed goes on, what is dropped is gone, also after a rescale', async () => {
      const restore = await snapshot()
      const next = after({ renamed, drop })
      await using harness = await jobHarness(next, { backend, restore })
      const pairs = harness.source<Pair>('pairs')
      await pairs.send(['a', 3])
      await harness.crash()
      await harness.checkpoint()
      await pairs.send(['b', 1])
      await harness.rescale(2)
      await pairs.send(['c', 1])
      await harness.crash()
      await harness.finish()
      assert.deepEqual(harness.output<string>('out').toSorted(), ['a 6', 'b 11', 'c 6'])
      assert.deepEqual(
        harness
          .output<{ key: string; value: number }>('counted')
          .map(({ key, value }) => `${key} ${value}`)
          .toSorted(),
        ['a 3', 'b 2', 'c 2'],
      )
    })

    test('a state that came back after it was dropped is empty', async () => {
      const restore = await snapshot()
      let between: JobSnapshot
      {
        await using harness = await jobHarness(after({ renamed, drop }), { backend, restore })
        await harness.source<Pair>('pairs').send(['a', 3])
        between = await harness.snapshot()
      }
      await using opened = await between.open()
      const rows: Record<string, unknown> = {}
      for await (const { key, states } of opened.reader.rows('second')) {
        rows[String(key)] = states['total']
      }
      assert.deepEqual(rows, { a: 6, b: 10, c: 5 })
      const back = { first: 'second', 'first.sum': 'second.total' }
      const again = job('deploys', { renamed: back }, (env) => {
        const keyed = env.fromSource('pairs', nothing).keyBy((pair) => pair[0], t.string)
        keyed.process('first', first).sinkTo('out', print())
        keyed.count('counts').sinkTo('counted', print())
      })
      await using harness = await jobHarness(again, { backend, restore: between })
      await harness.source<Pair>('pairs').send(['a', 1], ['b', 1])
      await harness.finish()
      assert.deepEqual(harness.output<string>('out').toSorted(), ['a 7 1', 'b 11 1'])
    })

    test('a state of another type begins anew once it is named, and only once', async () => {
      const restore = await snapshot()
      const options = { renamed, drop: [...drop, 'second.total'] }
      await using harness = await jobHarness(after(options, third), { backend, restore })
      await harness.source<Pair>('pairs').send(['a', 3])
      await harness.checkpoint()
      await harness.crash()
      await harness.source<Pair>('pairs').send(['a', 4])
      await harness.finish()
      assert.deepEqual(harness.output('out'), ['a +3', 'a +3+4'])
    })
  })
}

test('what nobody claims is refused, with the names to give it up by', async () => {
  const restore = await (async () => {
    await using harness = await jobHarness(before)
    await harness.source<Pair>('pairs').send(['a', 1])
    return await harness.snapshot()
  })()
  await assert.rejects(jobHarness(after({ renamed }), { restore }), {
    code: 'CHECKPOINT_INCOMPATIBLE',
    message: /state "seen" of "second" is gone\n {2}- state "times" of "second" is gone/,
    cure: /--drop second\.seen,second\.times/,
  })
  await assert.rejects(jobHarness(after({ drop: ['first.seen'] }), { restore }), {
    code: 'CHECKPOINT_INCOMPATIBLE',
  })
})

/** A key of another type, so that nothing the operator held can be read; and its timers. */
const byNumber = keyedProcess({
  key: t.int32,
  input: Pair,
  output: t.string,
  state: { sum: valueState(t.float64, { initial: 0 }) },
  processElement([, value], { state, currentKey }, out) {
    state.sum.update(state.sum.value() + value)
    out.collect(`${currentKey} ${state.sum.value()}`)
  },
})

const remindful = keyedProcess({
  key: t.string,
  input: Pair,
  output: t.string,
  state: { sum: valueState(t.float64, { initial: 0 }) },
  processElement([, value], { state, timers }) {
    state.sum.update(state.sum.value() + value)
    timers.registerProcessingTimeTimer(timers.currentProcessingTime + 60_000)
  },
  onTimer(_timestamp, { currentKey, state }, out) {
    out.collect(`${currentKey} ${state.sum.value()}`)
  },
})

const withTimers = job('timers', (env) => {
  const keyed = env.fromSource('pairs', nothing).keyBy((pair) => pair[0], t.string)
  keyed.process('sums', remindful).sinkTo('out', print())
  keyed.count('counts').sinkTo('counted', print())
})

for (const backend of ['hashmap', 'rocksdb'] as const) {
  test(`on ${backend} an operator of another key begins anew, the others go on`, async () => {
    await using old = await jobHarness(withTimers, { backend, parallelism: 2 })
    await old.source<Pair>('pairs').send(['a', 1], ['b', 10])
    await old.checkpoint()
    await old.source<Pair>('pairs').send(['a', 2], ['c', 5])
    const restore = await old.snapshot()
    const next = job('timers', { drop: ['sums'], renamed: { input: 'pairs' } }, (env) => {
      const pairs = env.fromSource('input', nothing)
      pairs
        .keyBy((pair) => pair[0].length, t.int32)
        .process('sums', byNumber)
        .sinkTo('out', print())
      pairs
        .keyBy((pair) => pair[0], t.string)
        .count('counts')
        .sinkTo('counted', print())
    })
    await using harness = await jobHarness(next, { backend, restore })
    const pairs = harness.source<Pair>('input')
    await pairs.send(['a', 3])
    await harness.checkpoint()
    await harness.advanceTime('2 min') // the timers are gone with what they were for
    await harness.crash()
    await pairs.send(['b', 4])
    await harness.rescale(2)
    await pairs.send(['c', 5])
    await harness.finish()
    assert.deepEqual(harness.output('out'), ['1 3', '1 7', '1 12'])
    const counted = harness.output<{ key: string; value: number }>('counted')
    assert.deepEqual(Object.fromEntries(counted.map(({ key, value }) => [key, value])), {
      a: 3,
      b: 2,
      c: 2,
    })
  })

  test(`on ${backend} an operator with timers may go for good`, async () => {
    await using old = await jobHarness(withTimers, { backend })
    await old.source<Pair>('pairs').send(['a', 1])
    const restore = await old.snapshot()
    const next = (drop: string[]) =>
      job('timers', { drop }, (env) => {
        const keyed = env.fromSource('pairs', nothing).keyBy((pair) => pair[0], t.string)
        keyed.count('counts').sinkTo('counted', print())
      })
    await assert.rejects(jobHarness(next(['sums.sum', 'out']), { backend, restore }), {
      message: /operator "sums" \(process\) is gone, and with it the state "sum", its timers/,
    })
    await using harness = await jobHarness(next(['sums', 'out']), { backend, restore })
    await harness.source<Pair>('pairs').send(['a', 1])
    await harness.crash()
    await harness.rescale(2)
    await harness.finish()
    assert.deepEqual(harness.output('counted'), [{ key: 'a', value: 2 }])
  })
}
