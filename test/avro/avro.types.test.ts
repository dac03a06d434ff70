// What TypeScript makes of Avro schemas: inference from constants, and types that are stated.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { avroType } from 'millrace/avro'
import type { AvroValue } from '../../src/avro/index.ts'
import type { Infer, Type } from '../../src/index.ts'

type Equal<A, B> =
  (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false

/** Compiles only for `true`. */
function holds<X extends true>(): X | undefined {
  return undefined
}

const Order = avroType({
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['OPEN', 'PAID'] } },
    {
      name: 'lines',
      type: {
        type: 'array',
        items: { type: 'record', name: 'Line', fields: [{ name: 'count', type: 'int' }] },
      },
    },
    { name: 'tags', type: { type: 'map', values: { type: 'string' } } },
    { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 16 } },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'day', type: { type: 'int', logicalType: 'date' } },
    { name: 'any', type: ['boolean', 'bytes', 'double'] },
    { name: 'other', type: 'State' },
  ],
})

it('a constant schema says what its values are', () => {
  holds<
    Equal<
      Infer<typeof Order>,
      {
        id: number
        note: string | null
        state: 'OPEN' | 'PAID'
        lines: { count: number }[]
        tags: Map<string, string>
        hash: Uint8Array
        at: number
        day: number
        any: boolean | Uint8Array | number
        other: unknown
      }
    >
  >()
  assert.equal(Order.schema.kind, 'struct')
})

it('a long is what the option says', () => {
  const big = avroType({ type: 'array', items: ['null', 'long'] }, { long: 'bigint' })
  const small = avroType({ type: 'array', items: ['null', 'long'] })
  holds<Equal<Infer<typeof big>, (bigint | null)[]>>()
  holds<Equal<Infer<typeof small>, (number | null)[]>>()
  assert.notDeepEqual(big.schema, small.schema)
})

it('what is no constant is unknown, or stated', () => {
  const text: string = '"int"'
  const unknown = avroType(text)
  const stated = avroType<number>(text)
  holds<Equal<typeof unknown, Type<unknown>>>()
  holds<Equal<typeof stated, Type<number>>>()
  holds<Equal<AvroValue<string>, unknown>>()
  assert.deepEqual(unknown.schema, stated.schema)
})
