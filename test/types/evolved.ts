/** A value that was written by one type and is read as another, as after a change of the code. */
import assert from 'node:assert/strict'
import { readerOf } from '../../src/types/conversion.ts'
import type { Type } from '../../src/types/type.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'

/** Writes by one type, reads as another. */
export function evolved(before: Type<unknown>, now: Type<unknown>, value: unknown): unknown {
  const out = new ByteWriter()
  before.write(value, out)
  const input = new ByteReader(out.copy())
  const read = readerOf(before.schema, now)
  assert.ok(read !== undefined, 'the schemas do not fit')
  const found = read(input)
  assert.equal(input.remaining, 0)
  now.isolate(found) // it is a value of the type
  return found
}
