// The lock of a job's state as data: what it holds, and when a job is as it was locked.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  compareWithLock,
  EMPTY_LOCK,
  formatStateLock,
  lockedJob,
  parseStateLock,
} from '../../src/checkpoint/state-lock.ts'
import { MillraceError } from '../../src/errors.ts'
import { node, plan } from './links.ts'

const state = (name: string) => ({ name, kind: 'value', type: { kind: 'int32' } }) as const
const count = node(1, 'count', { states: [state('b'), state('a')] })
const sink = node(2, 'out', { kind: 'sink', states: [], guarantee: 'exactly-once' })
const nothing = { drop: [], renamed: {} }

test('a lock holds what a checkpoint would: states, timers, positions, output', () => {
  const timers = ['z', 'y'].map((name) => ({ name, domain: 'event-time' as const }))
  const operatorStates = ['q', 'p'].map((name) => ({
    name,
    kind: 'operator-list' as const,
    type: { kind: 'int32' } as const,
  }))
  const { uid: _, ...nameless } = node(7, 'x')
  const { maxParallelism, operators } = lockedJob(
    plan(1, [
      [
        node(0, 'in', { kind: 'source', states: [] }),
        sink,
        { ...sink, id: 3, uid: 'print', guarantee: 'at-least-once' },
        node(4, 'map', { states: [] }),
        node(5, 'timed', { states: [], usesTimers: true, timers }),
        node(6, 'listed', { states: [], operatorStates }),
        nameless,
        count,
      ],
    ]),
  )
  assert.equal(maxParallelism, 128)
  assert.deepEqual(
    operators.map(({ uid }) => uid),
    ['count', 'in', 'listed', 'out', 'timed'],
  )
  const [counts, source, listed, out, timed] = operators
  assert.deepEqual(
    counts?.states.map(({ name }) => name),
    ['a', 'b'],
  )
  assert.ok(counts !== undefined && 'keyType' in counts && !('guarantee' in counts))
  assert.equal(source?.kind, 'source')
  assert.equal(out?.guarantee, 'exactly-once')
  assert.deepEqual(
    listed?.operatorStates?.map(({ name }) => name),
    ['p', 'q'],
  )
  assert.deepEqual([timed?.usesTimers, timed?.timers?.map(({ name }) => name)], [true, ['y', 'z']])
})

test('the text is the same whatever the order was, and is read back', () => {
  const job = lockedJob(plan(1, [[count, sink]]))
  const text = formatStateLock({ formatVersion: 1, jobs: { b: job, a: job, c: job } })
  assert.equal(formatStateLock({ formatVersion: 1, jobs: { c: job, b: job, a: job } }), text)
  const read = parseStateLock(text, 'lock.json')
  assert.deepEqual(Object.keys(read.jobs), ['a', 'b', 'c'])
  assert.deepEqual(read.jobs['a'], job)
  assert.equal(formatStateLock(read), text)
  assert.deepEqual(parseStateLock(formatStateLock(EMPTY_LOCK), 'x'), EMPTY_LOCK)
})

test('what is no lock is refused by the name of its file', () => {
  for (const text of ['', '{', '7', '{"formatVersion":2,"jobs":{}}', '{"formatVersion":1}']) {
    assert.throws(
      () => parseStateLock(text, 'at/lock.json'),
      (error) => {
        assert.ok(error instanceof MillraceError && error.code === 'CONFIG_INVALID')
        assert.match(error.message, /^at\/lock\.json is no state lock/)
        assert.deepEqual(error.details, { file: 'at/lock.json' })
        return true
      },
    )
  }
})

test('a job is locked if it keeps exactly what was locked, however that is ordered', () => {
  const job = lockedJob(plan(1, [[count, sink]]))
  const reordered = { ...count, states: count.states.toReversed() }
  const again = compareWithLock(job, plan(4, [[sink, reordered]]), nothing)
  assert.equal(again.isLocked, true)
  assert.ok(again.findings.every(({ verdict }) => verdict === 'fits'))
  const [first] = job.operators
  assert.ok(first !== undefined)
  const { uid, ...rest } = first
  const rewritten = { ...job, operators: [{ ...rest, uid }, ...job.operators.slice(1)] }
  assert.equal(compareWithLock(rewritten, plan(1, [[count, sink]]), nothing).isLocked, true)

  const more = { ...count, states: [...count.states, state('c')] }
  const grown = compareWithLock(job, plan(1, [[more, sink]]), nothing)
  assert.equal(grown.isLocked, false)
  assert.ok(grown.findings.some(({ verdict, state: of }) => verdict === 'new' && of === 'c'))
  const lost = compareWithLock(job, plan(1, [[sink]]), nothing)
  assert.equal(lost.isLocked, false)
  assert.ok(lost.findings.some(({ verdict, uid: of }) => verdict === 'lost' && of === 'count'))
  const dropped = compareWithLock(job, plan(1, [[sink]]), { ...nothing, drop: ['count'] })
  assert.ok(dropped.findings.every(({ verdict }) => verdict !== 'lost'))
})

test('a job that was never locked is all new', () => {
  const { isLocked, findings } = compareWithLock(undefined, plan(1, [[count, sink]]), nothing)
  assert.equal(isLocked, false)
  assert.deepEqual(
    findings.map(({ uid, verdict }) => [uid, verdict]),
    [
      ['count', 'new'],
      ['out', 'new'],
    ],
  )
})

test('a lock compares values of literal types, also of null', () => {
  const literal = (value: string | null) =>
    node(1, 'count', {
      states: [{ name: 'n', kind: 'value', type: { kind: 'literal', value } }],
    })
  const locked = lockedJob(plan(1, [[literal(null)]]))
  assert.equal(compareWithLock(locked, plan(1, [[literal(null)]]), nothing).isLocked, true)
  assert.equal(compareWithLock(locked, plan(1, [[literal('')]]), nothing).isLocked, false)
})
