// What the chaos tests would notice, and that their plan follows from the seed.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Difference, Follower } from './follower.ts'
import { KIND_NAMES } from './kinds.ts'
import { parseOptions } from './options.ts'
import { type LifePlan, lives } from './plan.ts'

describe('the follower of a job’s output', () => {
  let output: string
  let follower: Follower
  const expected = {
    lines: new Map([
      ['word|a', ['1', '2', '3']],
      ['word|b', ['1']],
      ['rated|c', ['1 5', '2 5']],
    ]),
    digest: (known: number) => (known <= 2 ? known * 100 : undefined),
  }
  const write = (path: string, ...lines: readonly string[]) => {
    writeFileSync(join(output, path), lines.map((line) => `${line}\n`).join(''))
  }
  const looked = () => follower.look()?.message ?? 'well'

  beforeEach(() => {
    output = mkdtempSync(join(tmpdir(), 'millrace-follower-'))
    for (const folder of ['words', 'rated']) mkdirSync(join(output, folder))
    follower = new Follower(output, expected)
  })
  afterEach(() => rmSync(output, { recursive: true, force: true }))

  it('takes what follows, in any order of keys, and says when something is left', () => {
    write('words/part-1', 'word|b|1', 'word|a|1')
    assert.equal(looked(), 'well')
    write('words/part-2', 'word|a|2', 'word|a|3')
    write('rated/part-1', 'rated|c|1 5|0 0', 'rated|c|2 5|2 200')
    assert.equal(looked(), 'well')
    assert.equal(follower.lines, 6)
    follower.requireComplete()
    rmSync(join(output, 'rated/part-1'))
    assert.throws(() => follower.requireComplete())
  })

  it('notices a line that is there twice, missing, wrong, or no whole line', () => {
    const wrong: readonly (readonly [lines: readonly string[], message: RegExp])[] = [
      [['word|a|1', 'word|a|1'], /is there already/],
      [['word|a|1', 'word|a|3'], /1 before it are missing/],
      [['word|a|1', 'word|a|7'], /no undisturbed run writes/],
      [['word|x|1'], /no undisturbed run writes/],
      [['rated|c|1 5|2 100'], /not the rules after the first 0/],
      [['rated|c|1 5|2 200', 'rated|c|2 5|1 100'], /not the rules after the first 2/],
    ]
    for (const [lines, message] of wrong) {
      write('words/part-1', ...lines)
      assert.match(looked(), message)
    }
    writeFileSync(join(output, 'words/part-1'), 'word|a|1\nword|')
    assert.match(looked(), /middle of a line/)
  })

  it('lets a file wait for the one before it, but not at the end nor in another order', () => {
    write('words/part-2', 'word|a|2', 'word|a|3')
    assert.match(looked(), /missing/)
    write('words/part-3', 'word|a|1', 'word|b|1')
    write('rated/part-1', 'rated|c|1 5|0 0', 'rated|c|2 5|0 0')
    assert.equal(looked(), 'well')
    // By their names the files are not in order: who reads them so reads 2, 3, 1.
    assert.throws(() => follower.requireComplete(), Difference)
  })

  it('lets files of different subtasks come in any order, also at the end', () => {
    write('words/part-a-line-00000002-0000-000.txt', 'word|a|2', 'word|a|3')
    write('words/part-a-line-00000002-0001-000.txt', 'word|a|1', 'word|b|1')
    write('rated/part-1', 'rated|c|1 5|0 0', 'rated|c|2 5|0 0')
    assert.equal(looked(), 'well')
    follower.requireComplete()
  })

  it('notices that a visible file changes, and reads all anew after a rollback', () => {
    write('words/part-1', 'word|a|1')
    write('words/part-2', 'word|a|2')
    assert.equal(looked(), 'well')
    rmSync(join(output, 'words/part-2'))
    follower.forget()
    assert.equal(looked(), 'well')
    assert.equal(follower.lines, 1)
    write('words/part-1', 'word|a|1', 'word|a|2')
    assert.throws(() => follower.requireComplete(), /had 9 bytes and has 18/)
  })
})

describe('the plan of the chaos tests', () => {
  const shortly = (plan: LifePlan) => ({
    ...plan,
    rounds: plan.rounds.map(({ kind, turn, random }) => [kind, turn, random.uint32()]),
  })
  const first = (count: number, ...args: readonly string[]) => {
    const options = parseOptions(args)
    assert.ok(options !== undefined)
    const plans = lives(options)
    return Array.from({ length: count }, () => shortly(plans.next().value))
  }

  it('is the same for the same seed, and another for another', () => {
    assert.deepEqual(first(9, '--seed', '7'), first(9, '--seed', '7'))
    assert.notDeepEqual(first(9, '--seed', '7'), first(9, '--seed', '8'))
  })

  it('has every kind of round, backend and parallelism among fifty rounds', () => {
    const plans = first(7, '--seed', '1')
    const kinds = new Set(plans.flatMap(({ rounds }) => rounds.map(([kind]) => kind)))
    assert.deepEqual(kinds, new Set(KIND_NAMES))
    assert.equal(new Set(plans.map((plan) => `${plan.backend} ${plan.parallelism}`)).size, 6)
  })

  it('has only what was asked for', () => {
    const plans = first(6, '--only', 'full', '--backend', 'rocksdb', '--parallelism', '2')
    assert.ok(plans.every(({ hasSmallDisk }) => hasSmallDisk))
    assert.ok(plans.every(({ rounds }) => rounds.every(([kind]) => kind === 'full')))
    assert.ok(plans.every((plan) => plan.backend === 'rocksdb' && plan.parallelism === 2))
    assert.throws(() => parseOptions(['--only', 'nothing']), /must be kill, point/)
    assert.throws(() => parseOptions(['--rounds', '0']), /whole number/)
  })
})
