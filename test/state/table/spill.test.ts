// What left memory in an epoch: gathered, written, merged and given back without losing which of
// two entries of a key is the newer one.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { EntryBuffer, type SortedEntries } from '../../../src/state/table/entry-buffer.ts'
import type { Segment } from '../../../src/state/table/segment.ts'
import { Spill } from '../../../src/state/table/spill.ts'
import { mergeSync } from '../../../src/state/runs/merge.ts'
import { rowKey } from '../runs/entries.ts'

/** A round of these keys, all with one value. */
function round(keys: readonly number[], text: string): SortedEntries {
  const buffer = new EntryBuffer()
  for (const key of keys) {
    buffer.beginEntry()
    buffer.out.raw(rowKey(0, key))
    buffer.beginValue()
    buffer.out.raw(Buffer.concat([Buffer.from([0]), Buffer.from(text)]))
    buffer.endEntry()
  }
  return buffer.sorted()
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at)

function textsOf(segments: readonly Segment[]): ReadonlyMap<string, string> {
  const held = new Map<string, string>()
  const streams = segments.map((segment) => segment.entries())
  for (const { key, value } of mergeSync(streams, { dropTombstones: false })) {
    held.set(Buffer.from(key).toString('hex'), Buffer.from(value.subarray(1)).toString())
  }
  return held
}

const hexOf = (key: number): string => Buffer.from(rowKey(0, key)).toString('hex')
const BIG = 'x'.repeat(70_000)
/** So much that it limits nothing. */
const MEMORY_BYTES = 1 << 30

test('rounds of one epoch become one segment, in which the newest entry of a key counts', () => {
  const scratch = new MemoryScratch()
  const spill = new Spill(scratch, MEMORY_BYTES)
  assert.deepEqual(spill.take(), [])
  spill.add(round([1, 2, 3], 'old'))
  spill.add(round([2, 4], 'new'))
  assert.equal(spill.segmentCount, 0, 'little is kept in memory')
  assert.equal(scratch.lengthBytes, 0)
  const segments = spill.take()
  assert.equal(segments.length, 1)
  assert.deepEqual(
    textsOf(segments),
    new Map([1, 2, 3, 4].map((key) => [hexOf(key), key % 2 === 0 ? 'new' : 'old'])),
  )
  assert.deepEqual([spill.segmentCount, spill.take()], [0, []])
  assert.equal(scratch.lengthBytes, segments[0]?.lengthBytes)
  for (const segment of segments) segment.delete()
  assert.equal(scratch.lengthBytes, 0)
})

test('much is written at once', () => {
  const spill = new Spill(new MemoryScratch(), MEMORY_BYTES)
  for (let at = 0; at < 4; at++) {
    spill.add(round(upTo(16), BIG + String(at)))
    // Each round has some 1.1 MB: two of them make a segment.
    assert.equal(spill.segmentCount, Math.floor((at + 1) / 2))
  }
  assert.equal(
    [...textsOf(spill.take()).values()].every((text) => text.endsWith('x3')),
    true,
  )
})

test('no more is kept in memory than an eighth of what there is', () => {
  const spill = new Spill(new MemoryScratch(), 4096)
  spill.add(round([1], 'x'.repeat(400)))
  assert.equal(spill.segmentCount, 0)
  spill.add(round([1], 'y'.repeat(400)))
  assert.equal(spill.segmentCount, 1)
  assert.deepEqual([...textsOf(spill.take()).values()], ['y'.repeat(400)])
})

test('what an aborted cut gives back stays older than what came since', () => {
  const spill = new Spill(new MemoryScratch(), MEMORY_BYTES)
  spill.add(round([1, 2], 'first'))
  const first = spill.take()
  spill.add(round([2, 3], 'second'))
  const second = spill.take()
  spill.add(round([3, 4], 'third'))
  spill.giveBack(second)
  spill.giveBack(first)
  const all = spill.take()
  assert.equal(all.length, 3)
  assert.deepEqual(
    all.map(({ number }) => number),
    all.map(({ number }) => number).toSorted((a, b) => a - b),
  )
  assert.deepEqual([...textsOf(all).values()], ['first', 'second', 'third', 'third'])
})

