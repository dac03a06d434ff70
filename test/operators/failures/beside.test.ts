// Error policies of asynchronous calls, of functions with state that belongs to no key, of the
// broadcast side, and of selectors of keys.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  deadLetterTag,
  job,
  mapState,
  operatorListState,
  processFunction,
  t,
  valueState,
} from 'millrace'
import type { DataStream, DeadLetter, StreamEnvironment } from 'millrace'
import { collection, print } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'

const Item = t.struct({ k: t.string, n: t.float64 })
interface Item {
  k: string
  n: number
}
const nothing = collection<Item>([], { type: Item })
const item = (n: number): Item => ({ k: n % 2 === 0 ? 'a' : 'b', n })
const good = [1, 2, 3, 4, 5, 6].map(item)
const poisoned = good.flatMap((each) => [item(-each.n), each])

function jobOf(build: (env: StreamEnvironment) => DataStream<unknown>) {
  return job('beside', (env) => {
    const done = build(env).onError('dead-letter')
    done.sinkTo('out', print())
    done.sideOutput(deadLetterTag).sinkTo('letters', print())
  })
}

async function resultsOf(
  made: ReturnType<typeof jobOf>,
  items: readonly Item[],
  { parallelism = 1, source = 'items', restarts = false } = {},
) {
  await using harness = await jobHarness(made, { parallelism })
  for (const [at, each] of items.entries()) {
    await harness.source<Item>(source).send(each)
    if (restarts && at % 3 === 1) await harness.checkpoint()
    if (restarts && at % 4 === 2) await harness.crash()
  }
  await harness.finish()
  return {
    out: harness.output<unknown>('out'),
    letters: harness.output<DeadLetter>('letters'),
    failedRecords: harness.status.failedRecords,
  }
}
const numbersOf = (letters: readonly DeadLetter[]): number[] =>
  letters.map(({ record }) => (record as Item).n).toSorted((a, b) => b - a)
const refuse = (n: number): number => {
  if (n < 0) throw new Error(`no ${n}`)
  return n
}

describe('an asynchronous call under a policy', () => {
  for (const ordered of [true, false]) {
    it(`is passed over when its last attempt has failed (ordered: ${ordered})`, async () => {
      let calls = 0
      const made = jobOf((env) =>
        env
          .fromSource('items', nothing)
          .asyncMap(
            'call',
            { timeout: '10 s', ordered, retry: { attempts: 2, backoff: 1 } },
            async ({ n }) => {
              calls++
              await Promise.resolve()
              return refuse(n)
            },
          ),
      )
      const { out, letters } = await resultsOf(made, poisoned)
      assert.deepEqual(new Set(out), new Set([1, 2, 3, 4, 5, 6]))
      assert.deepEqual(numbersOf(letters), [-1, -2, -3, -4, -5, -6])
      assert.equal(calls, 6 + 2 * 6)
      assert.ok(letters.some(({ message }) => message === 'no -1'))
      assert.match(letters[0]?.stack ?? '', /beside\.test/)
    })
  }

  it('is told once across restarts, also what runs out of time', async () => {
    const made = jobOf((env) =>
      env
        .fromSource('items', nothing)
        .asyncFlatMap('call', { timeout: 5 }, ({ n }) =>
          n < 0 ? new Promise<number[]>(() => undefined) : [n, n],
        ),
    )
    const { out, letters } = await resultsOf(made, poisoned, { restarts: true })
    assert.deepEqual(
      out,
      [1, 2, 3, 4, 5, 6].flatMap((n) => [n, n]),
    )
    assert.deepEqual(numbersOf(letters), [-1, -2, -3, -4, -5, -6])
    assert.ok(letters.every(({ code }) => code === 'FUNCTION_TIMEOUT'))
  })

  it('emits all of its results, or none', async () => {
    const made = jobOf((env) =>
      env.fromSource('items', nothing).asyncFlatMap('call', { timeout: '1 s' }, ({ n }) => ({
        *[Symbol.iterator]() {
          yield n
          refuse(n)
        },
      })),
    )
    const { out, letters } = await resultsOf(made, poisoned)
    assert.deepEqual(out, [1, 2, 3, 4, 5, 6])
    assert.equal(letters.length, 6)
  })
})

