/**
 * What goes between a task's thread and the helper thread of its remote store: one block of bytes
 * for each request and each answer, so that a message costs the same however many keys it has.
 */
import type { Buffer } from 'node:buffer'
import { type ErrorData, MillraceError } from '../../errors.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { ColdBatch } from '../cold-store.ts'
import type { RemoteScan } from './remote-table.ts'

const KINDS = ['open', 'get', 'scan', 'write', 'close'] as const
const ABSENT = 0
const PRESENT = 1
const RANGE = 2

/** Of a batch: a put, a delete, or a range that is deleted. */
export interface Change {
  readonly key: Buffer
  readonly value: Buffer | undefined
  readonly upper: Buffer | undefined
}

export type Request =
  | { readonly kind: 'open' | 'close' }
  | { readonly kind: 'get'; readonly keys: readonly Buffer[] }
  | { readonly kind: 'scan'; readonly scan: RemoteScan }
  | { readonly kind: 'write'; readonly changes: readonly Change[] }

export interface Answer {
  readonly id: number
  /** Sent to the server so far. */
  readonly requests: number
  readonly values: readonly (Buffer | undefined)[]
  readonly error?: ErrorData
}

export function encodeGet(out: ByteWriter, id: number, keys: readonly Buffer[]): void {
  begin(out, id, 'get')
  out.varuint(keys.length)
  for (const key of keys) out.block(key)
}

export function encodeScan(out: ByteWriter, id: number, scan: RemoteScan): void {
  begin(out, id, 'scan')
  out.block(scan.lower)
  out.block(scan.upper)
  out.varuint(scan.limit)
  out.uint8(scan.isDown ? 1 : 0)
}

export function encodeWrite(out: ByteWriter, id: number, batch: ColdBatch): void {
  begin(out, id, 'write')
  out.varuint(batch.length)
  for (const [index, key] of batch.keys.entries()) {
    const value = batch.values[index]
    const upper = batch.uppers[index]
    out.uint8(upper !== undefined ? RANGE : value !== undefined ? PRESENT : ABSENT)
    out.block(key)
    if (upper !== undefined) out.block(upper)
    else if (value !== undefined) out.block(value)
  }
}

export function encodePlain(out: ByteWriter, id: number, kind: 'open' | 'close'): void {
  begin(out, id, kind)
}

export function decodeRequest(bytes: Uint8Array): { readonly id: number; readonly of: Request } {
  const input = new ByteReader(bytes)
  const kind = KINDS[input.uint8()]
  const id = input.uint32LE()
  if (kind === undefined) {
    throw new MillraceError('STORAGE_CORRUPT', 'a request to a helper thread is of no kind')
  }
  switch (kind) {
    case 'get': {
      const keys = Array.from({ length: input.varuint() }, () => input.block())
      return { id, of: { kind, keys } }
    }
    case 'scan': {
      const [lower, upper] = [input.block(), input.block()]
      const scan = { lower, upper, limit: input.varuint(), isDown: input.uint8() === 1 }
      return { id, of: { kind, scan } }
    }
    case 'write': {
      const changes = Array.from({ length: input.varuint() }, () => readChange(input))
      return { id, of: { kind, changes } }
    }
    case 'open':
    case 'close':
      return { id, of: { kind } }
  }
}

export function encodeAnswer(answer: Answer): Uint8Array {
  const out = new ByteWriter(1024)
  const { id, requests, values, error } = answer
  out.uint32LE(id)
  out.float64LE(requests)
  out.uint8(error === undefined ? 0 : 1)
  if (error !== undefined) {
    out.string(JSON.stringify(error))
    return out.copy()
  }
  out.varuint(values.length)
  for (const value of values) {
    out.uint8(value === undefined ? ABSENT : PRESENT)
    if (value !== undefined) out.block(value)
  }
  return out.copy()
}

export function decodeAnswer(bytes: Uint8Array): Answer {
  const input = new ByteReader(bytes)
  const [id, requests] = [input.uint32LE(), input.float64LE()]
  if (input.uint8() === 1) {
    // As `encodeAnswer` has written it.
    return { id, requests, values: [], error: JSON.parse(input.string()) as ErrorData }
  }
  const values = Array.from({ length: input.varuint() }, () =>
    input.uint8() === ABSENT ? undefined : input.block(),
  )
  return { id, requests, values }
}

function begin(out: ByteWriter, id: number, kind: Request['kind']): void {
  out.reset()
  out.uint8(KINDS.indexOf(kind))
  out.uint32LE(id)
}

function readChange(input: ByteReader): Change {
  const what = input.uint8()
  const key = input.block()
  const value = what === PRESENT ? input.block() : undefined
  return { key, value, upper: what === RANGE ? input.block() : undefined }
}
