// Every finding of a comparison, whole: what it is of, the verdict, why, and what gives it up.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareWithCheckpoint, type Finding } from '../../src/checkpoint/comparison.ts'
import type { PlanNode } from '../../src/graph/plan.ts'
import type { TypeSchema } from '../../src/types/type.ts'
import { checkpoint, node, plan } from './links.ts'

const found = (before: PlanNode, now: PlanNode, drop: string[] = []): readonly Finding[] =>
  compareWithCheckpoint(checkpoint(2, { plan: plan(1, [[before]]) }), plan(1, [[now]]), { drop })

const int32: TypeSchema = { kind: 'int32' }
const float64: TypeSchema = { kind: 'float64' }
const text: TypeSchema = { kind: 'string' }
const bare = (changes: Partial<PlanNode>): PlanNode => node(1, 'sums', { states: [], ...changes })
const CONVERT = ' (convert it with t.versioned)'
const REKEY = ' (write it anew with rekeyed() of millrace/savepoint)'
const keyed = { uid: 'sums', what: 'key', verdict: 'fits' } as const

test('what fits is said without a reason, and a key only where there is one', () => {
  const states = [{ name: 'n', kind: 'value', type: int32 }] as const
  const whole = bare({ states })
  const state = { uid: 'sums', state: 'n', what: 'n: value', verdict: 'fits' }
  assert.deepEqual(found(whole, whole), [keyed, state])
  const { keyType: _, ...keyless } = whole
  assert.deepEqual(found(keyless, keyless), [state])
})

test('what is converted says what it was, and whether the code before reads it, too', () => {
  const of = (type: TypeSchema) => bare({ states: [{ name: 'n', kind: 'value', type }] })
  const why = 'state "n" of "sums" is converted: was int32, is float64'
  const finding = { uid: 'sums', state: 'n', what: 'n: value', verdict: 'migrate', drop: 'sums.n' }
  assert.deepEqual(found(of(int32), of(float64)), [keyed, { ...finding, why }])
  const struct = (...names: string[]): TypeSchema => ({
    kind: 'struct',
    fields: names.map((name) => ({ name, type: { kind: 'optional', of: int32 } })),
  })
  const [, twoWay] = found(of(struct('a')), of(struct('a', 'b')))
  assert.equal(twoWay?.verdict, 'migrate')
  assert.match(twoWay?.why ?? '', / is converted: .* \(the code before can read it, too\)$/)
})

test('state without keys is given up with its operator, not by its own name', () => {
  const of = (type: TypeSchema, states: PlanNode['states'] = []) =>
    bare({ states, operatorStates: [{ name: 'rules', kind: 'broadcast', type, keyType: text }] })
  const finding = { uid: 'sums', what: 'rules: broadcast', drop: 'sums' }
  const [, converted] = found(of(int32), of(float64))
  assert.deepEqual(converted, {
    ...finding,
    verdict: 'migrate',
    why: 'state "rules" of "sums" is converted: was int32, is float64',
  })
  const [, other] = found(of(int32), of(text))
  assert.deepEqual(other, {
    ...finding,
    verdict: 'incompatible',
    why: `state "rules" of "sums" has another type: was int32, is string${CONVERT}`,
  })
  assert.deepEqual(
    found(of(int32), of(text), ['sums']).map(({ verdict }) => verdict),
    ['dropped', 'dropped'],
  )
  assert.equal(found(of(int32), of(text), ['sums.rules'])[1]?.verdict, 'incompatible')
})

test('keys of maps and elements of sets are compared as keys are', () => {
  const map = (keyType: TypeSchema, type: TypeSchema) =>
    bare({ states: [{ name: 'm', kind: 'map', type, keyType }] })
  const why = (before: PlanNode, now: PlanNode) => {
    const [, finding] = found(before, now)
    return [finding?.verdict, finding?.why?.replace(/^state "." of "sums"/, '')]
  }
  assert.deepEqual(why(map(int32, int32), map(text, int32)), [
    'incompatible',
    ` has another map key: was int32, is string${REKEY}`,
  ])
  assert.deepEqual(why(map(int32, int32), map(int32, float64)), [
    'migrate',
    ' is converted: was int32, is float64',
  ])
  const set = (type: TypeSchema) => bare({ states: [{ name: 's', kind: 'set', type }] })
  assert.deepEqual(why(set(int32), set(text)), [
    'incompatible',
    ` has another type: was int32, is string${REKEY}`,
  ])
  assert.deepEqual(
    why(map(int32, int32), bare({ states: [{ name: 'm', kind: 'value', type: int32 }] })),
    ['incompatible', ' was of kind map, is of kind value'],
  )
})

test('of timers by name the clock and the payload must fit; more of them may come', () => {
  const of = (...timers: NonNullable<PlanNode['timers']>) => bare({ usesTimers: true, timers })
  const close = { name: 'close', domain: 'event-time', payload: int32 } as const
  const finding = { uid: 'sums', what: 'timer close', drop: 'sums' }
  assert.deepEqual(found(of(close), of(close, { ...close, name: 'more' })), [keyed])
  assert.deepEqual(found(of(close), of({ ...close, payload: float64 })), [
    keyed,
    {
      ...finding,
      verdict: 'migrate',
      why: 'timer "close" of "sums" is converted: was int32, is float64',
    },
  ])
  assert.deepEqual(found(of(close), of({ ...close, payload: text })), [
    keyed,
    {
      ...finding,
      verdict: 'incompatible',
      why: `timer "close" of "sums" has another payload: was int32, is string${CONVERT}`,
    },
  ])
  assert.deepEqual(found(of(close), of({ ...close, domain: 'processing-time' })), [
    keyed,
    { ...finding, verdict: 'incompatible', why: 'timer "close" of "sums" was of event-time' },
  ])
  assert.deepEqual(found(of(close), of()), [
    keyed,
    { ...finding, verdict: 'lost', why: 'timer "close" of "sums" is gone' },
  ])
  const timers = found(of(), bare({}))
  assert.deepEqual(timers.slice(1), [
    {
      uid: 'sums',
      what: 'timers',
      verdict: 'lost',
      why: '"sums" has no timers any more, but the checkpoint may hold some',
      drop: 'sums',
    },
  ])
})

test('a key that is there no more, or was not there, does not fit', () => {
  const { keyType: _, ...keyless } = bare({ usesTimers: true })
  const withKey = bare({ usesTimers: true })
  const why = (before: PlanNode, now: PlanNode) => found(before, now).map((each) => each.why)
  assert.deepEqual(why(keyless, withKey), [`the key of "sums": there was none${REKEY}`])
  assert.deepEqual(why(withKey, keyless), [`the key of "sums": there is none any more${REKEY}`])
})
