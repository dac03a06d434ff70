/**
 * Declared records: the fields in declared order, behind one bit for each optional field. Names
 * are not in the bytes; the snapshot keeps the whole schema. Whatever order a value's own fields
 * have, isolation and reading give the declared order, so that a restored job prints what an
 * undisturbed one prints.
 */
import type { ByteReader, ByteWriter } from '../util/bytes.ts'
import type { OptionalCodec } from './choices.ts'
import { accepts, type Codec, freezeCopy, invalidType, isLoose, isPlainObject } from './codec.ts'
import { describeSchema } from './describe.ts'
import { isSealedBy } from './isolated.ts'
import { cut, fieldSegment, mismatch, refusal, under } from './mismatch.ts'
import type { Type, TypeSchema } from './type.ts'

const EXPECTED_CHARS_MAX = 100
export const FIELDS_MAX = 1_000

type Fields = Record<string, unknown>

interface StructField {
  readonly name: string
  /** What its bytes are; for an optional field the type without `optional`. */
  readonly type: Type<unknown>
  readonly optional: boolean
}

/** A record with exactly these fields; optional ones may be absent or `undefined`. */
export function structType(declared: Readonly<Record<string, Type<unknown>>>): Codec<Fields> {
  return new StructType(declared)
}

class StructType implements Codec<Fields> {
  readonly schema: TypeSchema
  readonly copyOnRead: boolean
  readonly #fields: readonly StructField[]
  readonly #optionalCount: number

  constructor(declared: Readonly<Record<string, Type<unknown>>>) {
    const names = Object.keys(declared)
    if (names.length > FIELDS_MAX) throw invalidType(`a struct of over ${FIELDS_MAX} fields`)
    if (names.includes('__proto__')) throw invalidType('a struct cannot have a field __proto__')
    this.#fields = names.map((name) => structField(name, declared[name]))
    this.#optionalCount = this.#fields.filter((field) => field.optional).length
    this.schema = Object.freeze({
      kind: 'struct',
      fields: Object.freeze(
        Object.entries(declared).map(([name, type]) => Object.freeze({ name, type: type.schema })),
      ),
    })
    this.copyOnRead = this.#fields.some((field) => field.type.copyOnRead)
    Object.freeze(this)
  }

  accepts(value: unknown): boolean {
    if (!isPlainObject(value)) return false
    for (const { name, type, optional } of this.#fields) {
      const held = value[name]
      if (held === undefined && (optional || !Object.hasOwn(value, name))) {
        if (!optional) return false
      } else if (!accepts(type, held)) return false
    }
    return this.#surplusField(value) === undefined
  }

  write(value: Fields, out: ByteWriter): void {
    this.#check(value)
    if (this.#optionalCount > 0) this.#writePresence(value, out)
    let name = ''
    try {
      for (const field of this.#fields) {
        name = field.name
        const held = value[name]
        if (held !== undefined || !field.optional) field.type.write(held, out)
      }
    } catch (error) {
      throw under(fieldSegment(name), error)
    }
  }

  read(input: ByteReader): Fields {
    const value: Fields = {}
    const presence = this.#optionalCount > 0 ? input.raw((this.#optionalCount + 7) >> 3) : undefined
    let bit = 0
    for (const { name, type, optional } of this.#fields) {
      if (optional && presence !== undefined) {
        const present = ((presence[bit >> 3] as number) >> (bit & 7)) & 1
        bit++
        if (present === 0) continue
      }
      value[name] = type.read(input)
    }
    return value
  }

  isolate(value: Fields): Fields {
    this.#check(value)
    if (isSealedBy(value, this)) return value
    const copy: Fields = {}
    let name = ''
    let loose = false
    try {
      for (const field of this.#fields) {
        name = field.name
        const held = value[name]
        if (held === undefined && field.optional) continue
        const isolated = field.type.isolate(held)
        if (field.type.copyOnRead) loose ||= isLoose(isolated)
        copy[name] = isolated
      }
    } catch (error) {
      throw under(fieldSegment(name), error)
    }
    return freezeCopy(copy, this, loose)
  }

  #writePresence(value: Fields, out: ByteWriter): void {
    let bits = 0
    let bit = 0
    for (const { name, optional } of this.#fields) {
      if (!optional) continue
      if (value[name] !== undefined) bits |= 1 << bit
      if (++bit === 8) {
        out.uint8(bits)
        bits = 0
        bit = 0
      }
    }
    if (bit > 0) out.uint8(bits)
  }

  /** Throws unless `value` is a plain object with all required fields and no undeclared one. */
  #check(value: Fields): void {
    if (!isPlainObject(value)) {
      throw mismatch(cut(describeSchema(this.schema), EXPECTED_CHARS_MAX), value)
    }
    let present = 0
    for (const field of this.#fields) {
      if (value[field.name] !== undefined) present++
      else if (!field.optional && !Object.hasOwn(value, field.name)) {
        throw refusal(
          `expected ${cut(describeSchema(field.type.schema), EXPECTED_CHARS_MAX)}, ` +
            'got nothing: the field is missing',
          'give the field a value, or declare it with t.optional(…)',
          fieldSegment(field.name),
        )
      }
    }
    let own = 0
    for (const _name in value) own++
    if (own !== present) this.#refuseSurplus(value)
  }

  #refuseSurplus(value: Fields): void {
    const surplus = this.#surplusField(value)
    if (surplus === undefined) return
    throw refusal(
      `the field is not declared in ${cut(describeSchema(this.schema), EXPECTED_CHARS_MAX)}`,
      'declare the field, or leave it out: it would be lost',
      fieldSegment(surplus),
    )
  }

  #surplusField(value: Fields): string | undefined {
    return Object.keys(value).find((name) => !this.#fields.some((field) => field.name === name))
  }
}

function structField(name: string, type: Type<unknown> | undefined): StructField {
  if (type === undefined || typeof type !== 'object' || type.schema === undefined) {
    throw invalidType(`field ${fieldSegment(name)} of a struct is no type`)
  }
  return isOptional(type)
    ? { name, type: type.of, optional: true }
    : { name, type, optional: false }
}

function isOptional(type: Type<unknown>): type is OptionalCodec<unknown> {
  return type.schema.kind === 'optional' && 'of' in type
}
