// Broadcast streams in whole jobs: every subtask sees every record, one copy of the state is in a
// checkpoint, all restore from it, and a state that is not equal everywhere stops the job.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, mapState, run, t } from 'millrace'
import { collect, dataGenerator } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import { linesOf, placeFor } from '../../runtime/run/helpers.ts'
import { expectedPrices } from './prices-job.ts'

const pricesJob = new URL('./prices-job.ts', import.meta.url)

interface Out {
  collect(text: string): void
}

const source = <T>(value: T) => dataGenerator<T>({ generate: () => value, count: 0 })
const state = { rates: mapState(t.string, t.float64) }

/** Prices by key, in a currency whose rate is broadcast. */
const keyed = job('keyed', (env) => {
  const rates = env.fromSource('rates', source(['', 0] as [string, number])).broadcast(state)
  env
    .fromSource('prices', source(['', 0] as [string, number]))
    .keyBy(([item]) => item, t.string)
    .connect(rates)
    .process('priced', {
      processElement: ([item, price], ctx, out: Out) => {
        for (const [currency, rate] of ctx.broadcast.rates) {
          out.collect(`${item} ${price * rate} ${currency}`)
        }
      },
      processBroadcastElement: ([currency, rate], ctx) => ctx.broadcast.rates.set(currency, rate),
    })
    .sinkTo('out', collect())
})

/** As above without keys; each subtask answers for itself. */
const plain = job('plain', (env) => {
  const rates = env.fromSource('rates', source(['', 0] as [string, number])).broadcast(state)
  env
    .fromSource('prices', source(0))
    .connect(rates)
    .process('priced', {
      open: ({ subtaskIndex }) => ({ subtaskIndex }),
      processElement: (price, ctx, out: Out) => {
        out.collect(`${price * (ctx.broadcast.rates.get('eur') ?? 1)}`)
      },
      processBroadcastElement: ([currency, rate], ctx, out) => {
        ctx.broadcast.rates.set(currency, rate)
        out.collect(`${currency} at ${ctx.resources.subtaskIndex}`)
      },
    })
    .sinkTo('out', collect())
})

describe('a job with a broadcast stream', () => {
  for (const parallelism of [1, 2]) {
    it(`has its state in all subtasks, from ${parallelism} on over crashes`, async () => {
      await using harness = await jobHarness(keyed, { parallelism, splits: 2 })
      const rates = harness.source<[string, number]>('rates')
      const prices = harness.source<[string, number]>('prices')
      const items = Array.from({ length: 12 }, (_, at) => `item${at}`)
      const askAll = async (price: number): Promise<string[]> => {
        const before = harness.output<string>('out').length
        await prices.send(...items.map((item): [string, number] => [item, price]))
        return harness.output<string>('out').slice(before).toSorted()
      }
      const answer = (...texts: readonly string[]): string[] =>
        items.flatMap((item) => texts.map((text) => `${item} ${text}`)).toSorted()

      await rates.send(['eur', 2])
      assert.deepEqual(await askAll(1), answer('2 eur'))
      await harness.checkpoint()
      await rates.send(['usd', 3])
      assert.deepEqual(await askAll(2), answer('4 eur', '6 usd'))
      await harness.checkpoint()
      for (const next of [3, 2, 1]) {
        await harness.rescale(next)
        assert.deepEqual(await askAll(next), answer(`${next * 2} eur`, `${next * 3} usd`))
        await harness.checkpoint()
        await harness.crash()
        assert.deepEqual(await askAll(10), answer('20 eur', '30 usd'))
      }
      await harness.finish()
    })
  }

  it('takes its records to every subtask of a function without keys', async () => {
    await using harness = await jobHarness(plain, { parallelism: 3 })
    await harness.source<[string, number]>('rates').send(['eur', 2])
    assert.deepEqual(harness.output<string>('out').toSorted(), ['eur at 0', 'eur at 1', 'eur at 2'])
    await harness.rescale(2)
    await harness.source<number>('prices').send(4)
    assert.deepEqual(harness.output<string>('out').slice(-1), ['8'])
    await harness.finish()
  })

  it('ends the job when its subtasks hold different things, and names the function', async () => {
    const made = job('different', (env) => {
      const rates = env.fromSource('rates', source('')).broadcast(state)
      env
        .fromSource('prices', source(''))
        .keyBy((item) => item)
        .connect(rates)
        .process('own', {
          open: ({ subtaskIndex }) => subtaskIndex,
          processElement: () => undefined,
          processBroadcastElement: (name, ctx) => ctx.broadcast.rates.set(name, ctx.resources),
        })
        .sinkTo('out', collect())
    })
    await using single = await jobHarness(made)
    await single.source('rates').send('eur')
    await single.checkpoint()
    await using harness = await jobHarness(made, { parallelism: 2 })
    await harness.source('rates').send('eur')
    await assert.rejects(harness.checkpoint(), {
      code: 'FUNCTION_FAILED',
      retryable: false,
      message:
        'the broadcast state "rates" of "own" differs between its subtasks 0 and 1: ' +
        'its function is not deterministic',
      details: { operator: 'own', state: 'rates' },
    })
  })

  it('gives the same over threads and a failure', async (context) => {
    const { options, output, marker } = placeFor(context)
    const handle = await run(pricesJob, {
      ...options,
      checkpointing: { interval: 20 },
      parallelism: 2,
      params: { output, records: 4_000, marker },
    })
    await handle.finished
    assert.equal(handle.status.attempts, 2)
    assert.deepEqual(linesOf(output).toSorted(), expectedPrices(4_000))
  })
})
