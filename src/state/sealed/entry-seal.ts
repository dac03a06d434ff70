/**
 * Entries as they lie in runs when their operator says whose they are (`shredBy`), and back. What
 * may tell something of a subject is under its key: names in place of the key, the namespace and
 * the user key, and one sealed value with all of these and the plain value inside. So whoever has
 * the keys of subjects opens an entry without the job's code; only who makes one must know whose it
 * is. The bytes: `sealed-key.ts`, and
 *
 *     value    flags | 8, schema varuint, 0, sealed (length u32 | key behind its head | value)
 *
 * The sealed part is bound to the sealed key but for its key group, and to the bytes before it. A
 * tombstone has the key and the header alone.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import type { SubjectKeys } from '../../storage/subject-keys.ts'
import { readKey } from '../../types/keys.ts'
import { assert } from '../../util/assert.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { startsWith } from '../runs/entry.ts'
import { flagsOfEntry } from '../runs/entry-range.ts'
import { EntryHeader, FLAG_ANY_TOMBSTONE, FLAG_SEALED, writeHeader } from '../runs/entry-value.ts'
import { headBytesOf, sealedKey, sealedPrefix, tagOfSealed, userKeyEnd } from './sealed-key.ts'
import { type ShreddedOperator, subjectBytes } from './subject.ts'
import { openValue, sealValue } from './subject-cipher.ts'

/** True for an entry as `EntrySeal` makes it. */
export function isSealed(entry: Entry): boolean {
  return (flagsOfEntry(entry) & FLAG_SEALED) !== 0
}

export class EntrySeal {
  readonly #keys: SubjectKeys
  readonly #input = new ByteReader(new Uint8Array(0))
  readonly #out = new ByteWriter()
  readonly #plain = new ByteWriter()
  readonly #context = new ByteWriter()
  readonly #header = new EntryHeader()
  /** The row that was met last, plain: entries of one come together. */
  #prefix: Uint8Array = new Uint8Array(0)
  #sealed: Uint8Array = this.#prefix
  #tag: Uint8Array = this.#prefix
  #key: Uint8Array = this.#prefix

  constructor(keys: SubjectKeys) {
    this.#keys = keys
  }

  /** The sealed form of an entry, whose bytes may be reused afterwards. */
  seal(entry: Entry, operator: ShreddedOperator): Entry {
    const { key, value } = entry
    const prefixBytes = userKeyEnd(key)
    this.#select(key.subarray(0, prefixBytes), operator)
    const sealed = sealedKey(key, prefixBytes, this.#sealed, this.#key)
    return { key: sealed, value: this.#value(sealed, { key, value }, this.#key) }
  }

  /** What the keys of all entries of a row begin with when they are sealed. */
  prefix(prefix: Uint8Array, operator: ShreddedOperator): Uint8Array {
    this.#select(prefix, operator)
    return this.#sealed
  }

  /**
   * The plain form of a sealed entry; undefined if its subject was erased. Throws `STORAGE_CORRUPT`
   * for an entry that was not sealed so.
   */
  open({ key, value }: Entry): Entry | undefined {
    const subjectKey = this.#keys.keyOf(tagOfSealed(key))
    if (subjectKey === undefined) return undefined
    const input = this.#input.reset(value)
    const { flags } = this.#header.read(input)
    assert((flags & FLAG_ANY_TOMBSTONE) === 0, 'a tombstone has nothing inside')
    const context = this.#contextOf(key, value.subarray(0, input.position))
    const plain = openValue(subjectKey, context, input.raw(input.remaining))
    if (plain === undefined) {
      throw new MillraceError('STORAGE_CORRUPT', 'a sealed entry is damaged or was tampered with')
    }
    const length = plain.readUInt32LE(0)
    const head = key.subarray(0, headBytesOf(key))
    return {
      key: Buffer.concat([head, plain.subarray(4, 4 + length)]),
      value: plain.subarray(4 + length),
    }
  }

  /** True if the subject of a sealed entry was erased: nobody will ever read it. */
  isErased({ key }: Entry): boolean {
    return !this.#keys.has(tagOfSealed(key))
  }

  /** A sealed entry with another plain value; undefined if its subject was erased. */
  changed(sealed: Entry, change: (plain: Entry) => Entry): Entry | undefined {
    const plain = this.open(sealed)
    const key = this.#keys.keyOf(tagOfSealed(sealed.key))
    if (plain === undefined || key === undefined) return undefined
    return { key: sealed.key, value: this.#value(sealed.key, change(plain), key) }
  }

  #select(prefix: Uint8Array, { uid, subjectOf }: ShreddedOperator): void {
    const headBytes = headBytesOf(prefix)
    const isLast = prefix.length === this.#prefix.length && startsWith(prefix, this.#prefix)
    if (isLast && this.#keys.has(this.#tag)) return
    const subject = subjectOf(readKey(this.#input.reset(prefix, headBytes)))
    const tag = this.#keys.tagOf(subjectBytes(subject, uid))
    const key = this.#keys.keyOf(tag)
    assert(key !== undefined, 'a tag is one that is not erased')
    this.#sealed = sealedPrefix(prefix, tag, key)
    this.#tag = tag
    this.#key = key
    this.#prefix = Buffer.from(prefix)
  }

  #value(sealed: Uint8Array, { key, value }: Entry, subjectKey: Uint8Array): Uint8Array {
    const { flags, schemaId } = this.#header.read(this.#input.reset(value))
    const out = this.#out
    out.reset()
    writeHeader(out, flags | FLAG_SEALED, schemaId)
    if ((flags & FLAG_ANY_TOMBSTONE) !== 0) return out.copy()
    const context = this.#contextOf(sealed, out.view())
    const plain = this.#plain
    const headBytes = headBytesOf(key)
    plain.reset()
    plain.uint32LE(key.length - headBytes)
    plain.raw(key, headBytes)
    plain.raw(value)
    sealValue(subjectKey, context, plain.view(), out)
    return out.copy()
  }

  /** All of the sealed key but the key group, which a conversion changes, and the header. */
  #contextOf(key: Uint8Array, header: Uint8Array): Uint8Array {
    const context = this.#context
    context.reset()
    context.uint32LE(key.length)
    context.raw(key, 2)
    context.raw(header)
    return context.view()
  }
}
