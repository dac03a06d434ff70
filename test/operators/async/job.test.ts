// Asynchronous calls in whole jobs: crashed, rescaled, chained with state and event time.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMillraceError, job, t, tumblingWindow } from 'millrace'
import { collection } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import { print } from '../../../src/connectors/print.ts'

const Visit = t.struct({ page: t.string, at: t.timestamp })
const nothing = collection([], { type: Visit })
const visit = (page: string, at = 0) => ({ page, at })
type Visit = ReturnType<typeof visit>

/** Calls that wait for the test, by page. */
class Outside {
  readonly asked: string[] = []
  readonly #waiting = new Map<string, (() => void)[]>()
  isOpen = true

  async call(page: string, signal: AbortSignal): Promise<string> {
    this.asked.push(page)
    if (!this.isOpen) {
      await new Promise<void>((resolve) => {
        this.#waiting.set(page, [...(this.#waiting.get(page) ?? []), resolve])
        signal.addEventListener('abort', () => resolve())
      })
    }
    return page.toUpperCase()
  }

  answer(page: string): void {
    for (const resolve of this.#waiting.get(page) ?? []) resolve()
    this.#waiting.delete(page)
  }
}

function calling(outside: Outside, options: { ordered?: boolean; capacity?: number } = {}) {
  return job('calling', (env) => {
    env
      .fromSource('visits', nothing, { timestamp: ({ at }) => at })
      .asyncMap('call', { timeout: '1 h', output: t.string, ...options }, ({ page }, signal) =>
        outside.call(page, signal),
      )
      .sinkTo('answers', print())
  })
}

for (const parallelism of [1, 2]) {
  describe(`asyncMap at parallelism ${parallelism}`, () => {
    it('makes calls again that were under way at a crash, and none twice count', async () => {
      const outside = new Outside()
      await using harness = await jobHarness(calling(outside), { parallelism })
      const visits = harness.source<Visit>('visits')
      await visits.send(visit('a'))
      outside.isOpen = false
      await visits.send(visit('b'), visit('c'))
      await harness.checkpoint()
      await visits.send(visit('d'))
      assert.deepEqual(harness.output('answers'), ['A'])
      await harness.crash()
      for (const page of ['b', 'c', 'd']) outside.answer(page)
      await harness.settle()
      assert.deepEqual(harness.output('answers'), ['A', 'B', 'C', 'D'])
      assert.deepEqual(outside.asked, ['a', 'b', 'c', 'd', 'b', 'c', 'd'])
    })

    it('takes calls under way along to another parallelism', async () => {
      const outside = new Outside()
      await using harness = await jobHarness(calling(outside, { ordered: false }), { parallelism })
      outside.isOpen = false
      const pages = ['a', 'b', 'c', 'd', 'e']
      await harness.source<Visit>('visits').send(...pages.map((page) => visit(page)))
      await harness.rescale(3 - parallelism)
      for (const page of pages) outside.answer(page)
      await harness.settle()
      const answers = ['A', 'B', 'C', 'D', 'E']
      assert.deepEqual(harness.output<string>('answers').toSorted(), answers)
      await harness.finish()
      assert.deepEqual(harness.committed<string>('answers').toSorted(), answers)
    })

    it('takes no more records than its capacity, and lets barriers pass', async () => {
      const outside = new Outside()
      const under = calling(outside, { capacity: 2 })
      await using harness = await jobHarness(under, { parallelism })
      outside.isOpen = false
      const visits = harness.source<Visit>('visits')
      await visits.send(visit('a'), visit('b'), visit('c'))
      await visits.send(visit('d'))
      assert.deepEqual(outside.asked, ['a', 'b'])
      await harness.checkpoint()
      assert.deepEqual(outside.asked, ['a', 'b'])
      assert.equal(harness.status.asyncCalls.inFlight, 2)
      for (const page of ['a', 'b', 'c', 'd']) {
        outside.answer(page)
        await harness.settle()
      }
      assert.deepEqual(harness.output('answers'), ['A', 'B', 'C', 'D'])
    })

    it('holds watermarks back behind its records', async () => {
      const outside = new Outside()
      const windows = job('windows', (env) => {
        env
          .fromSource('visits', nothing, { timestamp: ({ at }) => at })
          .asyncMap('call', { timeout: '1 h' }, async ({ page }, signal) => ({
            page: await outside.call(page, signal),
          }))
          .keyBy(({ page }) => page)
          .window(tumblingWindow(10))
          .count('pages', (count, { key }) => `${key} ${count}`)
          .sinkTo('counts', print())
      })
      await using harness = await jobHarness(windows, { parallelism })
      outside.isOpen = false
      const visits = harness.source<Visit>('visits')
      await visits.send(visit('a', 1), visit('a', 2), visit('b', 30))
      await harness.checkpoint()
      await harness.crash()
      assert.deepEqual(harness.output('counts'), [])
      outside.answer('a')
      outside.answer('b')
      await harness.settle()
      assert.deepEqual(harness.output('counts'), ['A 2'])
      await harness.finish()
      assert.deepEqual(harness.output<string>('counts').toSorted(), ['A 2', 'B 1'])
    })
  })
}

describe('calls under way', () => {
  it('are not lost with their operator, nor read as records of another type', async () => {
    const before = await jobHarness(calling(new Outside()))
    await before.source<Visit>('visits').send(visit('a'))
    const restore = await before.snapshot()
    await before[Symbol.asyncDispose]()
    const gone = job('calling', (env) => {
      env.fromSource('visits', nothing, { timestamp: ({ at }) => at }).sinkTo('answers', print())
    })
    const other = job('calling', (env) => {
      env
        .fromSource('visits', nothing, { timestamp: ({ at }) => at })
        .map(({ page }) => page)
        .returns(t.string)
        .asyncMap('call', { timeout: '1 h' }, async (page) => page)
        .sinkTo('answers', print())
    })
    for (const changed of [gone, other]) {
      await assert.rejects(jobHarness(changed, { restore }), { code: 'CHECKPOINT_INCOMPATIBLE' })
    }
  })
})

describe('lookupJoin', () => {
  const names = new Map([['a', 'Ann']])

  it('joins with what is there; left also with what is not', async () => {
    const asked: string[] = []
    const lookups = job('lookups', (env) => {
      const visits = env.fromSource('visits', nothing)
      const options = {
        timeout: '1 s',
        key: ({ page }: Visit) => (page === '' ? undefined : page),
        lookup: async (page: string) => {
          asked.push(page)
          return names.get(page)
        },
        cache: { entries: 10, ttl: '1 min' },
      } as const
      visits
        .lookupJoin('inner', { ...options, kind: 'inner', join: (_visit, name) => name.length })
        .sinkTo('inner-out', print())
      visits
        .lookupJoin('left', { ...options, kind: 'left', join: (_visit, name) => name ?? 'none' })
        .sinkTo('left-out', print())
    })
    await using harness = await jobHarness(lookups)
    const visits = harness.source<Visit>('visits')
    await visits.send(visit('a'), visit('b'), visit(''), visit('a'))
    await harness.until(() => harness.output('left-out').length === 4)
    assert.deepEqual(harness.output('inner-out'), [3, 3])
    assert.deepEqual(harness.output('left-out'), ['Ann', 'none', 'none', 'Ann'])
    assert.deepEqual(asked.toSorted(), ['a', 'a', 'b', 'b'])
    await harness.advanceTime('1 min')
    await visits.send(visit('a'))
    await harness.until(() => harness.output('left-out').length === 5)
    assert.equal(asked.length, 6)
  })

  it('names the operator and the record when the join throws', async () => {
    const failing = job('failing', (env) => {
      env
        .fromSource('visits', nothing)
        .lookupJoin('names', {
          kind: 'left',
          timeout: '1 s',
          key: ({ page }) => page,
          lookup: (page) => names.get(page),
          join: () => {
            throw new Error('no join')
          },
        })
        .sinkTo('out', print())
    })
    await using harness = await jobHarness(failing)
    await assert.rejects(harness.source<Visit>('visits').send(visit('a')), (error) => {
      assert.ok(isMillraceError(error))
      assert.equal(error.details['operator'], 'names')
      assert.match(error.message, /names: record \{at: 0, page: "a"\}: no join|page: "a"/)
      return true
    })
  })
})

describe('asyncMap', () => {
  it('refuses options that make no sense, where they are written', () => {
    const refuse = (options: object) => {
      const bad = job('bad', (env) => {
        env
          .fromElements('in', [1])
          // As JavaScript may write it.
          .asyncMap('call', options as { timeout: 1 }, async (value) => value)
          .print()
      })
      return () => bad.streamGraph({})
    }
    assert.throws(refuse({}), { code: 'CONFIG_INVALID' })
    for (const options of [
      { timeout: 0 },
      { timeout: '30 d' },
      { timeout: 1, capacity: 0 },
      { timeout: 1, capacity: 1.5 },
      { timeout: 1, ordered: 'yes' },
      { timeout: 1, retry: { attempts: 0 } },
      { timeout: 1, retry: { attempts: 2, retryIf: 3 } },
      { timeout: 1, onTimeout: 'ignore' },
    ]) {
      assert.throws(refuse(options), { code: 'JOB_GRAPH_INVALID' }, JSON.stringify(options))
    }
    assert.throws(refuse({ timeout: 1, onError: async () => 1 }), { code: 'JOB_ASYNC_FUNCTION' })
  })
})
