import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Entry } from '../../../src/state/backend.ts'
import { compareBytes } from '../../../src/state/runs/entry.ts'
import { tombstoneValue } from '../../../src/state/runs/entry-value.ts'
import { mergeEntries, mergeSync } from '../../../src/state/runs/merge.ts'
import { streamOf } from '../../../src/state/runs/stream.ts'
import { collect, liveValue } from './entries.ts'

/** What one run does, in the simplest words: the model is a Map of strings. */
interface Step {
  readonly key: string
  readonly act: 'put' | 'delete' | 'clear'
  readonly value: number
}

// Live keys end in `.`, prefixes do not: no live key is the prefix of a range tombstone.
const prefixes = fc
  .array(fc.constantFrom('a', 'b'), { maxLength: 4 })
  .map((parts) => parts.join(''))
const step: fc.Arbitrary<Step> = fc
  .record({
    prefix: prefixes,
    act: fc.constantFrom('put' as const, 'put' as const, 'delete' as const, 'clear' as const),
    value: fc.nat(1000),
  })
  .map(({ prefix, act, value }) => ({ key: act === 'clear' ? prefix : `${prefix}.`, act, value }))
const run = fc.array(step, { maxLength: 12 }).map((steps) => {
  const byKey = new Map(steps.map((one) => [one.key, one]))
  return [...byKey.values()].sort((a, b) => compareBytes(Buffer.from(a.key), Buffer.from(b.key)))
})
const runs = fc.array(run, { maxLength: 6 })

function entriesOf(steps: readonly Step[]): Entry[] {
  return steps.map(({ key, act, value }) => ({
    key: Buffer.from(key),
    value:
      act === 'put'
        ? liveValue(String(value))
        : tombstoneValue(act === 'delete' ? 'point' : 'range'),
  }))
}

function apply(model: Map<string, number>, steps: readonly Step[]): void {
  // Range tombstones concern older runs only, so they act first, wherever they stand.
  for (const { key, act } of steps) {
    if (act !== 'clear') continue
    for (const held of model.keys()) if (held.startsWith(key)) model.delete(held)
  }
  for (const { key, act, value } of steps) {
    if (act === 'put') model.set(key, value)
    if (act === 'delete') model.delete(key)
  }
}

function contents(entries: Iterable<Entry>): [string, string][] {
  return [...entries].map(({ key, value }) => [
    Buffer.from(key).toString(),
    Buffer.from(value).toString('hex'),
  ])
}

function modelContents(model: ReadonlyMap<string, number>): [string, string][] {
  return [...model]
    .sort(([a], [b]) => compareBytes(Buffer.from(a), Buffer.from(b)))
    .map(([key, value]) => [key, Buffer.from(liveValue(String(value))).toString('hex')])
}

test('a bottom merge of any runs holds what a plain Map holds after the same steps', () => {
  fc.assert(
    fc.property(runs, (all) => {
      const model = new Map<string, number>()
      for (const steps of all) apply(model, steps)
      const merged = mergeSync(all.map(entriesOf), { dropTombstones: true })
      assert.deepEqual(contents(merged), modelContents(model))
    }),
    { numRuns: 4000 },
  )
})

test('merging any adjacent runs first changes nothing, and leaves keys in order, each once', () => {
  fc.assert(
    fc.property(runs, fc.nat(6), fc.nat(6), (all, one, other) => {
      const from = Math.min(one, other, all.length)
      const to = Math.min(Math.max(one, other), all.length)
      const model = new Map<string, number>()
      for (const steps of all) apply(model, steps)
      const entries = all.map(entriesOf)
      const middle = [...mergeSync(entries.slice(from, to), { dropTombstones: from === 0 })]
      for (let index = 1; index < middle.length; index++) {
        const [before, here] = [middle[index - 1], middle[index]]
        assert.ok(before !== undefined && here !== undefined)
        assert.ok(compareBytes(before.key, here.key) < 0)
      }
      const replaced = [...entries.slice(0, from), middle, ...entries.slice(to)]
      const merged = mergeSync(replaced, { dropTombstones: true })
      assert.deepEqual(contents(merged), modelContents(model))
    }),
    { numRuns: 4000 },
  )
})

test('the asynchronous merge gives what the synchronous one gives', async () => {
  await fc.assert(
    fc.asyncProperty(runs, fc.boolean(), async (all, dropTombstones) => {
      const entries = all.map(entriesOf)
      const expected = contents(mergeSync(entries, { dropTombstones }))
      const merged = await collect(mergeEntries(entries.map(streamOf), { dropTombstones }))
      assert.deepEqual(contents(merged), expected)
    }),
    { numRuns: 500 },
  )
})

test('a range tombstone spares its own run and deletes in every older one', () => {
  const older = entriesOf([
    { key: 'a.', act: 'put', value: 1 },
    { key: 'ab.', act: 'put', value: 2 },
  ])
  const newer = entriesOf([
    { key: 'a', act: 'clear', value: 0 },
    { key: 'ab.', act: 'put', value: 3 },
  ])
  const kept = contents(mergeSync([older, newer], { dropTombstones: false }))
  assert.deepEqual(kept, contents(newer))
  const bottom = contents(mergeSync([older, newer], { dropTombstones: true }))
  assert.deepEqual(bottom, contents(newer.slice(1)))
})

test('a range tombstone outlives a newer point tombstone of the same key', () => {
  const oldest = entriesOf([{ key: 'ab.', act: 'put', value: 1 }])
  const older = [{ key: Buffer.from('a'), value: tombstoneValue('range') }]
  const newer = [{ key: Buffer.from('a'), value: tombstoneValue('point') }]
  const merged = [...mergeSync([older, newer], { dropTombstones: false })]
  assert.deepEqual(contents(merged), contents(older))
  assert.deepEqual([...mergeSync([oldest, merged], { dropTombstones: true })], [])
})

test('a live key that an older run holds as a range tombstone is reported', () => {
  const older = [{ key: Buffer.from('a'), value: tombstoneValue('range') }]
  const newer = [{ key: Buffer.from('a'), value: liveValue('x') }]
  assert.throws(() => [...mergeSync([older, newer], { dropTombstones: false })], {
    code: 'STORAGE_CORRUPT',
  })
})

test('a merge closes its streams when its reader stops early', async () => {
  let closed = 0
  const endless = () =>
    (async function* (): AsyncGenerator<Entry> {
      try {
        for (let index = 0; ; index++) {
          yield { key: Buffer.from(String(index).padStart(9, '0')), value: liveValue('') }
        }
      } finally {
        closed++
      }
    })()
  for await (const _ of mergeEntries([endless(), endless()], { dropTombstones: true })) break
  assert.equal(closed, 2)
})
