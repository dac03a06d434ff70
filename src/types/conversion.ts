/**
 * Reads values that were written under an older schema as values of a declared type. The stored
 * bytes are read by the stored schema; what that gives is converted step by step.
 */
import { Buffer } from 'node:buffer'
import { required } from '../util/assert.ts'
import { ByteReader, ByteWriter } from '../util/bytes.ts'
import { accepts, isCodec } from './codec.ts'
import { sameSchema } from './describe.ts'
import { resolve } from './evolution-rules.ts'
import type { Absent, Step } from './evolution-step.ts'
import { setField } from './plain.ts'
import { typeFromSchema } from './schema.ts'
import type { Type, TypeSchema } from './type.ts'

type Convert = (value: unknown) => unknown

/** Reads a value from where `input` stands. */
export type ReadValue = (input: ByteReader) => unknown

/**
 * How values that were written under `stored` are read as values of `declared`. Undefined if they
 * cannot be: the schemas do not fit, or a function is needed that `declared`, being made of a
 * schema, does not have.
 *
 * @example
 * const read = readerOf(t.int32.schema, t.int64)
 * read?.(input) // a bigint
 */
export function readerOf(stored: TypeSchema, declared: Type<unknown>): ReadValue | undefined {
  if (sameSchema(stored, declared.schema)) return (input) => declared.read(input)
  const { step, refusals } = resolve(stored, declared.schema)
  if (refusals.length > 0) return undefined
  const former = typeFromSchema(stored)
  const conversion = new Conversion()
  const convert = conversion.of(step, declared)
  if (!conversion.isComplete) return undefined
  if (convert === same) return (input) => former.read(input)
  return (input) => convert(former.read(input))
}

function same(value: unknown): unknown {
  return value
}

class Conversion {
  /** False once a function was missed. */
  isComplete = true

  of(step: Step, declared: Type<unknown>): Convert {
    switch (step.how) {
      case 'same':
        return same
      case 'to-bigint':
        return (value) => BigInt(value as number) // an int32 was read
      case 'date-to-number':
        return (value) => (value as Date).getTime() // a date was read
      case 'enum': {
        const values = new Set<unknown>(step.values)
        return (value) => (values.has(value) ? value : step.default)
      }
      case 'struct':
        return this.#struct(step, declared)
      case 'list': {
        const element = this.of(step.element, partOf(declared, 0))
        return element === same ? same : (value) => (value as unknown[]).map(element) // a list
      }
      case 'tuple':
        return this.#tuple(step, declared)
      case 'map':
        return this.#map(step, declared)
      case 'presence':
        return this.#presence(step, declared)
      case 'wrap':
        return this.of(step.of, partOf(declared, 0))
      case 'union':
        return this.#union(step, declared)
      case 'option':
        return this.of(step.to.step, partOf(declared, step.to.index))
      case 'migrate':
        return this.#migration(step.of, declared)
    }
  }

  #struct(step: Step & { readonly how: 'struct' }, declared: Type<unknown>): Convert {
    const fields = step.fields.map(({ name, from, step: inner, default: bytes }, place) => {
      const type = partOf(declared, place)
      const isOptional = type.schema.kind === 'optional'
      const fallback = bytes === undefined ? undefined : reading(bytes, type)
      return { name, from, convert: this.of(inner, type), fallback, isOptional }
    })
    return (value) => {
      const before = value as Readonly<Record<string, unknown>> // a struct was read
      const now: Record<string, unknown> = {}
      for (const { name, from, convert, fallback, isOptional } of fields) {
        // What is absent may have something to stand for it: the step knows.
        const held = from !== undefined && Object.hasOwn(before, from) ? before[from] : undefined
        const converted = from === undefined ? fallback?.() : convert(held)
        if (converted !== undefined || !isOptional) setField(now, name, converted)
      }
      return now
    }
  }

  #tuple({ elements }: Step & { readonly how: 'tuple' }, declared: Type<unknown>): Convert {
    const parts = elements.map((element, place) =>
      element === undefined ? () => undefined : this.of(element, partOf(declared, place)),
    )
    return (value) => {
      const before = value as readonly unknown[] // a tuple was read
      return parts.map((convert, place) => convert(before[place]))
    }
  }

  #map(step: Step & { readonly how: 'map' }, declared: Type<unknown>): Convert {
    const key = this.of(step.key, partOf(declared, 0))
    const held = this.of(step.value, partOf(declared, 1))
    return (value) => {
      const before = value as ReadonlyMap<unknown, unknown> // a map was read
      return new Map(Array.from(before, ([k, v]) => [key(k), held(v)]))
    }
  }

  #presence(step: Step & { readonly how: 'presence' }, declared: Type<unknown>): Convert {
    const { of, isInside, nothing, absent } = step
    const convert = this.of(of, isInside ? partOf(declared, 0) : declared)
    const stand = standFor(absent, declared)
    return (value) => (value === nothing ? stand() : convert(value))
  }

  #union({ stored, to }: Step & { readonly how: 'union' }, declared: Type<unknown>): Convert {
    const options = stored.map(typeFromSchema)
    const converts = to.map(({ index, step }) =>
      this.of(step, index < 0 ? declared : partOf(declared, index)),
    )
    if (converts.every((convert) => convert === same)) return same
    return (value) => {
      // The first that takes it is the one that it was written by.
      const place = options.findIndex((option) => accepts(option, value))
      return required(converts[place], 'an option of a union')(value)
    }
  }

  #migration(of: Step, declared: Type<unknown>): Convert {
    const former = isCodec(declared) ? declared.former : undefined
    const migrate = former?.migrate
    if (former === undefined || migrate === undefined) {
      this.isComplete = false
      return same
    }
    const convert = this.of(of, former.type)
    const out = new ByteWriter()
    return (value) => {
      const made = migrate(convert(value))
      // Through bytes: checked, and nobody else's.
      out.reset()
      declared.write(made, out)
      return declared.read(new ByteReader(out.view()))
    }
  }
}

function standFor(absent: Absent, declared: Type<unknown>): () => unknown {
  if (absent === 'undefined') return () => undefined
  return absent === 'null' ? () => null : reading(absent.default, declared)
}

/** The value that stands in the schema as base64, made anew each time. */
function reading(base64: string, type: Type<unknown>): () => unknown {
  const bytes = Buffer.from(base64, 'base64')
  return () => type.read(new ByteReader(bytes))
}

/** A type from elsewhere, of which only the schema is known, is taken for one made of that. */
function partOf(type: Type<unknown>, place: number): Type<unknown> {
  const own = isCodec(type) ? type.parts : undefined
  const made = own ?? partsOfSchema(type.schema)
  return required(made[place], `part ${place} of a type`)
}

function partsOfSchema(schema: TypeSchema): readonly Type<unknown>[] {
  const made = typeFromSchema(schema)
  return (isCodec(made) ? made.parts : undefined) ?? []
}
