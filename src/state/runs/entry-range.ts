/**
 * An entry whose key and value lie one behind the other among others. Of the thousands of rows of a
 * cut each would take two views, which cost more than the row: views are made where they are asked
 * for.
 */
import type { Buffer } from 'node:buffer'
import type { Entry } from '../backend.ts'

export class EntryRange implements Entry {
  readonly bytes: Buffer
  readonly start: number
  /** Where the key ends and the value begins. */
  readonly valueStart: number
  readonly end: number

  constructor(bytes: Buffer, start: number, valueStart: number, end: number) {
    this.bytes = bytes
    this.start = start
    this.valueStart = valueStart
    this.end = end
  }

  get key(): Buffer {
    return this.bytes.subarray(this.start, this.valueStart)
  }

  get value(): Buffer {
    return this.bytes.subarray(this.valueStart, this.end)
  }
}

/** An entry whose bytes nobody reuses. */
export function copyOf({ key, value }: Entry): Entry {
  return { key: Uint8Array.from(key), value: Uint8Array.from(value) }
}
