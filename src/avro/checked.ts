/**
 * Types that take only some values of another one, which Avro tells apart and Millrace does not.
 * The check stands before what is written; bytes and schema are those of the other type.
 */
import type { Codec } from '../types/codec.ts'
import { mismatch } from '../types/mismatch.ts'
import type { ByteReader, ByteWriter } from '../util/bytes.ts'
import type { TypeSchema } from '../types/type.ts'

/** What is taken, for people: `a whole number`, and what to do about anything else. */
interface Rule<T> {
  readonly expected: string
  readonly cure?: string
  readonly holds: (value: T) => boolean
}

export function checkedType<T>(of: Codec<T>, rule: Rule<T>): Codec<T> {
  return new CheckedType(of, rule)
}

class CheckedType<T> implements Codec<T> {
  readonly schema: TypeSchema
  readonly copyOnRead: boolean
  readonly #of: Codec<T>
  readonly #rule: Rule<T>

  constructor(of: Codec<T>, rule: Rule<T>) {
    this.schema = of.schema
    this.copyOnRead = of.copyOnRead
    this.#of = of
    this.#rule = rule
    Object.freeze(this)
  }

  accepts(value: unknown): boolean {
    // What the other type accepts is a value of it.
    return this.#of.accepts(value) && this.#rule.holds(value as T)
  }

  write(value: T, out: ByteWriter): void {
    this.#check(value)
    this.#of.write(value, out)
  }

  read(input: ByteReader): T {
    return this.#of.read(input)
  }

  isolate(value: T): T {
    this.#check(value)
    return this.#of.isolate(value)
  }

  #check(value: T): void {
    if (this.accepts(value)) return
    throw mismatch(this.#rule.expected, value, this.#rule.cure)
  }
}