describe('state that belongs to no key', () => {
  it('is as it was when the call has failed', async () => {
    const made = jobOf((env) =>
      env.fromSource('items', nothing).process(
        'kept',
        processFunction({
          input: Item,
          operatorState: { seen: operatorListState(t.float64), last: operatorListState(t.float64) },
          processElement({ n }, { operatorState: { seen, last } }, out) {
            seen.add(n)
            seen.addAll([n])
            last.update([n])
            if (n < 0) seen.clear()
            refuse(n)
            out.collect(`${seen.get().join()} ${last.get().join()}`)
          },
        }),
      ),
    )
    const wanted = await resultsOf(made, good)
    const found = await resultsOf(made, poisoned, { restarts: true })
    assert.deepEqual(found.out, wanted.out)
    assert.equal(found.letters.length, 6)
  })

  const broadcast = (all: boolean) =>
    jobOf((env) =>
      env
        .fromSource('items', nothing)
        .keyBy(({ k }) => k)
        .connect(
          env.fromSource('rules', nothing).broadcast({ rules: mapState(t.string, t.float64) }),
        )
        .process('ruled', {
          state: { sum: valueState(t.float64, { initial: 0 }) },
          processElement({ n }, { state, broadcast: { rules } }, out) {
            state.sum.update(state.sum.value() + n)
            refuse(n)
            out.collect([...rules.entries(), state.sum.value()])
          },
          processBroadcastElement({ k, n }, ctx, out) {
            const { rules } = ctx.broadcast
            if (n < 0) rules.clear()
            rules.set(k, n)
            if (all) ctx.applyToKeyedState('sum', (_key, sum) => sum.update(n))
            out.collect(['rule', n])
            refuse(n)
          },
        }),
    )

  it('of a broadcast stream too, and is told by one subtask', async () => {
    const send = async (rules: readonly Item[], items: readonly Item[], parallelism: number) => {
      await using harness = await jobHarness(broadcast(false), { parallelism })
      await harness.source<Item>('rules').send(...rules)
      await harness.source<Item>('items').send(...items)
      await harness.checkpoint()
      await harness.crash()
      await harness.source<Item>('rules').send(...rules)
      await harness.source<Item>('items').send(...items)
      await harness.finish()
      const out = harness.output<unknown>('out').map((each) => JSON.stringify(each))
      return { out: out.toSorted(), letters: harness.output<DeadLetter>('letters') }
    }
    for (const parallelism of [1, 3]) {
      const wanted = await send(good, good, parallelism)
      const found = await send(poisoned, poisoned, parallelism)
      assert.deepEqual(found.out, wanted.out)
      const byInput = (input: number) => found.letters.filter((each) => each.input === input)
      assert.equal(byInput(2).length, 12, 'rules')
      assert.equal(byInput(1).length, 12, 'records')
      assert.ok(byInput(2).every(({ key }) => key === undefined))
    }
  })

  it('fails where subtasks could come to different results', async () => {
    await using harness = await jobHarness(broadcast(true), {
      options: { restart: { strategy: 'none' } },
    })
    await harness.source<Item>('items').send(...good)
    await harness.source<Item>('rules').send(item(2))
    await assert.rejects(
      async () => {
        await harness.source<Item>('rules').send(item(-2))
        await harness.finish()
      },
      { code: 'FUNCTION_FAILED', message: /no -2.*others in each subtask/ },
    )
  })
})

describe('a record without a key', () => {
  const made = jobOf((env) =>
    env
      .fromSource('items', nothing)
      .keyBy(({ k, n }) => (refuse(n), k))
      .sum('sums', ({ n }) => n),
  )
  it('is told by the operator that asks for it, once, at every parallelism', async () => {
    const wanted = await resultsOf(made, good)
    for (const parallelism of [1, 2, 3]) {
      const { out, letters, failedRecords } = await resultsOf(made, poisoned, { parallelism })
      const sums = out.map((each) => JSON.stringify(each))
      assert.deepEqual(sums.toSorted(), wanted.out.map((each) => JSON.stringify(each)).toSorted())
      assert.deepEqual(numbersOf(letters), [-1, -2, -3, -4, -5, -6])
      assert.equal(failedRecords, 6)
      assert.ok(letters.every(({ key, operator }) => key === undefined && operator === 'sums'))
    }
  })

  it('fails the job without a policy', async () => {
    const plain = job('plain', (env) => {
      env
        .fromSource('items', nothing)
        .keyBy(({ k, n }) => (refuse(n), k))
        .sum('sums', ({ n }) => n)
        .print('out')
    })
    for (const parallelism of [1, 2]) {
      const options = { parallelism, restart: { strategy: 'none' } } as const
      await using harness = await jobHarness(plain, { options })
      await assert.rejects(async () => {
        await harness.source<Item>('items').send(item(-1))
        await harness.finish()
      }, /sums.*no -1/)
    }
  })
})
