// Time-to-live as a job's author declares it: refusals, side outputs of onExpire in the harness,
// and what a snapshot shows of it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job } from '../../src/api/job.ts'
import { sink } from '../../src/connectors/define-sink.ts'
import { buildJobGraph } from '../../src/graph/build.ts'
import { keyedProcess } from '../../src/api/functions.ts'
import { outputTag } from '../../src/operators/output-tag.ts'
import { counterState } from '../../src/state/collection-descriptors.ts'
import { mapState, valueState } from '../../src/state/descriptors.ts'
import type { StateTtl } from '../../src/state/ttl.ts'
import { hashmap } from '../../src/state/hashmap/index.ts'
import { rocksdb, rocksdbIsAvailable } from '../../src/state/rocksdb/index.ts'
import { keyedHarness } from '../../src/testing/keyed-harness.ts'
import { t } from '../../src/types/t.ts'

const gone = outputTag('gone', t.string)

/** Counts visits; visitors who stay away for an hour of event time are told of. */
function visits(
  ttl: StateTtl<number> = {
    after: '1 h',
    time: 'event-time',
    onExpire(count, { key, expiredAt, output }) {
      output(gone, `${String(key)} ${count} ${expiredAt}`)
    },
  },
) {
  return keyedProcess({
    key: t.string,
    input: t.string,
    output: t.int32,
    sideOutputs: [gone],
    state: { count: counterState(t.float64, { ttl }), last: valueState(t.string, { ttl: '1 d' }) },
    processElement(page, { state }, out) {
      state.last.update(page)
      out.collect(state.count.increment())
    },
  })
}

for (const backend of [hashmap, rocksdb]) {
  const skip = backend === rocksdb && !rocksdbIsAvailable()
  describe(`a function with time-to-live on ${backend.name}`, { skip }, () => {
    it('tells of what expires through a side output, once, also after a restore', async () => {
      const fn = visits()
      await using harness = await keyedHarness(fn, { backend: backend() })
      harness.processWatermark(0)
      harness.processElement('ann', '/', 1000)
      harness.processWatermark(1_800_000)
      harness.processElement('bob', '/', 1_800_000)
      harness.processElement('ann', '/', 1_800_001)
      const snapshot = await harness.snapshot()
      harness.processWatermark(5_399_999)
      assert.deepEqual(harness.sideOutput(gone), [])
      harness.processWatermark(5_400_000)
      const told = ['ann 2 5400000', 'bob 1 5400000']
      assert.deepEqual(harness.sideOutput(gone).toSorted(), told)
      assert.equal(harness.state('ann').count.value(), 0)
      assert.equal(harness.state('ann').last.value(), '/')

      await using restored = await keyedHarness(fn, { backend: hashmap(), restore: snapshot })
      assert.equal(restored.state('bob').count.value(), 1)
      restored.processWatermark(9_000_000)
      assert.deepEqual(restored.sideOutput(gone).toSorted(), told)
      restored.processElement('bob', '/', 9_000_000)
      assert.deepEqual(restored.output, [1])
      restored.setProcessingTime(86_400_000)
      assert.equal(restored.state('ann').last.value(), undefined)
    })
  })
}

describe('a time to live', () => {
  it('is refused if it is none', () => {
    const invalid = { code: 'CONFIG_INVALID' }
    for (const ttl of [0, '0 s', -1, { after: '1 y' }, { after: '1 h', update: 'never' }]) {
      assert.throws(() => valueState(t.string, { ttl: ttl as number }), invalid)
    }
    for (const ttl of [
      { after: 1, time: 'wall' },
      { after: 1, visibility: 'x' },
      { after: 1, onExpire: 1 },
    ]) {
      assert.throws(() => mapState(t.string, t.string, { ttl: ttl as never }), invalid)
    }
  })

  it('fails if its onExpire returns a promise unasked', async () => {
    const onExpire = (() => Promise.resolve()) as unknown as () => void
    await using harness = await keyedHarness(visits({ after: 1000, onExpire }))
    harness.processElement('ann', '/')
    assert.throws(
      () => harness.setProcessingTime(2000),
      (error) => error instanceof Error && String(error.cause).includes('promise'),
    )
  })

  it('is refused if its onExpire returns a promise', () => {
    const onExpire = (async () => {}) as unknown as () => void
    const fn = visits({ after: '1 h', onExpire })
    const under = job('refused', (env) => {
      env
        .fromElements<string>('in', [])
        .keyBy((page) => page)
        .process('visits', fn)
        .sinkTo('out', sink({ write() {} }))
    })
    const options = { parallelism: 1, maxParallelism: 128, params: {} }
    assert.throws(() => buildJobGraph(under, options), { code: 'JOB_ASYNC_FUNCTION' })
  })
})
