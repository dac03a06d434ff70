// What the bench compares must do the same work: each contender that needs nothing but this
// repository, on little input, gives out what the loop by hand does.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { byHand } from '../../bench/suite/by-hand.ts'
import { SUITES } from '../../bench/suite/cells.ts'
import { Checksum, outputOf, textHash } from '../../bench/suite/checksum.ts'
import { whyVoid } from '../../bench/suite/compare.ts'
import { NEXMARK_QUERIES, type Task, type Work } from '../../bench/suite/contract.ts'
import { millrace } from '../../bench/suite/millrace.ts'
import { start } from '../../bench/suite/start.ts'
import { tables } from '../../bench/suite/tables.ts'
import { rocksdbIsAvailable } from '../../src/state/rocksdb/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-text-'))
after(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'part-0.txt'), 'to be or not to be\nthat is\n'.repeat(100))
writeFileSync(join(folder, 'part-1.txt'), 'is it to be\n'.repeat(100))

function task(work: Work, more: Partial<Task> = {}): Task {
  const records = 12_000
  const words = { records: 1_200, keys: 0, input: folder }
  const drawn = { records, keys: 50, input: '' }
  const common = { work, backend: 'memory', parallelism: 1, checkpointSeconds: 0 } as const
  return { ...common, ...(work === 'words' ? words : drawn), ...more }
}

describe('the checksum of an output', () => {
  it('does not depend on the order, nor on who wrote which part', () => {
    const updates = [
      [1, 10],
      [2, 20],
      [-3, 5e9],
      [1, 11],
    ] as const
    const all = new Checksum()
    const [one, other] = [new Checksum(), new Checksum()]
    for (const [key, value] of updates) all.add(key, value)
    for (const [key, value] of updates.toReversed()) (key === 1 ? one : other).add(key, value)
    assert.deepEqual(outputOf([one, other]), outputOf([all]))
  })

  it('sees one changed, missing or doubled record', () => {
    const of = (values: readonly number[]) => {
      const sum = new Checksum()
      for (const value of values) sum.add(7, value)
      return outputOf([sum])
    }
    const right = of([1, 2, 3])
    for (const wrong of [
      [1, 2, 4],
      [1, 2],
      [1, 2, 3, 3],
      [1, 2, 2],
    ]) {
      assert.match(whyVoid(of(wrong), right) ?? '', /^void: its output is \d records/)
    }
    assert.equal(whyVoid(of([3, 1, 2]), right), undefined)
  })

  it('hashes text as Java does', () => {
    assert.equal(textHash('hello'), 99_162_322)
    assert.equal(textHash('the longer word'), 1_780_027_250)
  })
})

describe('contenders', () => {
  const works = ['words', 'sum-number', 'sum-string', 'map', 'list', 'exchange'] as const

  it('have a task for each work', () => {
    const used = Object.values(SUITES).flatMap((cells) => cells.map(({ work }) => work))
    // These take seconds and more: they are compared where the bench runs.
    const texts = ['text-sums-uniform', 'text-sums-zipf'] as const
    const long = ['start', 'snapshots', 'latency', ...texts] as const
    assert.deepEqual(new Set(used), new Set([...works, ...NEXMARK_QUERIES, ...long]))
  })

  for (const work of works) {
    it(`Millrace: ${work}`, async () => {
      const expected = await byHand(task(work))
      assert.ok(expected.output.count >= 100)
      const { ms, cpuMs, output } = await millrace(task(work))
      assert.deepEqual(output, expected.output)
      assert.ok(ms > 0 && (cpuMs ?? 0) > 0)
    })
  }

  it('Millrace on two workers, on rocksdb if there is one, with checkpoints', async () => {
    const backend = rocksdbIsAvailable() ? 'rocksdb' : 'memory'
    const more = { parallelism: 2, backend, checkpointSeconds: 1 } as const
    for (const work of ['words', 'sum-number'] as const) {
      const [{ output }, wanted] = [await millrace(task(work, more)), await byHand(task(work))]
      assert.deepEqual(output, wanted.output)
    }
  })

  it('a process that is started tells its first result, and all of them', async () => {
    const { ms, output } = await start('by-hand', undefined)
    assert.ok(ms > 0)
    assert.equal(output.count, 10)
  })

  it('typed arrays', async () => {
    for (const work of ['words', 'sum-number'] as const) {
      const [{ output }, wanted] = [await tables(task(work)), await byHand(task(work))]
      assert.deepEqual(output, wanted.output)
    }
  })
})
