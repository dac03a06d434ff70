import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareWithCheckpoint } from '../../src/checkpoint/comparison.ts'
import { refusalsOf, requireCompatible } from '../../src/checkpoint/compatibility.ts'
import { isMillraceError } from '../../src/errors.ts'
import type { PlanNode } from '../../src/graph/plan.ts'
import { checkpoint, node, plan } from './links.ts'

const source = node(0, 'in', { kind: 'source', operation: 'file', states: [] })
const sink = node(9, 'out', {
  kind: 'sink',
  operation: 'text-file',
  states: [],
  guarantee: 'exactly-once',
})
const count = node(1, 'count', { usesTimers: true })

const differences = (before: readonly PlanNode[], now: readonly PlanNode[], drop?: string[]) =>
  refusalsOf(compared(before, now, drop)).map((finding) => finding.why)

const compared = (before: readonly PlanNode[], now: readonly PlanNode[], drop: string[] = []) =>
  compareWithCheckpoint(checkpoint(2, { plan: plan(1, [before]) }), plan(1, [now]), { drop })

/** Verdicts by part: `count n: value lost`. */
const verdicts = (before: readonly PlanNode[], now: readonly PlanNode[], drop: string[] = []) =>
  compared(before, now, drop).map(({ uid, what, verdict }) => `${uid} ${what}: ${verdict}`)

test('the same job fits, also with more operators, more state and another parallelism', () => {
  const more = { ...count, states: [...count.states, { ...count.states[0], name: 'm' } as never] }
  assert.deepEqual(differences([source, count, sink], [source, count, sink]), [])
  assert.deepEqual(differences([source, count, sink], [node(5, 'new'), sink, more, source]), [])
  const link = checkpoint(2, { plan: plan(1, [[count]]) })
  assert.deepEqual(refusalsOf(compareWithCheckpoint(link, plan(4, [[count]]))), [])
})

test('what vanished is named, and may be dropped on purpose', () => {
  assert.deepEqual(differences([source, count, sink], []), [
    'source "in" (file) is gone, and with it how far it has read',
    'operator "count" (count) is gone, and with it the state "n", its timers',
    'sink "out" (text-file) is gone, and with it output that may not be committed yet',
  ])
  assert.deepEqual(differences([source, count, sink], [], ['in', 'count', 'out']), [])
  assert.deepEqual(differences([count], [{ ...count, states: [] }]), [
    'state "n" of "count" is gone',
  ])
  assert.deepEqual(differences([count], [{ ...count, states: [] }], ['count.n']), [])
})

test('what holds nothing may change and vanish', () => {
  const stateless = node(1, 'split', { states: [], operation: 'map' })
  const print = node(2, 'print', { kind: 'sink', states: [], guarantee: 'at-least-once' })
  assert.deepEqual(differences([stateless, print], []), [])
  assert.deepEqual(differences([stateless], [{ ...stateless, operation: 'flatMap' }]), [])
})

test('a source or sink may point to another place, but not be another one', () => {
  const at = (place: string) => [
    { ...source, operation: `files(${place})` },
    { ...sink, operation: `parts(${place})` },
  ]
  assert.deepEqual(differences(at('/a'), at('/b')), [])
  assert.deepEqual(differences(at('/a'), [...at('/a').slice(0, 1), sink]), [
    '"out" was sink parts(/a), is sink text-file',
  ])
})

test('a uid that means another operation, key, kind or type is one line each', () => {
  assert.deepEqual(differences([count], [{ ...count, operation: 'reduce' }]), [
    '"count" was operator count, is operator reduce',
  ])
  const changed = {
    ...count,
    keyType: { kind: 'float64' } as const,
    usesTimers: false,
    states: [{ name: 'n', kind: 'value', type: { kind: 'string' } } as const],
  }
  const found = differences([count], [changed])
  assert.equal(found.length, 3)
  assert.match(found[0] ?? '', /^the key of "count": .*string.*float64/)
  assert.match(found[1] ?? '', /no timers any more/)
  assert.match(found[2] ?? '', /^state "n" of "count" has another type: .*int32.*string/)
  const kind = { ...count, states: [{ name: 'n', kind: 'list', type: { kind: 'int32' } } as const] }
  assert.deepEqual(differences([count], [kind]), [
    'state "n" of "count" was of kind value, is of kind list',
  ])
})

