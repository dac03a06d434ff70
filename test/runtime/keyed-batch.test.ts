// Records that are gathered before their keys are looked for: taken one by one or many at once,
// with and without a key, they go on in the order in which they came.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import { NO_TIMESTAMP } from '../../src/operators/operator.ts'
import { KeyedBatch } from '../../src/runtime/keyed-batch.ts'
import { routeHash } from '../../src/types/keys.ts'
import { textOf } from '../../src/types/text-of.ts'
import { stageOf } from './keyed-stage-world.ts'

describe('a batch of a keyed operator', () => {
  it('takes values of a batch at once, as if they came one by one without timestamps', async () => {
    const { stage, output, fetched } = await stageOf({ prefetches: true })
    const values = Array.from({ length: 1200 }, (_, at) => `${at % 7}-${at}`)
    stage.collect('first', 5)
    let at = 0
    const steps: number[] = []
    while (at < values.length) {
      at = stage.collectSome(values, at, values.length)
      steps.push(at)
    }
    assert.deepEqual(steps, [511, 1023, 1200], 'no further than what is gathered for a prefetch')
    stage.flush()
    const all = ['first', ...values]
    assert.deepEqual(
      output.values,
      all.map((value) => `${value[0]}=${value}`),
    )
    assert.deepEqual(new Set(output.timestamps.slice(1)), new Set([NO_TIMESTAMP]))
    assert.deepEqual(
      fetched.map((keys) => keys.length),
      [512, 512, 177],
    )
    const direct = await stageOf()
    assert.equal(direct.stage.collectSome(values, 3, values.length), 3, 'one by one is as good')
  })

  it('takes the hashes of keys that senders tell, among records without', async () => {
    for (const prefetches of [true, false]) {
      const { stage, output } = await stageOf({ prefetches, secondIsKeyed: true })
      for (let round = 0; round < 700; round++) {
        const value = `${round % 10}-${round % 7}`
        const [first, last] = [routeHash(value[0]), routeHash(value.at(-1))]
        if (round % 3 === 0) stage.collect(value, round)
        else if (round % 3 === 1) stage.collectHashed(value, round, first)
        else stage.second.collectHashed?.(value, round, last)
        if (round % 100 === 99) stage.collectSome([value], 0, 1)
      }
      stage.flush()
      const keys = output.values.map((each) => String(each).split('='))
      for (const [key = '', value = ''] of keys) {
        const isSecond = key.startsWith('second ')
        assert.equal(key, isSecond ? `second ${value.at(-1)}` : value[0])
      }
      assert.equal(output.values.length, prefetches ? 707 : 700)
    }
  })

  it('goes on behind a record without a key, of which is told in its turn', async () => {
    const told: string[] = []
    const { stage, output, fetched } = await stageOf({
      prefetches: true,
      guard: {
        parking: undefined,
        keyFailed: (value, timestamp, input, error) => {
          told.push(`${String(value)} ${timestamp} ${input} ${String(error)}`)
          output.collect(`told ${String(value)}`, timestamp)
        },
      },
    })
    for (const [at, value] of ['a1', '!', '!!', 'b2', 'a3', '!!!'].entries())
      stage.collect(value, at)
    stage.flush()
    assert.deepEqual(output.values, ['a=a1', 'told !', 'told !!', 'b=b2', 'a=a3', 'told !!!'])
    assert.deepEqual(output.timestamps, [0, 1, 2, 3, 4, 5])
    assert.deepEqual(told, ['! 1 1 Error: no key', '!! 2 1 Error: no key', '!!! 5 1 Error: no key'])
    assert.deepEqual(fetched.flat(), ['a', 'b', 'a'])
    const unguarded = await stageOf({ prefetches: true })
    for (const value of ['a1', '!', 'b2']) unguarded.stage.collect(value, 0)
    assert.throws(() => unguarded.stage.flush(), /echo.*no key/s)
    assert.deepEqual(unguarded.output.values, ['a=a1'])
  })

  it('takes the hash that was known when a text came, if the text itself is the key', () => {
    const bytes = Buffer.from('short another-word tiny')
    const [short, long, tiny] = [textOf(bytes, 0, 5), textOf(bytes, 6, 18), textOf(bytes, 19, 23)]
    const batch = new KeyedBatch()
    const same = (value: unknown): unknown => value
    const first = (value: unknown): unknown => String(value)[0]
    // Places of the second round had values with known hashes in the first.
    for (const values of [
      [tiny, short, tiny],
      [long, tiny, short],
    ]) {
      for (const select of [same, first]) {
        for (const value of values) {
          textOf(bytes, bytes.indexOf(value), bytes.indexOf(value) + value.length)
          batch.add(value, 0, 0)
        }
        assert.equal(batch.findKeys(0, values.length, select, select), values.length)
        const expected = values.map((value) => routeHash(select(value)))
        assert.deepEqual([...batch.hashes.subarray(0, values.length)], expected)
        batch.count = 0
      }
    }
    batch.addSome([long, short], 0, 2)
    batch.findKeys(0, 2, same, same)
    assert.deepEqual([...batch.hashes.subarray(0, 2)], [routeHash(long), routeHash(short)])
  })
})
