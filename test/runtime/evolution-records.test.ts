// State that other operators keep for a function: what windows hold, and broadcast maps.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { job, mapState, t, tumblingWindow, type Type } from 'millrace'
import { collect, dataGenerator } from 'millrace/connectors'
import { type HarnessSnapshot, jobHarness } from 'millrace/testing'
import { feed, UID, windowHarness } from '../operators/windows/harness.ts'

const V1 = t.struct({ n: t.int32 })
const V2 = t.struct({ amount: t.field(t.int64, { renamedFrom: 'n' }), by: t.optional(t.string) })

test('a window that was half full under older types fires under the newer ones', async () => {
  const summing = <T>(input: Type<T>, plus: (a: T, b: T) => T, show: (sum: T) => string) => {
    return (restore?: HarnessSnapshot) =>
      windowHarness<string, T, string>(
        (keyed) => keyed.window(tumblingWindow(10)).reduce(UID, plus, show),
        { input, ...(restore === undefined ? {} : { restore }) },
      )
  }
  const first = summing(
    V1,
    (a, b) => ({ n: a.n + b.n }),
    ({ n }) => `${n}`,
  )
  const second = summing(
    V2,
    (a, b) => ({ amount: a.amount + b.amount }),
    ({ amount }) => `${amount}n`,
  )
  await using one = await first()
  feed(one, 'a', [{ n: 1 }, 3], [{ n: 2 }, 4], [{ n: 7 }, 14])
  await using two = await second(await one.snapshot())
  feed(two, 'a', [{ amount: 4n }, 5])
  two.processWatermark(100)
  assert.deepEqual(two.output, ['7n', '7n'])
})

describe('a broadcast map', () => {
  const priced = <T>(type: Type<T>, of: (n: number) => T, show: (held: T) => string) =>
    job('priced', (env) => {
      const rates = env
        .fromSource('rates', dataGenerator({ generate: (at) => at, count: 0 }))
        .broadcast({ rates: mapState(t.int32, type) })
      env
        .fromSource('items', dataGenerator({ generate: (at) => at, count: 0 }))
        .connect(rates)
        .process('priced', {
          processElement: (at, ctx, out: { collect(line: string): void }) => {
            const held = ctx.broadcast.rates.get(at)
            out.collect(held === undefined ? 'none' : show(held))
          },
          processBroadcastElement: (at, ctx) => ctx.broadcast.rates.set(at, of(at)),
        })
        .sinkTo('out', collect())
    })
  const one = priced(
    V1,
    (n) => ({ n }),
    ({ n }) => `${n}`,
  )
  const two = priced(
    V2,
    (n) => ({ amount: BigInt(n) }),
    ({ amount }) => `${amount}n`,
  )

  test('is read under newer types in every subtask', async () => {
    await using before = await jobHarness(one)
    await before.source<number>('rates').send(3, 4)
    const restore = await before.snapshot()
    await using after = await jobHarness(two, { restore, parallelism: 2 })
    await after.source<number>('items').send(3, 4, 5, 3)
    assert.deepEqual(after.output<string>('out').toSorted(), ['3n', '3n', '4n', 'none'])
  })
})
