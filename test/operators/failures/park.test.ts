// The policy `park`: what comes for a key at which a function has thrown waits, in order, while
// others go on; released, it comes out as if nothing had ever been thrown.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  job,
  keyedProcess,
  MillraceError,
  sessionWindow,
  slidingWindow,
  t,
  tumblingWindow,
  valueState,
} from 'millrace'
import { jobHarness } from 'millrace/testing'
import { processingTimer } from '../../../src/time/descriptors.ts'
import {
  type Build,
  check,
  type Flaw,
  Item,
  item,
  items,
  nothing,
  ofKey,
  outOf,
  parkingJob,
  remembering,
} from './parked-jobs.ts'

interface Course {
  /** Records before which it is mended and the job started again. */
  readonly mendBefore?: number
  readonly restarts?: boolean
}

async function outputsOf(build: Build, bad: readonly number[], course: Course = {}) {
  const flaw: Flaw = { bad: new Set(bad) }
  await using harness = await jobHarness(parkingJob(build, flaw))
  let most = 0
  for (const [index, each] of items.entries()) {
    if (index === course.mendBefore) {
      await harness.advanceTime('1 s') // a status is there
      most = harness.status.parkedKeys
      await harness.checkpoint()
      flaw.bad = new Set()
      await harness.crash()
    }
    await harness.source<Item>('items').send(each)
    if (course.restarts !== true) continue
    // What several tasks read again may meet timers in another order than before: none does here.
    if (index % 4 === 1 || index % 7 === 3) await harness.checkpoint()
    if (index % 7 === 3) await harness.crash()
    if (index % 9 === 4) await harness.rescale((index % 3) + 1)
  }
  flaw.bad = new Set()
  await harness.finish()
  return { out: outOf(harness), most }
}

describe('a parked key', () => {
  it('waits with all that follows, and other keys do not', async () => {
    const flaw: Flaw = { bad: new Set([4]) }
    await using harness = await jobHarness(parkingJob(remembering, flaw))
    for (const each of items.slice(0, 12)) await harness.source<Item>('items').send(each)
    await harness.advanceTime('1 s') // a status is there
    const { out } = await outputsOf(remembering, [])
    const told = outOf(harness)
    assert.deepEqual(ofKey(told, '"a'), [JSON.stringify('a: 1')])
    assert.ok(ofKey(told, '"b').length > 4)
    assert.deepEqual(ofKey(told, '"b'), ofKey(out, '"b').slice(0, ofKey(told, '"b').length))
    const { parkedKeys, parkedRecords, parked } = harness.status
    assert.deepEqual([parkedKeys, parkedRecords], [1, 3])
    const since = Date.UTC(2026, 0)
    const first = { operator: 'remembered', key: '"a"', waiting: 3, since, message: 'no 4' }
    assert.deepEqual(parked, [first])
    flaw.bad = new Set()
    await harness.finish()
    assert.equal(harness.status.parkedKeys, 0)
  })

  it('comes out as if nothing had been, when it is released after a restart', async () => {
    const wanted = await outputsOf(remembering, [])
    // A record, and timers; and the first that comes for a key.
    for (const bad of [[4], [10, 22], [-9], [-11, 20], [1], [2, 3]]) {
      const found = await outputsOf(remembering, bad, { mendBefore: 25 })
      assert.ok(found.most > 0, `${bad.join()} parks`)
      for (const key of ['"a', '"b', '"c']) {
        assert.deepEqual(
          ofKey(found.out, key),
          ofKey(wanted.out, key),
          `key ${key}, bad ${bad.join()}`,
        )
      }
    }
  })

  it('keeps its order over crashes and at every parallelism', async () => {
    const wanted = await outputsOf(remembering, [])
    for (const bad of [[4], [5, -10]]) {
      const found = await outputsOf(remembering, bad, { restarts: true, mendBefore: 33 })
      assert.ok(found.most > 0, `${bad.join()} parks`)
      for (const key of ['"a', '"b', '"c']) {
        assert.deepEqual(
          ofKey(found.out, key),
          ofKey(wanted.out, key),
          `key ${key}, bad ${bad.join()}`,
        )
      }
    }
  })

  it('is tried once more before the input ends', async () => {
    const wanted = await outputsOf(remembering, [])
    const found = await outputsOf(remembering, [4, 8])
    assert.deepEqual(ofKey(found.out, '"a'), ofKey(wanted.out, '"a'))
  })

  it('fails the job at the end of input, if it still cannot go on', async () => {
    const flaw: Flaw = { bad: new Set([4]) }
    await using harness = await jobHarness(parkingJob(remembering, flaw))
    await harness.source<Item>('items').send(...items.slice(0, 12))
    await assert.rejects(harness.finish(), {
      code: 'PARKED_KEYS_LEFT',
      message: /remembered: the input ends, and 1 keys are parked, such as "a": no 4/,
    })
  })

  it('may only have so many records wait', async () => {
    for (const limits of [{ records: 3 }, { size: 150 }]) {
      const flaw: Flaw = { bad: new Set([4]) }
      await using harness = await jobHarness(parkingJob(remembering, flaw, limits))
      await assert.rejects(
        async () => {
          await harness.source<Item>('items').send(...items)
          await harness.finish()
        },
        (error) => error instanceof MillraceError && error.code === 'PARKED_TOO_MANY',
      )
    }
  })

  it('lets timers of processing time wait, too', async () => {
    const build: Build = (all, flaw) =>
      all.process(
        'ticking',
        keyedProcess({
          key: t.string,
          input: Item,
          output: t.string,
          state: { seen: valueState(t.string, { initial: '' }) },
          timers: { tick: processingTimer() },
          processElement({ n }, { state, timers }) {
            state.seen.update(`${state.seen.value()} ${n}`)
            check(flaw, n)
            timers.tick.set(timers.currentProcessingTime + 1_000)
          },
          onTimer(_at, { state, currentKey }, out) {
            out.collect(`${currentKey}:${state.seen.value()}`)
          },
        }),
      )
    const flaw: Flaw = { bad: new Set([2]) }
    await using harness = await jobHarness(parkingJob(build, flaw))
    const source = harness.source<Item>('items')
    await source.send(item('a', 1), item('b', 1), item('a', 2), item('b', 3), item('a', 3))
    await harness.advanceTime(5_000)
    assert.deepEqual(outOf(harness), ['"b: 1 3"'])
    await harness.checkpoint()
    flaw.bad = new Set()
    await harness.crash()
    await harness.advanceTime(5_000)
    // Its timer came due between the second record and the third, as far as event time tells.
    assert.deepEqual(outOf(harness).toSorted().slice(0, 1), ['"a: 1 2 3"'])
    await harness.finish()
  })
})

