// Random types, random changes that the rules allow, at every level of nesting: what is read is
// what the change makes of the value, and reading it twice over two changes is the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readerOf } from '../../src/types/conversion.ts'
import { compareSchemas } from '../../src/types/evolution.ts'
import { typeFromSchema } from '../../src/types/schema.ts'
import { t } from '../../src/types/t.ts'
import type { Type } from '../../src/types/type.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { sample } from './arbitrary.ts'

/** A type, what became of it, a value of the one and what that is as one of the other. */
interface Change {
  readonly before: Type<unknown>
  readonly now: Type<unknown>
  readonly value: unknown
  readonly expected: unknown
}

const unchanged = sample.map(({ type, value }): Change => {
  return { before: type, now: type, value, expected: value }
})

const widened = fc.integer().chain((value) =>
  fc.constantFrom<Change>(
    { before: t.int32, now: t.float64, value, expected: value },
    { before: t.int32, now: t.int64, value, expected: BigInt(value) },
    { before: t.int32, now: t.optional(t.int64), value, expected: BigInt(value) },
    { before: t.int32, now: t.union(t.string, t.int64), value, expected: BigInt(value) },
    {
      before: t.int32,
      now: t.versioned(2, t.list(t.string)).from(t.int32, (old) => [`${old}`]),
      value,
      expected: [`${value}`],
    },
  ),
)

const grown = fc.constantFrom<Change>(
  { before: t.enum('b'), now: t.enum('a', 'b'), value: 'b', expected: 'b' },
  { before: t.enum('b'), now: t.string, value: 'b', expected: 'b' },
  { before: t.date, now: t.timestamp, value: new Date(5), expected: 5 },
)

type Fate = 'stays' | 'is renamed' | 'goes' | 'becomes optional' | 'becomes required'
const FATES: readonly Fate[] = [
  'stays',
  'is renamed',
  'goes',
  'becomes optional',
  'becomes required',
]

const isOptional = (type: Type<unknown>): boolean => type.schema.kind === 'optional'

const mayBeNothing = ({ schema: { kind } }: Type<unknown>): boolean =>
  ['optional', 'nullable', 'union', 'dynamic', 'json'].includes(kind)

interface Part {
  readonly change: Change
  readonly fate: Fate
}

/** Fields f0, f1, … with their fates, in another order, and two that are new. */
function structChange(parts: readonly Part[], reversed: boolean): Change {
  const before: [string, Type<unknown>][] = []
  const now: [string, Type<unknown>][] = [
    ['fresh', t.field(t.list(t.int32), { default: [7] })],
    ['maybe', t.optional(t.string)],
  ]
  const value: Record<string, unknown> = {}
  const expected: Record<string, unknown> = { fresh: [7] }
  for (const [index, { change, fate }] of parts.entries()) {
    const name = `f${index}`
    const required = !mayBeNothing(change.before) && !mayBeNothing(change.now)
    before.push([
      name,
      fate === 'becomes required' && required ? t.optional(change.before) : change.before,
    ])
    if (change.value !== undefined || !isOptional(change.before)) value[name] = change.value
    if (fate === 'goes') continue
    const newName = fate === 'is renamed' ? `g${index}` : name
    const held = newType(change, fate, required)
    now.push([newName, fate === 'is renamed' ? t.field(held, { renamedFrom: name }) : held])
    if (change.expected !== undefined || !isOptional(held)) expected[newName] = change.expected
  }
  return {
    before: t.struct(Object.fromEntries(before)),
    now: t.struct(Object.fromEntries(reversed ? now.toReversed() : now)),
    value,
    expected,
  }
}

function newType({ now, expected }: Change, fate: Fate, required: boolean): Type<unknown> {
  if (fate === 'becomes optional' && required) return t.optional(now)
  if (fate === 'becomes required' && required) return t.field(now, { default: expected })
  return now
}

const change: fc.Arbitrary<Change> = fc.letrec<{ change: Change }>((tie) => ({
  change: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    unchanged,
    widened,
    grown,
    fc.tuple(tie('change'), fc.nat(3)).map(([inner, count]) => ({
      before: t.list(inner.before),
      now: t.list(inner.now),
      value: Array.from({ length: count }, () => inner.value),
      expected: Array.from({ length: count }, () => inner.expected),
    })),
    tie('change').map((inner) => ({
      before: t.map(t.string, inner.before),
      now: t.map(t.string, inner.now),
      value: new Map([['k', inner.value]]),
      expected: new Map([['k', inner.expected]]),
    })),
    tie('change').map((inner) => ({
      before: t.tuple(t.string, inner.before),
      now: t.tuple(t.string, inner.now, t.optional(t.int32)),
      value: ['x', inner.value],
      expected: ['x', inner.expected, undefined],
    })),
    fc.tuple(tie('change'), fc.boolean()).map(([inner, present]): Change => {
      // Several layers of nothing could be meant in more than one way.
      if (mayBeNothing(inner.before) || mayBeNothing(inner.now)) return inner
      return {
        before: t.optional(inner.before),
        now: t.nullable(inner.now),
        value: present ? inner.value : undefined,
        expected: present ? inner.expected : null,
      }
    }),
    fc
      .tuple(
        fc.array(fc.record({ change: tie('change'), fate: fc.constantFrom(...FATES) }), {
          maxLength: 5,
        }),
        fc.boolean(),
      )
      .map(([parts, reversed]) => structChange(parts, reversed)),
  ),
})).change

function bytesOf(type: Type<unknown>, value: unknown): Buffer {
  const out = new ByteWriter()
  type.write(value, out)
  return out.copy()
}

test('what a change allows is read as what it makes of it', () => {
  fc.assert(
    fc.property(change, ({ before, now, value, expected }) => {
      assert.notEqual(compareSchemas(before.schema, now.schema).verdict, 'incompatible')
      const read = readerOf(before.schema, now)
      assert.ok(read !== undefined)
      const input = new ByteReader(bytesOf(before, value))
      const found = read(input)
      assert.equal(input.remaining, 0)
      // The same bytes: it is the value, also where objects could differ in what is not there.
      assert.deepEqual(bytesOf(now, found), bytesOf(now, expected))
      // And the next version reads it again as it is.
      const again = readerOf(typeFromSchema(now.schema).schema, now)
      assert.deepEqual(
        again?.(new ByteReader(bytesOf(now, found))),
        now.read(new ByteReader(bytesOf(now, found))),
      )
    }),
    { numRuns: Number(process.env['MILLRACE_EVOLUTION_RUNS'] ?? 1000) },
  )
})

test('any two types are either read as one another, or refused: nothing is read wrongly', () => {
  fc.assert(
    fc.property(sample, sample, ({ type: before, value }, { type: now }) => {
      const { verdict } = compareSchemas(before.schema, now.schema)
      const read = readerOf(before.schema, now)
      assert.equal(read === undefined, verdict === 'incompatible')
      if (read === undefined) return
      const found = read(new ByteReader(bytesOf(before, value)))
      now.isolate(found) // throws if it is none
    }),
    { numRuns: Number(process.env['MILLRACE_EVOLUTION_RUNS'] ?? 1000) },
  )
})