// Simulation: what a failed checkpoint gave back was merged with what came after a second one that
// was under way. When that failed, too, its older values counted as newer, or the other way round.
test('what comes back is not merged over the place of what another cut still has', () => {
  const spill = new Spill(new MemoryScratch(), MEMORY_BYTES)
  const cutOf = (text: string, count: number): readonly Segment[] => {
    const parts = Array.from({ length: count }, () => {
      spill.add(round([1], text))
      return spill.take()
    })
    spill.giveBack(parts.flat())
    return spill.take()
  }
  const [first, second] = [cutOf('first', 4), cutOf('second', 1)]
  spill.giveBack(cutOf('third', 4))
  spill.giveBack(first)
  while (spill.mergeSlice(() => true)) continue
  assert.equal(spill.segmentCount, 8, 'something may still come between them')
  spill.giveBack(second)
  while (spill.mergeSlice(() => true)) continue
  assert.equal(spill.segmentCount, 2)
  assert.deepEqual([...textsOf(spill.take()).values()], ['third'])
})

/** So many segments of these sizes, each given back as if its cut had failed. */
function spillOf(sizes: readonly number[], scratch = new MemoryScratch()): Spill {
  const spill = new Spill(scratch, MEMORY_BYTES)
  const segments = sizes.flatMap((size, at) => {
    spill.add(round(upTo(size), `of ${at}`))
    return spill.take()
  })
  spill.giveBack(segments)
  return spill
}

test('eight neighbours of about one size are merged in slices, in the place of the newest', () => {
  const scratch = new MemoryScratch()
  const spill = spillOf([2000, ...Array.from({ length: 8 }, (_, at) => 200 - at)], scratch)
  assert.equal(spill.segmentCount, 9)
  let slices = 0
  while (spill.mergeSlice(() => false)) slices++
  assert.ok(slices > 2 && slices < 10, `${slices} slices`)
  assert.equal(spill.segmentCount, 2)
  const all = spill.take()
  const held = textsOf(all)
  assert.deepEqual(
    upTo(2000).map((key) => held.get(hexOf(key))),
    upTo(2000).map((key) => `of ${key > 199 ? 0 : Math.min(8, 200 - key)}`),
  )
  assert.equal(
    scratch.lengthBytes,
    all.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
    'what was merged is deleted',
  )
})

test('fewer than eight, or such of unlike sizes, are left alone', () => {
  const few = spillOf([5, 5, 5, 5, 5, 5, 5])
  assert.deepEqual([few.mergeSlice(() => true), few.segmentCount], [false, 7])
  const unlike = spillOf([400, 5, 5, 5, 5, 5, 5, 5])
  assert.deepEqual([unlike.mergeSlice(() => true), unlike.segmentCount], [false, 8])
  const last = spillOf([400, 5, 5, 5, 5, 5, 5, 5, 5])
  assert.deepEqual([last.mergeSlice(() => true), last.segmentCount], [true, 2])
  assert.equal(
    last.mergeSlice(() => true),
    false,
  )
})

test('a merge goes on while it may, and is given up when the epoch ends', () => {
  const scratch = new MemoryScratch()
  const spill = spillOf(
    Array.from({ length: 8 }, () => 300),
    scratch,
  )
  const { lengthBytes } = scratch
  let asked = 0
  assert.equal(
    spill.mergeSlice(() => ++asked < 2),
    true,
  )
  assert.equal(asked, 2)
  assert.equal(spill.segmentCount, 8)
  const segments = spill.take()
  assert.equal(segments.length, 8)
  assert.equal(scratch.lengthBytes, lengthBytes, 'what it had written is deleted')
  assert.equal(textsOf(segments).get(hexOf(50)), 'of 7')
  spill.giveBack(segments)
  spill.mergeSlice(() => false)
  spill.giveBack([])
  assert.equal(scratch.lengthBytes, lengthBytes)
  spill.mergeSlice(() => false)
  spill.add(round([1], 'more'))
  spill.clear()
  assert.deepEqual([scratch.lengthBytes, spill.segmentCount, spill.take()], [0, 0, []])
})

test('many segments are merged at once, whatever their sizes', () => {
  const scratch = new MemoryScratch()
  const spill = spillOf(
    Array.from({ length: 64 }, (_, at) => (at % 2 === 0 ? 1 : 60)),
    scratch,
  )
  assert.equal(spill.segmentCount, 64)
  spill.add(round([1], 'last'))
  assert.equal(spill.segmentCount, 57)
  const held = textsOf(spill.take())
  assert.deepEqual([held.get(hexOf(1)), held.get(hexOf(0))], ['last', 'of 63'])
})
