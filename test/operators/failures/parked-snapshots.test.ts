// What is parked goes wherever state goes: into savepoints, to other parallelisms and backends,
// through changes of the records' type, and under encryption; nothing of it is lost on the way.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { job, keyedProcess, t, valueState } from 'millrace'
import type { Type } from 'millrace'
import { collection, print } from 'millrace/connectors'
import { jobHarness, type JobHarnessOptions, type JobSnapshot } from 'millrace/testing'
import {
  type Flaw,
  type Item,
  items,
  ofKey,
  outOf,
  parkingJob,
  remembering,
} from './parked-jobs.ts'

/** Runs from one savepoint to the next; the last one ends the input. */
async function leg(
  flaw: Flaw,
  part: readonly Item[],
  options: JobHarnessOptions,
  isLast = false,
): Promise<{ out: readonly string[]; snapshot: JobSnapshot | undefined; parked: number }> {
  await using harness = await jobHarness(parkingJob(remembering, flaw), options)
  for (const each of part) await harness.source<Item>('items').send(each)
  await harness.advanceTime('1 s') // a status is there
  const parked = harness.status.parkedKeys
  const snapshot = isLast ? undefined : await harness.snapshot()
  if (isLast) await harness.finish()
  return { out: outOf(harness), snapshot, parked }
}

describe('parked records in a savepoint', () => {
  it('go on at every parallelism and backend, where they stood', async () => {
    const unharmed = await leg({ bad: new Set() }, items, {}, true)
    const flaw: Flaw = { bad: new Set([4, 11, -20]) }
    const out: string[] = []
    let restore: JobSnapshot | undefined
    const legs = [
      [14, 1, 'hashmap'],
      [24, 2, 'rocksdb'],
      [31, 1, 'hashmap'],
      [40, 3, 'rocksdb'],
    ] as const
    let from = 0
    for (const [to, parallelism, backend] of legs) {
      const isLast = to === 40
      if (isLast) flaw.bad = new Set()
      const options = { parallelism, backend, ...(restore === undefined ? {} : { restore }) }
      const done = await leg(flaw, items.slice(from, to), options, isLast)
      assert.equal(done.parked > 0, !isLast, `leg to ${to}`)
      out.push(...done.out)
      restore = done.snapshot
      from = to
    }
    for (const key of ['"a', '"b', '"c']) {
      assert.deepEqual(ofKey(out, key), ofKey(unharmed.out, key), key)
    }
  })
})

interface Told {
  k: string
  n: number | boolean
  note?: string
}
// As far as the function is concerned, all of them are that.
const Before = t.struct({ k: t.string, n: t.int32 }) as unknown as Type<Told>
const After = t.struct({
  k: t.string,
  n: t.float64,
  note: t.optional(t.string),
}) as unknown as Type<Told>
const Other = t.struct({ k: t.string, n: t.boolean }) as unknown as Type<Told>

/** Tells the records of a key, as they come to the function. */
function telling(Record: Type<Told>, flaw: { throws: boolean }) {
  return job('telling', (env) => {
    const told = keyedProcess({
      key: t.string,
      input: Record,
      output: t.string,
      state: { count: valueState(t.float64, { initial: 0 }) },
      processElement(record, { state }, out) {
        state.count.update(state.count.value() + 1)
        if (record.k === 'bad' && flaw.throws) throw new Error('no')
        out.collect(`${state.count.value()} ${JSON.stringify(record)}`)
      },
    })
    env
      .fromSource('records', collection([], { type: Record }))
      .keyBy(({ k }) => k)
      .process('told', told)
      .onError('park')
      .sinkTo('out', print())
  })
}

describe('parked records whose type changes', () => {
  const flaw = { throws: true }
  const parked = async (): Promise<JobSnapshot> => {
    await using harness = await jobHarness(telling(Before, flaw))
    await harness
      .source('records')
      .send({ k: 'bad', n: 1 }, { k: 'good', n: 2 }, { k: 'bad', n: 3 })
    return await harness.snapshot()
  }

  it('are converted', async () => {
    flaw.throws = true
    const restore = await parked()
    flaw.throws = false
    await using harness = await jobHarness(telling(After, flaw), { restore })
    await harness.source('records').send({ k: 'bad', n: 4.5, note: 'new' })
    await harness.finish()
    assert.deepEqual(harness.output('out'), [
      '1 {"k":"bad","n":1}',
      '2 {"k":"bad","n":3}',
      '3 {"k":"bad","n":4.5,"note":"new"}',
    ])
  })

  it('are refused where they cannot be, and lost by nobody', async () => {
    flaw.throws = true
    const restore = await parked()
    flaw.throws = false
    await assert.rejects(jobHarness(telling(Other, flaw), { restore }), {
      code: 'CHECKPOINT_INCOMPATIBLE',
      message: /told\.parked/,
    })
    await using harness = await jobHarness(telling(Before, flaw), { restore })
    await harness.finish()
    assert.deepEqual(harness.output('out'), ['1 {"k":"bad","n":1}', '2 {"k":"bad","n":3}'])
  })
})

describe('parked records under encryption', () => {
  it('are in no byte of a savepoint, and go on with the key', async () => {
    process.env['PARKED_TEST_KEY'] = randomBytes(32).toString('base64')
    const options = { encryption: { keys: 'env:PARKED_TEST_KEY' } }
    const flaw = { throws: true }
    const canary = `canary-${randomBytes(8).toString('hex')}`
    const run = async (restore?: JobSnapshot) => {
      const given = { options, ...(restore === undefined ? {} : { restore }) }
      await using harness = await jobHarness(telling(After, flaw), given)
      if (restore === undefined) {
        await harness.source('records').send({ k: 'bad', n: 1, note: canary })
        await harness.advanceTime('1 s')
        assert.doesNotMatch(JSON.stringify(harness.status.parked), /"bad"/)
        const { parked } = await harness.release('told')
        assert.deepEqual([parked.length, parked[0]?.key.includes('bad')], [1, false])
        return { snapshot: await harness.snapshot(), out: [] }
      }
      await harness.finish()
      return { snapshot: undefined, out: harness.output('out') }
    }
    const { snapshot } = await run()
    assert.ok(snapshot !== undefined && snapshot.blobs.size > 0)
    for (const [name, bytes] of snapshot.blobs) {
      assert.equal(Buffer.from(bytes).includes(canary), false, name)
    }
    flaw.throws = false
    const { out } = await run(snapshot)
    assert.deepEqual(out, [`1 {"k":"bad","n":1,"note":"${canary}"}`])
  })
})
