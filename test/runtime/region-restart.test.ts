// Whole jobs of several regions, in virtual time: when one fails, the others neither stop nor read
// anything twice, and all output is exact.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, t } from 'millrace'
import { collection, print } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'

const Num = t.struct({ key: t.string, value: t.float64 })
const nothing = collection([], { type: Num })
const num = (key: string, value: number) => ({ key, value })
const restart = { strategy: 'fixed-delay', attempts: 3, delay: '1 s' } as const

/** Two pipelines that have nothing to do with each other; one throws at 13, so often. */
function twoPipelines(throwsTimes: number) {
  const seen = { left: [] as number[], right: [] as number[] }
  let thrown = 0
  const value = job('two', (env) => {
    for (const side of ['left', 'right'] as const) {
      env
        .fromSource(side, nothing)
        .map((each) => {
          seen[side].push(each.value)
          if (each.value === 13 && thrown < throwsTimes) {
            thrown++
            throw new Error('thirteen')
          }
          return each
        })
        .keyBy((each) => each.key)
        .sum(`${side}-sums`, (each) => each.value)
        .sinkTo(`${side}-out`, print())
    }
  })
  return { value, seen }
}

const values = (outputs: readonly unknown[]) =>
  outputs.map((each) => (each as { readonly value: number }).value)

for (const parallelism of [1, 2]) {
  for (const backend of ['hashmap', 'rocksdb'] as const) {
    describe(`a job of two pipelines on ${backend} at parallelism ${parallelism}`, () => {
      const options = { parallelism, backend, options: { restart } }

      it('restarts the pipeline that failed, and the other does not notice', async () => {
        const { value, seen } = twoPipelines(1)
        await using harness = await jobHarness(value, options)
        const left = harness.source<ReturnType<typeof num>>('left')
        const right = harness.source<ReturnType<typeof num>>('right')
        await left.send(num('a', 1))
        await right.send(num('b', 10))
        await harness.checkpoint()
        await left.send(num('a', 2))
        await right.send(num('b', 20))
        await left.send(num('a', 13))
        await right.send(num('b', 30))
        assert.deepEqual(values(harness.output('right-out')), [10, 30, 60])
        assert.equal(harness.status.regions.failed[0]?.state, 'restarting')
        await harness.advanceTime('2 s')
        await harness.until(() => harness.status.regions.failed[0]?.state === 'running')
        await left.send(num('a', 100))
        assert.deepEqual(values(harness.output('left-out')), [1, 3, 16, 116])
        assert.deepEqual(seen.left, [1, 2, 13, 2, 13, 100])
        assert.deepEqual(seen.right, [10, 20, 30])
        assert.equal(harness.status.attempts, 1)
        const [failed] = harness.status.regions.failed
        assert.equal(harness.status.regions.count, 2)
        assert.deepEqual([failed?.state, failed?.restarts], ['running', 1])
        await harness.finish()
        assert.deepEqual(values(harness.committed('left-out')), [1, 3, 16, 116])
        assert.deepEqual(values(harness.committed('right-out')), [10, 30, 60])
      })
    })
  }
}

/** No exchange: each subtask is a region, with one split of the source. */
function forwardOnly() {
  const seen: number[] = []
  let failures = 1
  const value = job('forward', (env) => {
    env
      .fromSource('in', nothing)
      .map((each) => {
        seen.push(each.value)
        if (each.value === 13 && failures-- > 0) throw new Error('thirteen')
        return each.value
      })
      .sinkTo('out', print())
  })
  return { value, seen }
}

const sorted = (outputs: readonly unknown[]) => outputs.map(Number).toSorted((a, b) => a - b)

describe('a job without exchanges at parallelism 2', () => {
  it('restarts one subtask alone, from where the newest checkpoint had it', async () => {
    const { value, seen } = forwardOnly()
    const options = { parallelism: 2, splits: 2, options: { restart } }
    await using harness = await jobHarness(value, options)
    const source = harness.source<ReturnType<typeof num>>('in')
    await source.sendTo(0, num('', 1))
    await source.sendTo(1, num('', 100))
    await harness.checkpoint()
    await source.sendTo(0, num('', 2), num('', 13), num('', 3))
    await source.sendTo(1, num('', 101))
    assert.deepEqual(harness.status.regions.failed[0]?.failedTask?.endsWith('[0]'), true)
    await harness.advanceTime('2 s')
    await source.sendTo(0, num('', 4))
    await source.sendTo(1, num('', 102))
    assert.deepEqual(sorted(seen), [1, 2, 2, 3, 4, 13, 13, 100, 101, 102])
    await harness.checkpoint()
    await harness.crash()
    await source.sendTo(0, num('', 5))
    await harness.finish()
    assert.deepEqual(sorted(harness.committed('out')), [1, 2, 3, 4, 5, 13, 100, 101, 102])
  })
})

