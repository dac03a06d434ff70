import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  aggregatingState,
  type Infer,
  keyedProcess,
  listState,
  mapState,
  outputTag,
  reducingState,
  t,
  valueState,
} from 'millrace'
import { hashmap } from 'millrace/hashmap'
import { rocksdb, rocksdbIsAvailable } from 'millrace/rocksdb'
import { keyedHarness, type KeyedHarness } from 'millrace/testing'

const Payment = t.struct({ merchant: t.string, amount: t.float64 })
type Payment = Infer<typeof Payment>
const audit = outputTag('audit', t.string)

const watch = keyedProcess({
  key: t.string,
  input: Payment,
  output: t.string,
  state: {
    last: valueState(t.float64),
    seen: valueState(t.int32, { initial: 0 }),
    amounts: listState(t.float64),
    byMerchant: mapState(t.string, t.int32),
    largest: reducingState((a: number, b: number) => Math.max(a, b), t.float64),
    mean: aggregatingState(
      {
        createAccumulator: () => ({ sum: 0, n: 0 }),
        add: (value: number, { sum, n }) => ({ sum: sum + value, n: n + 1 }),
        getResult: ({ sum, n }) => sum / n,
      },
      t.struct({ sum: t.float64, n: t.int32 }),
    ),
  },
  processElement(payment, ctx, out) {
    const { last, seen, amounts, byMerchant, largest, mean } = ctx.state
    if (payment.amount < 0) throw new Error('less than nothing')
    if (seen.value() === 0) ctx.output(audit, `first of ${ctx.currentKey}`)
    seen.update(seen.value() + 1)
    last.update(payment.amount)
    amounts.add(payment.amount)
    byMerchant.set(payment.merchant, (byMerchant.get(payment.merchant) ?? 0) + 1)
    largest.add(payment.amount)
    mean.add(payment.amount)
    out.collect(`${ctx.currentKey} ${seen.value()}`)
    if (ctx.timestamp !== undefined) ctx.timers.registerEventTimeTimer(ctx.timestamp + 100)
    ctx.timers.registerProcessingTimeTimer(ctx.timers.currentProcessingTime + 50, 'idle')
  },
  onTimer(timestamp, ctx, out) {
    out.collect(`${ctx.currentKey} ${ctx.timerName}@${timestamp}`)
    if (ctx.timeDomain === 'event-time') ctx.state.amounts.clear()
  },
})
type Watch = KeyedHarness<string, Payment, string, NonNullable<(typeof watch)['state']>>

const backends = [
  { name: 'hashmap', isThere: true, create: hashmap },
  { name: 'rocksdb', isThere: rocksdbIsAvailable(), create: rocksdb },
]

function pay(harness: Watch): void {
  harness.processElement('ann', { merchant: 'm', amount: 3 }, 10)
  harness.processElement('bob', { merchant: 'm', amount: 8 })
  harness.processElement('ann', { merchant: 'n', amount: 5 }, 20)
}

for (const { name, isThere, create } of backends) {
  const skip = isThere ? false : 'not available on this platform'
  describe(`a harness on ${name}`, { skip }, () => {
    it('runs a function and shows output, side output and every kind of state', async () => {
      await using harness = await keyedHarness(watch, { backend: create() })
      pay(harness)
      assert.deepEqual(harness.output, ['ann 1', 'bob 1', 'ann 2'])
      assert.deepEqual(harness.outputTimestamps, [10, undefined, 20])
      assert.deepEqual(harness.sideOutput(audit), ['first of ann', 'first of bob'])
      const ann = harness.state('ann')
      const bob = harness.state('bob')
      assert.equal(ann.last.value(), 5)
      assert.equal(bob.last.value(), 8)
      assert.equal(ann.seen.value(), 2)
      assert.deepEqual(ann.amounts.get(), [3, 5])
      assert.equal(ann.amounts.length, 2)
      assert.deepEqual([...bob.amounts], [8])
      assert.deepEqual(new Map(ann.byMerchant), new Map([['m', 1], ['n', 1]])) // prettier-ignore
      assert.equal(ann.byMerchant.get('n'), 1)
      assert.equal(bob.byMerchant.has('n'), false)
      assert.deepEqual([...bob.byMerchant.keys(), ...bob.byMerchant.values()], ['m', 1])
      assert.equal(ann.largest.get(), 5)
      assert.equal(ann.mean.get(), 4)
      const nobody = harness.state('nobody')
      assert.equal(nobody.last.value(), undefined)
      assert.equal(nobody.seen.value(), 0)
      assert.equal(nobody.byMerchant.isEmpty, true)
      assert.deepEqual([...harness.keys()].sort(), ['ann', 'bob'])
    })

    it('fires timers by hand', async () => {
      await using harness = await keyedHarness(watch, {
        backend: create(),
        processingTime: 1_000,
      })
      pay(harness)
      assert.equal(harness.nextTimer('event-time'), 110)
      assert.equal(harness.nextTimer('processing-time'), 1_050)
      harness.processWatermark(115)
      assert.deepEqual(harness.output.slice(3), ['ann @110'])
      harness.processWatermark(20)
      harness.setProcessingTime(1_049)
      assert.equal(harness.output.length, 4)
      harness.setProcessingTime(1_050)
      assert.deepEqual(harness.output.slice(4).sort(), ['ann idle@1050', 'bob idle@1050'])
      assert.equal(harness.nextTimer('processing-time'), undefined)
    })

    it('snapshots what it holds, to be restored on every backend', async () => {
      await using harness = await keyedHarness(watch, { backend: create() })
      pay(harness)
      harness.processWatermark(50)
      const first = await harness.snapshot()
      harness.processElement('ann', { merchant: 'o', amount: 9 }, 30)
      const second = await harness.snapshot()
      assert.equal(first.runBytes.length, 1)
      assert.equal(second.runBytes.length, 2, 'the second holds the first and what changed')
      for (const other of backends.filter((each) => each.isThere)) {
        await using restored = await keyedHarness(watch, {
          restore: first,
          backend: other.create(),
        })
        assert.deepEqual(restored.output, [])
        assert.deepEqual(restored.state('ann').amounts.get(), [3, 5])
        assert.equal(restored.state('ann').mean.get(), 4)
        assert.equal(restored.state('bob').seen.value(), 1)
        restored.processWatermark(110)
        assert.deepEqual(restored.output, ['ann @110'])
        await using newer = await keyedHarness(watch, { restore: second, backend: other.create() })
        assert.deepEqual(newer.state('ann').amounts.get(), [3, 5, 9])
        newer.processWatermark(1_000)
        assert.deepEqual(newer.output, ['ann @110', 'ann @120', 'ann @130'])
        const third = await newer.snapshot()
        await using last = await keyedHarness(watch, { restore: third, backend: create() })
        assert.equal(last.nextTimer('event-time'), undefined)
        assert.deepEqual(last.state('ann').amounts.get(), [])
      }
    })
  })
}

