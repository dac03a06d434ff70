/**
 * What a timer carries, as it follows the header of the timer's entry: nothing, or a byte that says
 * there is something, then the bytes of the declared type.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import type { ReadValue } from '../../types/conversion.ts'
import type { Type } from '../../types/type.ts'
import { ByteReader, type ByteWriter } from '../../util/bytes.ts'

const HAS_PAYLOAD = 1

/** Nothing is written where there is no payload. */
export function writeTimerPayload(out: ByteWriter, payload: unknown, type: Type<unknown>): void {
  out.uint8(HAS_PAYLOAD)
  type.write(payload, out)
}

/** Undefined if there is no payload. Throws `STORAGE_CORRUPT`. */
export function readTimerPayload(bytes: Uint8Array, type: Type<unknown> | undefined): unknown {
  if (bytes.length === 0 || type === undefined) return undefined
  const value = readTimerPayloadBy(bytes, (input) => type.read(input))
  return typeof value === 'object' ? type.isolate(value) : value
}

/** The same of bytes that are there; not isolated. */
export function readTimerPayloadBy(bytes: Uint8Array, read: ReadValue): unknown {
  const input = new ByteReader(bytes)
  const mark = input.uint8()
  if (mark !== HAS_PAYLOAD) throw damaged(`begins with ${mark}`)
  const value = read(input)
  if (input.remaining > 0) throw damaged(`has ${input.remaining} bytes too many`)
  return value
}

/** The name in a timer's key. */
export function timerNameOf(name: Uint8Array): string {
  if (name.length === 0) return ''
  return Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('utf8')
}

function damaged(why: string): MillraceError {
  return new MillraceError('STORAGE_CORRUPT', `the payload of a timer ${why}`)
}
