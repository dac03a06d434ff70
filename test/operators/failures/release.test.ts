// Parked keys that are tried again on request: what can go on comes out as if nothing had been
// thrown, what cannot stays parked, and neither a crash before nor one after makes a difference.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, t } from 'millrace'
import { jobHarness, type JobHarness } from 'millrace/testing'
import {
  type Flaw,
  type Item,
  items,
  nothing,
  ofKey,
  outOf,
  parkingJob,
  remembering,
} from './parked-jobs.ts'

const KEYS = ['"a', '"b', '"c']

/** Sends all; `course` is asked before each. */
async function run(
  bad: readonly number[],
  course: (harness: JobHarness, index: number, flaw: Flaw) => Promise<unknown> | undefined,
  parallelism = 1,
): Promise<readonly string[]> {
  const flaw: Flaw = { bad: new Set(bad) }
  await using harness = await jobHarness(parkingJob(remembering, flaw), { parallelism })
  for (const [index, each] of items.entries()) {
    await course(harness, index, flaw)
    await harness.source<Item>('items').send(each)
  }
  flaw.bad = new Set()
  await harness.finish()
  return outOf(harness)
}

const inOrder = (out: readonly string[]) => KEYS.map((key) => ofKey(out, key))
const unharmed = run([], () => undefined)

describe('a release', () => {
  it('lets what waits come out as if nothing had been thrown', async () => {
    // Two keys have a timer at 9.
    for (const [bad, keys, parallelism] of [
      [[4], 1, 1],
      [[10, 22, 5], 2, 2],
      [[-9, 20], 2, 1],
      [[-9, 3], 3, 2],
    ] as const) {
      let outcome: unknown
      const course = async (harness: JobHarness, index: number, flaw: Flaw) => {
        if (index !== 25) return
        flaw.bad = new Set()
        outcome = await harness.release('remembered')
      }
      const out = await run(bad, course, parallelism)
      assert.deepEqual(outcome, { tried: keys, released: keys, parked: [] }, bad.join())
      assert.deepEqual(inOrder(out), inOrder(await unharmed), bad.join())
    }
  })

  it('comes to the same whether a crash undoes it, or comes after its checkpoint', async () => {
    for (const [before, after] of [
      [true, false],
      [false, true],
      [true, true],
      [false, false],
    ]) {
      const course = async (harness: JobHarness, index: number, flaw: Flaw) => {
        if (index !== 25) return
        if (before === true) await harness.checkpoint()
        flaw.bad = new Set([34])
        await harness.release('remembered')
        if (after === true) await harness.checkpoint()
        await harness.crash()
      }
      const out = await run([4, 11], course)
      assert.deepEqual(inOrder(out), inOrder(await unharmed), `${before} ${after}`)
    }
  })

  it('is of one key, or of all; what throws again stays parked, in its order', async () => {
    const flaw: Flaw = { bad: new Set([4, 5]) }
    await using harness = await jobHarness(parkingJob(remembering, flaw))
    const source = harness.source<Item>('items')
    for (const each of items.slice(0, 12)) await source.send(each)
    const since = Date.UTC(2026, 0)
    const a = { operator: 'remembered', key: '"a"', waiting: 3, since, message: 'no 4' }
    const b = { operator: 'remembered', key: '"b"', waiting: 3, since, message: 'no 5' }
    assert.deepEqual(await harness.release('remembered'), { tried: 2, released: 0, parked: [a, b] })
    flaw.bad = new Set([7, 5])
    const again = { ...a, waiting: 2, message: 'no 7' }
    assert.deepEqual(await harness.release('remembered', { key: 'a' }), {
      tried: 1,
      released: 0,
      parked: [again],
    })
    assert.deepEqual(ofKey(outOf(harness), '"a'), ofKey(await unharmed, '"a').slice(0, 2))
    flaw.bad = new Set()
    const one = await harness.release('remembered', { key: 'b' })
    assert.deepEqual(one, { tried: 1, released: 1, parked: [] })
    await harness.advanceTime('1 s') // a status is there
    assert.deepEqual(harness.status.parked, [again])
    assert.deepEqual(await harness.release('remembered'), { tried: 1, released: 1, parked: [] })
    assert.deepEqual(await harness.release('remembered'), { tried: 0, released: 0, parked: [] })
    for (const each of items.slice(12)) await source.send(each)
    await harness.finish()
    assert.deepEqual(inOrder(outOf(harness)), inOrder(await unharmed))
  })

  it('says what it cannot release', async () => {
    const refusing = job('refusing', (env) => {
      const time = { timestamp: ({ at }: Item) => at }
      const keyed = env.fromSource('items', nothing, time).keyBy(({ k }) => k, t.string)
      remembering(keyed, { bad: new Set([4]) })
        .onError('park')
        .print()
      keyed.count('counted').print()
    })
    await using harness = await jobHarness(refusing)
    await harness.source<Item>('items').send(...items.slice(0, 12))
    const { code, cure } = await harness.release('remebered').catch((error) => error)
    assert.deepEqual([code, cure], ['OPERATOR_UNKNOWN', 'did you mean remembered?'])
    for (const uid of ['counted', 'items', 'remembered.parked']) {
      await assert.rejects(harness.release(uid), { code: 'OPERATOR_PARKS_NOTHING' }, uid)
    }
    await assert.rejects(harness.release('remembered', { key: 'b' }), {
      code: 'PARKED_KEY_UNKNOWN',
      message: 'remembered has not parked the key "b"',
    })
    await assert.rejects(harness.release('remembered', { key: undefined }), {
      code: 'PARKED_KEY_UNKNOWN',
    })
  })
})