const summing = (flaw: Flaw) => ({
  createAccumulator: (): { seen: number[] } => ({ seen: [] }),
  add: ({ n }: Item, held: { seen: number[] }) => {
    held.seen.push(n)
    check(flaw, n)
    return held
  },
  getResult: ({ seen }: { seen: number[] }) => {
    check(flaw, -(seen[0] ?? 0))
    return seen.join()
  },
  merge: (a: { seen: number[] }, b: { seen: number[] }) => {
    a.seen.push(...b.seen)
    return a
  },
})

describe('windows whose key is parked', () => {
  const of = (_: string, { start, end }: { start: number; end: number }, seen: string) =>
    `${start} ${end} ${seen}`
  const builds: Readonly<Record<string, Build>> = {
    tumbling: (all, flaw) =>
      all.window(tumblingWindow(10)).aggregate('made', summing(flaw), (seen, { key, window }) => {
        return `${key} ${of(key, window, seen)}`
      }),
    sliding: (all, flaw) =>
      all.window(slidingWindow(12, 4)).aggregate('made', summing(flaw), (seen, { key, window }) => {
        return `${key} ${of(key, window, seen)}`
      }),
    sessions: (all, flaw) =>
      all.window(sessionWindow(4)).aggregate('made', summing(flaw), (seen, { key, window }) => {
        return `${key} ${of(key, window, seen)}`
      }),
  }
  for (const [name, build] of Object.entries(builds)) {
    it(`are as ever, although time has passed them: ${name}`, async () => {
      const wanted = await outputsOf(build, [])
      // Records, and windows that begin with one.
      for (const bad of [[4], [-1], [-13, 8]]) {
        const found = await outputsOf(build, bad, { mendBefore: 30 })
        for (const key of ['"a', '"b', '"c']) {
          assert.deepEqual(
            ofKey(found.out, key),
            ofKey(wanted.out, key),
            `${key}, bad ${bad.join()}`,
          )
        }
      }
    })
  }
})

describe('the graph', () => {
  it('refuses to park where nothing has a key', async () => {
    const refused = job('refused', (env) => {
      env
        .fromSource('items', nothing)
        .map(({ n }) => n)
        .onError('park')
        .print()
    })
    await assert.rejects(jobHarness(refused), { code: 'JOB_GRAPH_INVALID', message: /no key/ })
  })
})
