// The small connectors: collection, dataGenerator, print, collect, and the text of records.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { collect, collectSink } from '../../src/connectors/collect.ts'
import { collection } from '../../src/connectors/collection.ts'
import { dataGenerator } from '../../src/connectors/datagen.ts'
import { print } from '../../src/connectors/print.ts'
import { jsonOf, textOf } from '../../src/connectors/text.ts'
import { t } from '../../src/types/t.ts'
import type { Clock } from '../../src/util/clock.ts'
import { systemClock } from '../../src/util/clock.ts'
import type { Random } from '../../src/util/random.ts'
import { readAll, sourceContext, writerContext } from './helpers.ts'

describe('collection()', () => {
  it('is not changed by what happens to the array or its values later', async () => {
    const values = [{ n: 1 }, { n: 2 }]
    const source = collection(values)
    values[0] = { n: 9 }
    Object.assign(values[1] ?? {}, { n: 9 })
    assert.deepEqual((await readAll(source)).values, [{ n: 1 }, { n: 2 }])
  })

  it('gives copies of what cannot be frozen', async () => {
    const source = collection([new Date(0)])
    const [first] = (await readAll(source)).values
    first?.setTime(5)
    assert.deepEqual((await readAll(source)).values, [new Date(0)])
  })

  it('names the value that does not fit', () => {
    assert.throws(() => collection([1, 2, 'three' as unknown as number], { type: t.int32 }), {
      code: 'TYPE_MISMATCH',
      message: /^element 2 of the collection: expected int32/,
    })
    assert.throws(() => collection([() => 1]), { code: 'TYPE_MISMATCH', message: /^element 0/ })
    assert.throws(() => (collection as (values: unknown) => unknown)(5), { code: 'CONFIG_INVALID' })
  })
})

describe('dataGenerator()', () => {
  const generate = (index: number, random: Random) => `${index} ${random.id()}`

  it('makes the same records at any number of splits, and others with another seed', async () => {
    const records = async (splits: number, seed: number) =>
      (await readAll(dataGenerator({ generate, count: 3_001, splits, seed }))).values.toSorted()
    const one = await records(1, 7)
    assert.equal(new Set(one).size, 3_001)
    assert.deepEqual(await records(4, 7), one)
    assert.notDeepEqual(await records(1, 8), one)
  })

  it('keeps to its rate, in even portions, over all splits', async () => {
    let nowMs = 5
    const clock: Clock = {
      ...systemClock,
      monotonic: () => nowMs,
      sleep: (delayMs) => {
        nowMs += delayMs
        return Promise.resolve()
      },
    }
    const source = dataGenerator({ generate, count: 2_000, ratePerSecond: 1_000, splits: 2 })
    const times: number[] = []
    for await (const { values } of source.read(
      { id: '1-of-2', properties: { index: 1, splits: 2 } },
      undefined,
      { ...sourceContext(), clock },
    )) {
      times.push(...values.map(() => nowMs))
    }
    assert.equal(times.length, 1_000)
    const lastMs = (times.at(-1) ?? 0) - 5
    assert.ok(lastMs >= 1_990 && lastMs <= 2_020, `${lastMs}`)
    assert.ok(times.filter((time) => time < 505).length <= 255)
  })

  it('refuses options that cannot work', () => {
    const make = dataGenerator as (options: unknown) => unknown
    assert.throws(() => make({}), { code: 'CONFIG_INVALID', message: /generate is missing/ })
    for (const wrong of [{ count: -1 }, { splits: 0 }, { ratePerSecond: 0 }, { seed: 0.5 }]) {
      assert.throws(() => make({ generate, ...wrong }), { code: 'CONFIG_INVALID' })
    }
    assert.throws(() => make({ generate, rate: 5 }), { code: 'CONFIG_UNKNOWN_OPTION' })
  })
})

describe('print()', () => {
  it('writes whole lines in one go, strings as they are and the rest as JSON', async () => {
    const written: string[] = []
    const sink = print<unknown>({ prefix: 'out', write: (text) => void written.push(text) })
    await using writer = await sink.createWriter(writerContext())
    await writer.write(['a', { key: 'b', value: 2 }, 3n, undefined], new Float64Array(4))
    await writer.write([], new Float64Array(0))
    assert.deepEqual(written, ['out> a\nout> {"key":"b","value":2}\nout> "3"\nout> null\n'])
  })

  it('refuses options that cannot work', () => {
    const make = print as (options: unknown) => unknown
    assert.throws(() => make({ write: 'stdout' }), { code: 'CONFIG_INVALID' })
    assert.throws(() => make({ prefx: 'a' }), { code: 'CONFIG_UNKNOWN_OPTION' })
  })
})

describe('collect()', () => {
  it('has the values in an array of its own', async () => {
    const sink = collect<number>({ guarantee: 'at-least-once' })
    await using writer = await sink.createWriter(writerContext())
    await writer.write([1, 2], new Float64Array(2))
    assert.deepEqual(sink.values, [1, 2])
  })

  it('refuses what is no array', () => {
    assert.throws(() => collectSink({} as unknown[]), { code: 'CONFIG_INVALID' })
  })
})

describe('the text of records', () => {
  it('is JSON with the nearest form of what JSON lacks', () => {
    const cases: readonly (readonly [unknown, string])[] = [
      [{ a: 1, b: 'x', c: null, d: undefined }, '{"a":1,"b":"x","c":null}'],
      [{ a: { b: 2n } }, '{"a":{"b":"2"}}'],
      [new Map([['a', new Set([1])]]), '[["a",[1]]]'],
      [{ a: Uint8Array.of(1, 2) }, '{"a":"AQI="}'],
      [[new Date(0)], '["1970-01-01T00:00:00.000Z"]'],
      [5n, '"5"'],
      [undefined, 'null'],
      ['text', '"text"'],
    ]
    for (const [value, text] of cases) assert.equal(jsonOf(value), text)
    assert.equal(textOf('text'), 'text')
    assert.equal(textOf({ a: 1 }), '{"a":1}')
  })
})