describe('a harness', () => {
  it('shows state that cannot be written', async () => {
    await using harness = await keyedHarness(watch)
    pay(harness)
    const { seen, byMerchant } = harness.state('ann')
    assert.ok(!('update' in seen) && !('set' in byMerchant))
    // @ts-expect-error a view of state cannot be written
    assert.throws(() => seen.update(1), TypeError)
    // @ts-expect-error a view of state cannot be written
    assert.throws(() => byMerchant.set('m', 1), TypeError)
  })

  it('names function and key when the function throws, and goes on', async () => {
    await using harness = await keyedHarness(watch, { uid: 'watch' })
    assert.throws(() => harness.processElement('ann', { merchant: 'm', amount: -1 }), {
      code: 'FUNCTION_FAILED',
      message: 'watch, key "ann": less than nothing',
    })
    pay(harness)
    assert.equal(harness.output.length, 3)
  })

  it('gives what open returned to the function, and closes it once', async () => {
    const closed: string[] = []
    const fn = keyedProcess({
      output: t.string,
      open: async ({ jobName, uid }) => `${jobName}/${uid}`,
      processElement: (value: string, ctx, out) => out.collect(`${ctx.resources} ${value}`),
      close: (resources) => void closed.push(resources),
    })
    const harness = await keyedHarness(fn, { uid: 'f' })
    harness.processElement(1, 'x')
    await harness[Symbol.asyncDispose]()
    await harness[Symbol.asyncDispose]()
    assert.deepEqual(harness.output, ['harness/f x'])
    assert.deepEqual(closed, ['harness/f'])
  })

  it('takes keys and values that were never declared', async () => {
    const fn = keyedProcess({
      state: { all: valueState<{ sum: number }>() },
      processElement(value: number, ctx) {
        ctx.state.all.update({ sum: (ctx.state.all.value()?.sum ?? 0) + value })
      },
    })
    await using harness = await keyedHarness(fn)
    harness.processElement(['a', 1], 2)
    harness.processElement(['a', 1], 3)
    harness.processElement(['a', 2], 4)
    assert.deepEqual(harness.state(['a', 1]).all.value(), { sum: 5 })
  })

  it('refuses to restore into a function whose state differs, in the words of a job', async () => {
    await using harness = await keyedHarness(watch)
    pay(harness)
    const changed = keyedProcess({
      key: t.string,
      state: { ...watch.state, last: valueState(t.string) },
      processElement() {},
      onTimer() {},
    })
    await assert.rejects(keyedHarness(changed, { restore: await harness.snapshot() }), {
      code: 'CHECKPOINT_INCOMPATIBLE',
      message: /state "last" of "function" has another type: .*float64.*string/,
    })
  })

  it('refuses a function that a job would refuse', async () => {
    const fn = keyedProcess({
      processElement: (async () => undefined) as unknown as () => undefined, // as in JavaScript
    })
    await assert.rejects(
      keyedHarness(fn).then((harness) => harness.processElement('k', 1)),
      { code: 'JOB_ASYNC_FUNCTION' },
    )
  })

  it('ends a function that sets due timers without end', async () => {
    const fn = keyedProcess({
      processElement: (_value: number, ctx) => ctx.timers.registerEventTimeTimer(1),
      onTimer: (time, ctx) => ctx.timers.registerEventTimeTimer(time),
    })
    await using harness = await keyedHarness(fn)
    harness.processElement('k', 1)
    assert.throws(() => harness.processWatermark(5), /timers that are due at once, without end/)
  })

  it('refuses two snapshots at a time', async () => {
    await using harness = await keyedHarness(watch)
    pay(harness)
    const first = harness.snapshot()
    await assert.rejects(harness.snapshot(), { code: 'CHECKPOINT_FAILED' })
    harness.processElement('carl', { merchant: 'm', amount: 1 })
    await using restored = await keyedHarness(watch, { restore: await first })
    assert.deepEqual([...restored.keys()].sort(), ['ann', 'bob'], 'records may go on meanwhile')
  })
})