test('each part has its verdict: what fits, what is new, what is lost', () => {
  const more = { ...count, states: [{ ...count.states[0], name: 'm' } as never] }
  assert.deepEqual(verdicts([source, count], [sink, more, node(3, 'late')]), [
    'in positions: lost',
    'count key: fits',
    'count n: value: lost',
    'count m: value: new',
    'late n: new',
    'out output: new',
  ])
  assert.deepEqual(verdicts([source, count, sink], [source, count, sink]), [
    'in positions: fits',
    'count key: fits',
    'count n: value: fits',
    'out output: fits',
  ])
})

test('a drop allows a loss, but takes nothing from what fits', () => {
  const more = { ...count, states: [{ ...count.states[0], name: 'm' } as never] }
  assert.deepEqual(verdicts([count], [count], ['count', 'count.n']), [
    'count key: fits',
    'count n: value: fits',
  ])
  assert.deepEqual(verdicts([count], [more], ['count']), [
    'count key: fits',
    'count n: value: dropped',
    'count m: value: new',
  ])
  const bare = node(1, 'count')
  assert.deepEqual(verdicts([bare], [], ['count.n']), ['count n: dropped'])
  assert.deepEqual(verdicts([count], [], ['count.n']), ['count n, timers: lost'])
})

test('where an operator as a whole does not fit, its drop takes all of it', () => {
  const other = { ...count, keyType: { kind: 'float64' } as const }
  assert.deepEqual(verdicts([count], [other], ['count']), [
    'count key: dropped',
    'count n: value: dropped',
  ])
  assert.deepEqual(verdicts([count], [other], ['count.n']), [
    'count key: incompatible',
    'count n: value: fits',
  ])
})

test('the error lists every difference on a line of its own and names --fresh', () => {
  const link = checkpoint(2, { plan: plan(1, [[source, count]]), maxParallelism: 64 })
  assert.throws(
    () => requireCompatible(link, plan(1, [[sink]])),
    (error) =>
      isMillraceError(error) &&
      error.code === 'CHECKPOINT_INCOMPATIBLE' &&
      error.message.split('\n').filter((line) => line.startsWith('  - ')).length === 3 &&
      error.message.includes('maxParallelism was 64, is 128') &&
      error.cure.includes('--fresh'),
  )
  assert.doesNotThrow(() => requireCompatible(checkpoint(2), checkpoint(2).plan))
})

test('the cure names what may be given up, and the way out of another number of key groups', () => {
  const cureOf = (now: readonly PlanNode[], maxParallelism?: number) => {
    const link = checkpoint(2, { plan: plan(1, [[source, count]]) })
    try {
      requireCompatible(link, plan(1, [now], maxParallelism))
    } catch (error) {
      if (isMillraceError(error)) return error.cure
    }
    return assert.fail('it fits')
  }
  assert.match(cureOf([count]), /--drop in,/)
  assert.doesNotMatch(cureOf([count]), /maxParallelism/)
  assert.match(cureOf([source, count], 256), /keep maxParallelism/)
  assert.doesNotMatch(cureOf([source, count], 256), /--drop/)
})

test('timers of the same name and without a payload fit', () => {
  const timed = (domain: 'event-time' | 'processing-time') => [
    { ...count, timers: [{ name: 'close', domain }] },
  ]
  const about = (lines: readonly string[]) => lines.filter((line) => line.includes('timer'))
  assert.deepEqual(about(verdicts(timed('event-time'), timed('event-time'))), [])
  assert.deepEqual(about(verdicts(timed('event-time'), timed('processing-time'))), [
    'count timer close: incompatible',
  ])
})
