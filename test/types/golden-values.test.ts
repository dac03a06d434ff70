// Value bytes of format version 1, of declared and undeclared types, as golden values.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeSchema, sameSchema, typeFromSchema } from '../../src/types/schema.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { goldenRows, goldenValue } from './golden.ts'

describe('value bytes', () => {
  for (const [schema = '', text = '', hexadecimal = ''] of goldenRows('values-v1.tsv')) {
    const type = typeFromSchema(JSON.parse(schema))
    const name = `${describeSchema(type.schema).slice(0, 50)} ${text.slice(0, 50)}`
    it(`of ${name} are those of format version 1`, () => {
      const value = goldenValue(text)
      const out = new ByteWriter(1)
      type.write(value, out)
      assert.equal(out.view().toString('hex'), hexadecimal)
      const input = new ByteReader(Buffer.from(hexadecimal, 'hex'))
      assert.deepStrictEqual(type.read(input), value)
      assert.equal(input.remaining, 0)
      assert.ok(sameSchema(type.schema, JSON.parse(schema)))
    })
  }
})