describe('regions that fail', () => {
  it('come back together when both fail at once', async () => {
    const failing = new Set(['left', 'right'])
    const three = job('three', (env) => {
      for (const side of ['left', 'right', 'calm']) {
        env
          .fromSource(side, nothing)
          .map((each) => {
            if (each.value === 13 && failing.delete(side)) throw new Error(side)
            return each.value
          })
          .sinkTo(`${side}-out`, print())
      }
    })
    await using harness = await jobHarness(three, { options: { restart } })
    for (const side of ['left', 'right', 'calm']) {
      await harness.source<ReturnType<typeof num>>(side).send(num('', 1), num('', 13))
    }
    assert.equal(harness.status.regions.failed.length, 2)
    await harness.advanceTime('5 s')
    for (const side of ['left', 'right', 'calm']) {
      assert.deepEqual(harness.output(`${side}-out`), [1, 13], side)
    }
    assert.equal(harness.status.attempts, 1)
    assert.deepEqual(
      harness.status.regions.failed.map(({ restarts }) => restarts),
      [1, 1],
    )
  })

  it('are tried again when they fail on the way up, as the strategy says', async () => {
    let opened = 0
    const fragile = job('fragile', (env) => {
      const thrown = { once: false }
      env
        .fromSource('left', nothing)
        .map((each) => {
          if (opened === 1 && !thrown.once) throw new Error('first')
          return each.value
        })
        .sinkTo('left-out', {
          ...print<number>(),
          async createWriter() {
            if (++opened === 2 || opened === 3) throw new Error('cannot be opened')
            return { write: () => undefined, prepareCommit: async () => [], ...disposable }
          },
        })
      env.fromSource('right', nothing).sinkTo('right-out', print())
    })
    const disposable = { async [Symbol.asyncDispose](): Promise<void> {} }
    const options = { keep: ['left-out'], options: { restart } }
    await using harness = await jobHarness(fragile, options)
    await harness.source<ReturnType<typeof num>>('left').send(num('', 1))
    await harness.advanceTime('10 s')
    assert.equal(opened, 4)
    assert.deepEqual(harness.status.regions.failed[0]?.state, 'running')
    assert.equal(harness.status.attempts, 1)
  })

  it('fail the job when the strategy gives up', async () => {
    const { value } = twoPipelines(100)
    const once = { strategy: 'fixed-delay', attempts: 1, delay: '1 s' } as const
    await using harness = await jobHarness(value, { options: { restart: once } })
    await harness.source<ReturnType<typeof num>>('left').send(num('a', 13))
    assert.equal(harness.status.state, 'running')
    await assert.rejects(harness.advanceTime('5 s'), { code: 'FUNCTION_FAILED' })
  })

  it('keep a checkpoint waiting until they are back, and it holds all', async () => {
    const { value } = twoPipelines(1)
    await using harness = await jobHarness(value, { options: { restart } })
    const left = harness.source<ReturnType<typeof num>>('left')
    await left.send(num('a', 13))
    await harness.source<ReturnType<typeof num>>('right').send(num('b', 1))
    await harness.checkpoint()
    assert.deepEqual(harness.status.regions.failed[0]?.restarts, 1)
    assert.deepEqual(values(harness.committed('right-out')), [1])
    assert.deepEqual(values(harness.output('left-out')), [13])
    await harness.crash()
    await left.send(num('a', 2))
    assert.deepEqual(values(harness.output('left-out')), [13, 15])
  })

  it('do not lose the wish to stop', async () => {
    const { value } = twoPipelines(1)
    await using harness = await jobHarness(value, { options: { restart } })
    await harness.source<ReturnType<typeof num>>('left').send(num('a', 13))
    await harness.rescale(2)
    assert.deepEqual(values(harness.output('left-out')), [13])
    await harness.finish()
    assert.deepEqual(values(harness.committed('left-out')), [13])
  })
})
