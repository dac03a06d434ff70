// The contract of a fuzz target: a decoder of bytes or text that come from outside, with what holds
// of it for every input. `judge.ts` checks that; `targets/` has them all, by room of the engine.
import { Buffer } from 'node:buffer'
import type { ErrorCode } from '../../src/errors.ts'

export interface FuzzTarget {
  /** Also the name of its folders: letters, digits and dashes. */
  readonly name: string
  /** What is decoded, and the file of `src/` that does it. */
  readonly decodes: string
  /** What it may refuse input with; any other error is a finding. */
  readonly codes: readonly ErrorCode[]
  /** Sound inputs, of which others are made. */
  seeds(): Iterable<Uint8Array>
  /** More to make inputs of: unsound ones that lead far. */
  unsound?(): Iterable<Uint8Array>
  /** What the input means, or the error that refuses it. */
  decode(input: Buffer): unknown
  /** Present if what was decoded is decoded again, equal, from what this makes of it. */
  encode?(value: unknown): Uint8Array
  /** `decode` gives a promise. */
  readonly isAsync?: boolean
  /** What may be allocated in buffers whatever the input's length; default 64 KiB. */
  readonly bufferBytesMax?: number
  /** How many bytes of heap a byte of input may take, garbage included; default 1,000. */
  readonly heapFactor?: number
}

export const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8')
export const json = (value: unknown): Buffer => utf8(JSON.stringify(value))
