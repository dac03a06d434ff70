// Connected streams in whole jobs: nothing is lost or doubled over crashes and rescales, records of
// one key keep the order of their input, one upstream may feed both inputs.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, keyedCoProcess, listState, run, t } from 'millrace'
import { collect, dataGenerator } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import { linesOf, placeFor } from '../../runtime/run/helpers.ts'
import { backends } from '../windows/harness.ts'
import { expectedTrades } from './trades-job.ts'

const tradesJob = new URL('./trades-job.ts', import.meta.url)

type Item = readonly [key: string, at: number]

/** Emits each record with those of the other side that came before it. */
const seen = keyedCoProcess({
  key: t.string,
  state: { left: listState(t.float64), right: listState(t.float64) },
  processElement1([key, at]: Item, { state }, out: { collect(text: string): void }) {
    state.left.add(at)
    out.collect(`${key} left ${at} after ${state.right.get().join()}`)
  },
  processElement2([key, at]: Item, { state }, out: { collect(text: string): void }) {
    state.right.add(at)
    out.collect(`${key} right ${at} after ${state.left.get().join()}`)
  },
})

const sides = job('sides', (env) => {
  const source = () => dataGenerator<Item>({ generate: () => ['', 0], count: 0 })
  env
    .fromSource('left', source())
    .keyBy(([key]) => key, t.string)
    .connect(env.fromSource('right', source()).keyBy(([key]) => key, t.string))
    .process('seen', seen)
    .sinkTo('out', collect())
})

describe('a job with connected keyed streams', () => {
  for (const parallelism of [1, 2]) {
    it(`shares the state of a key at parallelism ${parallelism}, over crashes`, async () => {
      await using harness = await jobHarness(sides, { parallelism })
      const [left, right] = [harness.source<Item>('left'), harness.source<Item>('right')]
      await left.send(['a', 1], ['b', 1])
      await right.send(['a', 2])
      await harness.checkpoint()
      await right.send(['b', 2], ['b', 3])
      await harness.crash()
      await left.send(['a', 3], ['b', 4])
      await harness.rescale(3)
      await right.send(['a', 5], ['b', 5])
      await harness.rescale(1)
      await left.send(['a', 6])
      await harness.finish()
      assert.deepEqual(harness.output<string>('out').toSorted(), [
        'a left 1 after ',
        'a left 3 after 2',
        'a left 6 after 2,5',
        'a right 2 after 1',
        'a right 5 after 1,3',
        'b left 1 after ',
        'b left 4 after 2,3',
        'b right 2 after 1',
        'b right 3 after 1',
        'b right 5 after 1,4',
      ])
    })
  }

  for (const { name, isThere } of backends) {
    it(
      `joins all of both on two workers on ${name}, over a failure`,
      {
        skip: !isThere,
      },
      async (context) => {
        const { options, output, marker } = placeFor(context)
        const handle = await run(tradesJob, {
          ...options,
          backend: name === 'rocksdb' ? 'rocksdb' : 'hashmap',
          checkpointing: { interval: 20 },
          parallelism: 2,
          params: { output, records: 6_000, marker },
        })
        await handle.finished
        assert.equal(handle.status.attempts, 2)
        assert.deepEqual(linesOf(output).toSorted(), expectedTrades(6_000))
      },
    )
  }
})

describe('a job with connected streams without keys', () => {
  for (const parallelism of [1, 2]) {
    it(`may connect a stream with itself, at parallelism ${parallelism}`, async (context) => {
      const out = collect<string>()
      const made = job('self', (env) => {
        const numbers = env.fromSource(
          'numbers',
          dataGenerator({ generate: (at) => at, count: 5_000, splits: 2 }),
        )
        numbers
          .connect(numbers)
          .map(
            (at) => `first ${at}`,
            (at) => `second ${at}`,
          )
          .sinkTo('out', out)
      })
      if (parallelism === 1) {
        const handle = await run(made, placeFor(context).options)
        await handle.finished
        assert.equal(out.values.length, 10_000)
        assert.equal(new Set(out.values).size, 10_000)
      } else {
        await using harness = await jobHarness(made, { parallelism, splits: 2 })
        const numbers = harness.source<number>('numbers')
        await numbers.sendTo(0, 1, 2)
        await numbers.sendTo(1, 3)
        await harness.finish()
        const expected = [1, 2, 3].flatMap((at) => [`first ${at}`, `second ${at}`])
        assert.deepEqual(harness.output<string>('out').toSorted(), expected.toSorted())
      }
    })
  }

  it('gives each entrance its records and their timestamps', async (context) => {
    const out = collect<string>()
    const made = job('plain', (env) => {
      const time = { timestamp: (at: number) => at }
      const numbers = env.fromSource(
        'numbers',
        dataGenerator({ generate: (at) => at, count: 3 }),
        time,
      )
      const words = env.fromElements('words', ['a b', 'c'])
      const results = numbers.connect(words).process('both', {
        open: ({ uid }) => uid,
        processElement1: (at, ctx, results: { collect(text: string): void }) =>
          results.collect(`${ctx.resources} ${at} at ${ctx.timestamp}`),
        processElement2: (text, ctx, results) => results.collect(`${text} at ${ctx.timestamp}`),
      })
      const split = numbers.connect(words).flatMap(
        (at) => (at === 1 ? [] : [String(at)]),
        (text) => text.split(' '),
      )
      results.union(split).sinkTo('out', out)
    })
    const handle = await run(made, placeFor(context).options)
    await handle.finished
    assert.deepEqual(
      out.values.toSorted(),
      ['both 0 at 0', 'both 1 at 1', 'both 2 at 2', 'a b at undefined', 'c at undefined']
        .concat('0', '2', 'a', 'b', 'c')
        .toSorted(),
    )
  })
})
