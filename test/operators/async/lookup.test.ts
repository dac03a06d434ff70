import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Lookups } from '../../../src/operators/async/lookup.ts'
import { asyncWorld, turn } from './world.ts'

interface Ask {
  readonly key: unknown
  readonly signal: AbortSignal
  answer(row: unknown): void
  refuse(error: unknown): void
}

function lookups(cache?: { entriesMax: number; ttlMs: number }) {
  const { world, advance } = asyncWorld()
  const asked: Ask[] = []
  const rows = new Lookups(
    (key, signal) => {
      return new Promise((answer, refuse) => asked.push({ key, signal, answer, refuse }))
    },
    cache === undefined ? undefined : { ...cache, keeps: (row) => row !== 'again' },
    world,
  )
  const never = new AbortController().signal
  return { asked, advance, get: (key: unknown, signal = never) => rows.get(key, signal) }
}

describe('look-ups', () => {
  it('share one call for equal keys, whatever object the key is', async () => {
    const { asked, get } = lookups()
    const rows = [get(['a', 1]), get(['a', 1]), get(['b', 1])]
    assert.deepEqual(
      asked.map(({ key }) => key),
      [
        ['a', 1],
        ['b', 1],
      ],
    )
    asked[0]?.answer('A')
    asked[1]?.answer('B')
    assert.deepEqual(await Promise.all(rows), ['A', 'A', 'B'])
    const again = get(['a', 1])
    asked[2]?.answer('A2')
    assert.equal(await again, 'A2')
  })

  it('fail all that wait for the key, and are made anew for the next', async () => {
    const { asked, get } = lookups({ entriesMax: 1, ttlMs: 1 })
    const rows = [get('a'), get('a')]
    asked[0]?.refuse(new Error('gone'))
    const settled = await Promise.allSettled(rows)
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    void get('a')
    assert.equal(asked.length, 2)
  })

  it('end only when nobody waits any more', async () => {
    const { asked, get } = lookups()
    const [one, two] = [new AbortController(), new AbortController()]
    const rows = [get('a', one.signal), get('a', two.signal)].map((row) =>
      Promise.resolve(row).catch(() => 'aborted'),
    )
    one.abort()
    assert.equal(asked[0]?.signal.aborted, false)
    two.abort()
    assert.equal(asked[0]?.signal.aborted, true)
    assert.deepEqual(await Promise.all(rows), ['aborted', 'aborted'])
    void get('a')
    assert.equal(asked.length, 2)
  })

  it('keep rows as long as they live, also that there is none', async () => {
    const { asked, get, advance } = lookups({ entriesMax: 2, ttlMs: 100 })
    void get('a')
    asked[0]?.answer(undefined)
    await turn()
    await advance(99)
    assert.equal(await get('a'), undefined)
    assert.equal(asked.length, 1)
    await advance(1)
    void get('a')
    assert.equal(asked.length, 2)
  })

  it('drop the row used longest ago, and keep none that is to be asked again', async () => {
    const { asked, get } = lookups({ entriesMax: 2, ttlMs: 100 })
    for (const key of ['a', 'b']) {
      void get(key)
      asked.at(-1)?.answer(key)
      await turn()
    }
    await get('a')
    void get('c')
    asked.at(-1)?.answer('again')
    await turn()
    void get('c')
    asked.at(-1)?.answer('c')
    await turn()
    assert.equal(asked.length, 4)
    void get('a')
    assert.equal(asked.length, 4)
    void get('b')
    assert.equal(asked.length, 5)
  })
})
