// source(): what it accepts, what it refuses, and how single records become batches.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { source } from '../../src/connectors/define-source.ts'
import { sourceBrand } from '../../src/operators/source.ts'
import type { Source } from '../../src/operators/source.ts'
import { t } from '../../src/types/t.ts'
import { systemClock } from '../../src/util/clock.ts'
import { sourceContext } from './helpers.ts'

async function batchesOf<T, P>(source: Source<T, P>): Promise<(readonly [readonly T[], P])[]> {
  const batches: (readonly [readonly T[], P])[] = []
  const [split] = await source.discover(sourceContext())
  assert.ok(split !== undefined)
  for await (const { values, position } of source.read(split, undefined, sourceContext())) {
    batches.push([values, position])
  }
  return batches
}

describe('source()', () => {
  it('has defaults for what is left out', async () => {
    const read = async function* () {
      yield { values: [1], position: 1 }
    }
    const made = source({ read })
    assert.equal(made[sourceBrand], true)
    assert.deepEqual(
      [made.name, made.replayable, made.bounded, made.discoverEveryMs],
      ['source', true, true, undefined],
    )
    assert.deepEqual(await made.discover(sourceContext()), [{ id: 'all' }])
    assert.equal(source({ read, discoverEvery: '5 s' }).bounded, false)
    assert.equal(source({ read, discoverEvery: '5 s' }).discoverEveryMs, 5_000)
  })

  it('takes the types of records and positions from the declared types', () => {
    const made: Source<string, number> = source({
      type: t.string,
      position: t.float64,
      async *read(_split, from = 0) {
        yield { value: 'a', position: from + 1 }
      },
    })
    assert.equal(made.type, t.string)
  })

  it('puts together records that come without waiting, up to a bound', async () => {
    const made = source({
      async *read() {
        for (let n = 1; n <= 2_500; n++) yield { value: n, position: n }
      },
    })
    const sizes = (await batchesOf(made)).map(([values, position]) => [values.length, position])
    assert.deepEqual(sizes, [
      [1_000, 1_000],
      [1_000, 2_000],
      [500, 2_500],
    ])
  })

  it('hands a lone record on at once', async () => {
    const made = source({
      async *read() {
        yield { value: 'first', position: 1 }
        await systemClock.sleep(10_000, AbortSignal.timeout(300))
        yield { value: 'second', position: 2 }
      },
    })
    const start = systemClock.monotonic()
    const reading = made.read({ id: 'all' }, undefined, sourceContext())
    for await (const { values } of reading) {
      assert.deepEqual(values, ['first'])
      assert.ok(systemClock.monotonic() - start < 250)
      break
    }
  })

  it('passes batches as they are, also between records', async () => {
    const made = source({
      async *read() {
        yield { value: 1, position: 1 }
        yield { values: [2, 3], position: 3 }
        yield { value: 4, position: 4 }
      },
    })
    assert.deepEqual(await batchesOf(made), [
      [[1], 1],
      [[2, 3], 3],
      [[4], 4],
    ])
  })

  it('gives what came before a failure, then the failure', async () => {
    const made = source({
      async *read() {
        yield { value: 1, position: 1 }
        throw new Error('gone')
      },
    })
    const values: number[] = []
    const read = async () => {
      for await (const batch of made.read({ id: 'all' }, undefined, sourceContext())) {
        values.push(...batch.values)
      }
    }
    await assert.rejects(read(), /gone/)
    assert.deepEqual(values, [1])
  })

  it('closes the iterable of the author when it is left', async () => {
    let closed = false
    const made = source({
      async *read() {
        try {
          for (let n = 0; ; n++) yield { values: [n], position: n }
        } finally {
          closed = true
        }
      },
    })
    for await (const _ of made.read({ id: 'all' }, undefined, sourceContext())) break
    assert.equal(closed, true)
  })

  it('refuses splits that cannot be told apart', async () => {
    const read = async function* () {
      yield { value: 1, position: 1 }
    }
    for (const splits of [['a', 'a'], [''], [{ id: 5 }], 'a']) {
      const make = source as (definition: unknown) => Source<unknown>
      const made = make({ read, splits: () => splits })
      await assert.rejects(made.discover(sourceContext()), { code: 'CONFIG_INVALID' })
    }
  })

  it('refuses definitions that cannot work', () => {
    const make = source as (definition: unknown) => Source<unknown>
    const read = () => 5
    assert.throws(() => make(undefined), { code: 'CONFIG_INVALID' })
    assert.throws(() => make({}), { code: 'CONFIG_INVALID', message: /read is missing/ })
    assert.throws(() => make({ read, splits: [] }), { code: 'CONFIG_INVALID' })
    assert.throws(() => make({ read, discoverEvery: 0 }), { code: 'CONFIG_INVALID' })
    assert.throws(() => make({ read, spilts: () => [] }), {
      code: 'CONFIG_UNKNOWN_OPTION',
      cure: /did you mean "splits"/,
    })
    assert.throws(() => make({ read }).read({ id: 'all' }, undefined, sourceContext()), {
      code: 'CONNECTOR_FAILED',
      message: /gave no async iterable/,
    })
  })
})
