// What TypeScript makes of declared types: inference, and mistakes that must not compile.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { t } from '../../src/types/t.ts'
import type { Infer, Type } from '../../src/types/type.ts'

type Equal<A, B> =
  (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false

/** Compiles only for `true`. */
function holds<X extends true>(): X | undefined {
  return undefined
}

const Line = t.struct({ sku: t.string, count: t.int32 })
const Order = t.struct({
  id: t.string,
  paid: t.boolean,
  version: t.int64,
  total: t.float64,
  at: t.timestamp,
  due: t.date,
  seal: t.bytes,
  kind: t.literal('order'),
  colour: t.enum('red', 'green'),
  place: t.tuple(t.float64, t.string),
  lines: t.list(Line),
  tags: t.map(t.string, t.int32),
  payment: t.union(t.struct({ card: t.string }), t.literal('cash')),
  note: t.optional(t.string),
  parent: t.nullable(t.string),
  meta: t.json<{ readonly a: number }>(),
  rest: t.dynamic<readonly string[]>(),
})

interface ExpectedOrder {
  id: string
  paid: boolean
  version: bigint
  total: number
  at: number
  due: Date
  seal: Uint8Array
  kind: 'order'
  colour: 'red' | 'green'
  place: [number, string]
  lines: { sku: string; count: number }[]
  tags: Map<string, number>
  payment: { card: string } | 'cash'
  note?: string | undefined
  parent: string | null
  meta: { readonly a: number }
  rest: readonly string[]
}

it('Infer gives the TypeScript type of a declared type', () => {
  holds<Equal<Infer<typeof Order>, { [K in keyof ExpectedOrder]: ExpectedOrder[K] }>>()
  holds<Equal<Infer<typeof t.int32>, number>>()
  holds<Equal<Infer<Type<{ a: 1 }>>, { a: 1 }>>()
  const list = t.list(t.optional(t.int32))
  holds<Equal<Infer<typeof list>, (number | undefined)[]>>()
  const mixed = t.union(t.literal(1), t.literal('a'), t.literal(null), t.boolean)
  holds<Equal<Infer<typeof mixed>, 1 | 'a' | boolean | null>>()
  const empty = t.struct({})
  holds<Equal<Infer<typeof empty>, {}>>()
})

it('values are checked against the declared type when compiled', () => {
  const line = Line.isolate({ sku: 'a', count: 1 })
  assert.equal(line.count, 1)
  const check = (): void => {
    // @ts-expect-error a field of the wrong type
    Line.isolate({ sku: 'a', count: '1' })
    // @ts-expect-error a missing field
    Line.isolate({ sku: 'a' })
    // @ts-expect-error an undeclared field
    Line.isolate({ sku: 'a', count: 1, colour: 'red' })
    // @ts-expect-error no such field
    assert.equal(line.price, 1)
    // @ts-expect-error not one of the values
    t.enum('red', 'green').isolate('blue')
    // @ts-expect-error a tuple has a fixed length
    t.tuple(t.int32, t.string).isolate([1])
    // @ts-expect-error null is not undefined
    t.optional(t.int32).isolate(null)
    // @ts-expect-error int64 is bigint
    t.int64.isolate(1)
  }
  assert.throws(check, { code: 'TYPE_MISMATCH' })
})

it('types are checked when they are declared', () => {
  const declare = (): void => {
    // @ts-expect-error an object is no literal
    t.literal({})
    // @ts-expect-error a field must be a type
    t.struct({ a: 'string' })
    // @ts-expect-error the element is missing
    t.list()
  }
  assert.throws(declare, { code: 'TYPE_INVALID' })
})
