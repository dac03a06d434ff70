/**
 * Values that JSON can carry, checked to be such, in the encoding of undeclared values. Unlike
 * JSON text it keeps −0; unlike `dynamic` it can always be shown and edited as text.
 */
import type { ByteReader, ByteWriter } from '../util/bytes.ts'
import { type Codec, corrupt, isPlainObject } from './codec.ts'
import { DYNAMIC_DEPTH_MAX } from './dynamic-format.ts'
import { readDynamic } from './dynamic-read.ts'
import { tooDeep, writeDynamic } from './dynamic-write.ts'
import { dynamicType } from './dynamic.ts'
import { fieldSegment, mismatch, under } from './mismatch.ts'

const CURE =
  'leave undefined fields out; t.dynamic() takes dates, maps, bytes and non-finite numbers'

const dynamic = dynamicType<unknown>()

export const jsonType: Codec<unknown> = Object.freeze<Codec<unknown>>({
  schema: Object.freeze({ kind: 'json' }),
  copyOnRead: false,
  accepts: isJson,
  write(value: unknown, out: ByteWriter): void {
    checkJson(value, 0)
    writeDynamic(value, out, 0)
  },
  read(input: ByteReader): unknown {
    const value = readDynamic(input, 0)
    if (!isJson(value)) throw corrupt('a value that JSON does not have')
    return value
  },
  isolate(value: unknown): unknown {
    checkJson(value, 0)
    return dynamic.isolate(value)
  },
})

function isJson(value: unknown): boolean {
  try {
    checkJson(value, 0)
    return true
  } catch {
    return false
  }
}

function checkJson(value: unknown, depth: number): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return
  if (typeof value === 'number' && Number.isFinite(value)) return
  if (depth >= DYNAMIC_DEPTH_MAX) throw tooDeep()
  let segment = ''
  try {
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) {
        segment = `[${index}]`
        checkJson(value[index], depth + 1)
      }
      return
    }
    if (isPlainObject(value)) {
      for (const name of Object.keys(value)) {
        segment = name
        checkJson(value[name], depth + 1)
      }
      return
    }
  } catch (error) {
    throw under(Array.isArray(value) ? segment : fieldSegment(segment), error)
  }
  throw mismatch('a JSON value', value, CURE)
}
