/** Declared types without parts. Each checks what it writes and what it isolates. */
import { types } from 'node:util'
import type { ByteReader, ByteWriter } from '../util/bytes.ts'
import { type Codec, corrupt } from './codec.ts'
import { mismatch } from './mismatch.ts'
import { readString, writeString } from './strings.ts'
import type { SimpleKind } from './type.ts'

const INT32_CURE = 'use t.float64 for fractions and for numbers beyond ±2^31'

function schemaOf(kind: SimpleKind): { readonly kind: SimpleKind } {
  return Object.freeze({ kind })
}

export const stringType: Codec<string> = Object.freeze<Codec<string>>({
  schema: schemaOf('string'),
  copyOnRead: false,
  accepts: (value) => typeof value === 'string',
  write(value: string, out: ByteWriter): void {
    if (typeof value !== 'string') throw mismatch('string', value)
    writeString(value, out)
  },
  read: readString,
  isolate(value: string): string {
    if (typeof value !== 'string') throw mismatch('string', value)
    return value
  },
})

export const booleanType: Codec<boolean> = Object.freeze<Codec<boolean>>({
  schema: schemaOf('boolean'),
  copyOnRead: false,
  accepts: (value) => typeof value === 'boolean',
  write(value: boolean, out: ByteWriter): void {
    if (typeof value !== 'boolean') throw mismatch('boolean', value)
    out.uint8(value ? 1 : 0)
  },
  read(input: ByteReader): boolean {
    const byte = input.uint8()
    if (byte > 1) throw corrupt(`0x${byte.toString(16)} is no boolean`)
    return byte === 1
  },
  isolate(value: boolean): boolean {
    if (typeof value !== 'boolean') throw mismatch('boolean', value)
    return value
  },
})

export const int32Type: Codec<number> = Object.freeze<Codec<number>>({
  schema: schemaOf('int32'),
  copyOnRead: false,
  accepts: isInt32,
  write(value: number, out: ByteWriter): void {
    if (!isInt32(value)) throw mismatch('int32', value, INT32_CURE)
    out.int32LE(value)
  },
  read: (input) => input.int32LE(),
  isolate(value: number): number {
    if (!isInt32(value)) throw mismatch('int32', value, INT32_CURE)
    return value | 0 // −0 becomes 0, as it does in bytes
  },
})

function isInt32(value: unknown): boolean {
  return typeof value === 'number' && (value | 0) === value
}

export const int64Type: Codec<bigint> = Object.freeze<Codec<bigint>>({
  schema: schemaOf('int64'),
  copyOnRead: false,
  accepts: isInt64,
  write(value: bigint, out: ByteWriter): void {
    if (!isInt64(value)) throw mismatch('int64 (a bigint)', value)
    out.int64LE(value)
  },
  read: (input) => input.int64LE(),
  isolate(value: bigint): bigint {
    if (!isInt64(value)) throw mismatch('int64 (a bigint)', value)
    return value
  },
})

function isInt64(value: unknown): boolean {
  return typeof value === 'bigint' && BigInt.asIntN(64, value) === value
}

export const float64Type: Codec<number> = Object.freeze<Codec<number>>({
  schema: schemaOf('float64'),
  copyOnRead: false,
  accepts: (value) => typeof value === 'number',
  write(value: number, out: ByteWriter): void {
    if (typeof value !== 'number') throw mismatch('float64', value)
    out.float64LE(value)
  },
  read: (input) => input.float64LE(),
  isolate(value: number): number {
    if (typeof value !== 'number') throw mismatch('float64', value)
    return value
  },
})

/** Milliseconds since 1970-01-01 UTC as a number; fractions and infinities pass, NaN does not. */
export const timestampType: Codec<number> = Object.freeze<Codec<number>>({
  schema: schemaOf('timestamp'),
  copyOnRead: false,
  accepts: (value) => typeof value === 'number' && !Number.isNaN(value),
  write(value: number, out: ByteWriter): void {
    if (typeof value !== 'number' || value !== value) throw mismatch('timestamp', value)
    out.float64LE(value)
  },
  read(input: ByteReader): number {
    const time = input.float64LE()
    if (time !== time) throw corrupt('NaN is no timestamp')
    return time
  },
  isolate(value: number): number {
    if (typeof value !== 'number' || value !== value) throw mismatch('timestamp', value)
    return value
  },
})

export const dateType: Codec<Date> = Object.freeze<Codec<Date>>({
  schema: schemaOf('date'),
  copyOnRead: true,
  accepts: isValidDate,
  write(value: Date, out: ByteWriter): void {
    if (!isValidDate(value)) throw mismatch('a valid Date', value)
    out.float64LE(value.getTime())
  },
  read(input: ByteReader): Date {
    const time = input.float64LE()
    const date = new Date(time)
    // Also a time that no Date can have, or a fraction, which it drops.
    if (date.getTime() !== time) throw corrupt(`${time} is not the time of a Date`)
    return date
  },
  isolate(value: Date): Date {
    if (!isValidDate(value)) throw mismatch('a valid Date', value)
    return new Date(value.getTime())
  },
})

function isValidDate(value: unknown): boolean {
  return types.isDate(value) && !Number.isNaN(value.getTime())
}

export const bytesType: Codec<Uint8Array> = Object.freeze<Codec<Uint8Array>>({
  schema: schemaOf('bytes'),
  copyOnRead: true,
  accepts: (value) => value instanceof Uint8Array,
  write(value: Uint8Array, out: ByteWriter): void {
    if (!(value instanceof Uint8Array)) throw mismatch('bytes (a Uint8Array)', value)
    out.block(value)
  },
  // A copy, for the reader's memory is used again.
  read: (input) => new Uint8Array(input.block()),
  isolate(value: Uint8Array): Uint8Array {
    if (!(value instanceof Uint8Array)) throw mismatch('bytes (a Uint8Array)', value)
    return new Uint8Array(value)
  },
})
