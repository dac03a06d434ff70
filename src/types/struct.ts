/**
 * Declared records: the fields in declared order, behind one bit for each optional field. Names
 * are not in the bytes; the snapshot keeps the whole schema. Whatever order a value's own fields
 * have, isolation and reading give the declared order, so that a restored job prints what an
 * undisturbed one prints.
 */
import type { ByteReader, ByteWriter } from '../util/bytes.ts'
import type { OptionalCodec } from './choices.ts'
import {
  accepts,
  type Codec,
  freezeCopy,
  invalidType,
  isLoose,
  isPlainObject,
  isPrimitive,
} from './codec.ts'
import { describeSchema } from './describe.ts'
import { unwrapField } from './field.ts'
import { isSealedBy } from './isolated.ts'
import { cut, fieldSegment, mismatch, refusal, under } from './mismatch.ts'
import { generateStruct } from './struct-generated.ts'
import { loopStruct } from './struct-loops.ts'
import type { Fields, StructField, StructFunctions } from './struct-parts.ts'
import type { FieldSchema, Type, TypeSchema } from './type.ts'

const EXPECTED_CHARS_MAX = 100
export const FIELDS_MAX = 1_000

/**
 * A record with exactly these fields, in this order; optional ones may be absent or `undefined`.
 * `generate` is replaced only by tests of what happens where code may not be generated.
 */
export function structType(
  declared: ReadonlyMap<string, Type<unknown>>,
  generate: typeof generateStruct = generateStruct,
): Codec<Fields> {
  if (declared.size > FIELDS_MAX) throw invalidType(`a struct of over ${FIELDS_MAX} fields`)
  if (declared.has('__proto__')) throw invalidType('a struct cannot have a field __proto__')
  const fields = [...declared].map(([name, type]) => structField(name, type))
  const unwrapped = [...declared].map(([name, type]) => ({ name, ...unwrapField(type) }))
  checkFormerNames(unwrapped.map(({ name, marks }) => ({ name, ...marks })))
  const schema: TypeSchema = Object.freeze({
    kind: 'struct',
    fields: Object.freeze(
      unwrapped.map(({ name, of, marks }) => Object.freeze({ name, type: of.schema, ...marks })),
    ),
  })
  const parts = Object.freeze(unwrapped.map(({ of }) => of))
  const slow = {
    check: (value: unknown) => checkFields(value, fields, schema),
    locate: (position: number, error: unknown) =>
      under(fieldSegment(fields[position]?.name ?? ''), error),
  }
  const functions = generate(fields, slow) ?? loopStruct(fields, slow)
  return new StructType(schema, fields, parts, functions)
}

class StructType implements Codec<Fields> {
  readonly schema: TypeSchema
  readonly copyOnRead: boolean
  readonly parts: readonly Type<unknown>[]
  readonly write: (value: Fields, out: ByteWriter) => void
  readonly read: (input: ByteReader) => Fields
  readonly #fields: readonly StructField[]
  readonly #copy: (value: Fields) => Fields
  /** Copying primitives again is cheaper than the 40 bytes that a seal takes in each object. */
  readonly #primitive: boolean

  constructor(
    schema: TypeSchema,
    fields: readonly StructField[],
    parts: readonly Type<unknown>[],
    functions: StructFunctions,
  ) {
    this.schema = schema
    this.parts = parts
    this.copyOnRead = fields.some((field) => field.type.copyOnRead)
    this.write = functions.write
    this.read = functions.read
    this.#fields = fields
    this.#copy = functions.copy
    this.#primitive = fields.every((field) => isPrimitive(field.type.schema))
    Object.freeze(this)
  }

  accepts(value: unknown): boolean {
    return (
      isPlainObject(value) &&
      this.#fields.every(({ name, type, optional }) =>
        Object.hasOwn(value, name)
          ? (optional && value[name] === undefined) || accepts(type, value[name])
          : optional,
      ) &&
      surplusField(value, this.#fields) === undefined
    )
  }

  isolate(value: Fields): Fields {
    if (this.#primitive) return Object.freeze(this.#copy(value))
    if (typeof value === 'object' && value !== null && isSealedBy(value, this)) return value
    const copy = this.#copy(value)
    const loose =
      this.copyOnRead && this.#fields.some(({ name, type }) => isLoose(type, copy[name]))
    return freezeCopy(copy, this, loose)
  }
}

/** Throws unless `value` is a plain object with all required fields and no undeclared one. */
function checkFields(value: unknown, fields: readonly StructField[], schema: TypeSchema): void {
  if (!isPlainObject(value)) {
    throw mismatch(cut(describeSchema(schema), EXPECTED_CHARS_MAX), value)
  }
  const missing = fields.find(({ name, optional }) => !optional && !Object.hasOwn(value, name))
  if (missing !== undefined) {
    const expected = cut(describeSchema(missing.type.schema), EXPECTED_CHARS_MAX)
    throw refusal(
      `expected ${expected}, got nothing: the field is missing`,
      'give the field a value, or declare it with t.optional(…)',
      fieldSegment(missing.name),
    )
  }
  const surplus = surplusField(value, fields)
  if (surplus !== undefined) {
    throw refusal(
      `the field is not declared in ${cut(describeSchema(schema), EXPECTED_CHARS_MAX)}`,
      'declare the field, or leave it out: it would be lost',
      fieldSegment(surplus),
    )
  }
}

function surplusField(value: Fields, fields: readonly StructField[]): string | undefined {
  return Object.keys(value).find((name) => !fields.some((field) => field.name === name))
}

/** Each name of the past leads to one field. */
function checkFormerNames(fields: readonly Pick<FieldSchema, 'name' | 'renamedFrom'>[]): void {
  const taken = new Set(fields.map((field) => field.name))
  for (const { name, renamedFrom = [] } of fields) {
    for (const before of renamedFrom) {
      if (!taken.has(before)) taken.add(before)
      else {
        const other = `field ${fieldSegment(name)} is renamed from ${fieldSegment(before)}`
        throw invalidType(`${other}, which another field is called, or was`)
      }
    }
  }
}

function structField(name: string, declared: Type<unknown>): StructField {
  if (!isType(declared)) {
    throw invalidType(`field ${fieldSegment(name)} of a struct is no type`)
  }
  const type = unwrapField(declared).of
  const inherited = name in Object.prototype
  return isOptional(type)
    ? { name, type: type.of, optional: true, inherited }
    : { name, type, optional: false, inherited }
}

/** Types come from users' code, which may be plain JavaScript. */
function isType(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'schema' in value && 'write' in value
}

function isOptional(type: Type<unknown>): type is OptionalCodec<unknown> {
  return type.schema.kind === 'optional' && 'of' in type
}
