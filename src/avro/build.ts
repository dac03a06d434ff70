/** Builds types from Avro schemas, which may come out of files: everything is checked. */
import { nullableType, unionType } from '../types/choices.ts'
import { isPlainObject } from '../types/codec.ts'
import { fieldType } from '../types/field.ts'
import { quote, showValue } from '../types/mismatch.ts'
import { structType } from '../types/struct.ts'
import type { Type } from '../types/type.ts'
import { required } from '../util/assert.ts'
import { arrayPart, complete, enumPart, fixedPart, mapPart } from './parts.ts'
import { inner, invalid, located, type Place } from './place.ts'
import { logical, type LongAs, type Part, part, primitive } from './scalars.ts'

/** Schemas of types in snapshots may be nested twice as deep. */
const DEPTH_MAX = 30
const SIMPLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const FULL_NAME = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/

type Node = Readonly<Record<string, unknown>>

interface Field {
  readonly name: string
  readonly of: Part
  /** What stands for it in a default of the record that lacks it. */
  readonly fallback: unknown
  /** With what is said of its past. */
  readonly type: Type<unknown>
}

export class Builder {
  readonly #long: LongAs
  /** By full name; undefined while the type is being built. */
  readonly #named = new Map<string, Part | undefined>()

  constructor(long: LongAs) {
    this.#long = long
  }

  whole(schema: unknown): Type<unknown> {
    const place = { path: 'schema', namespace: '', depth: 0 }
    const isText = typeof schema === 'string' && !SIMPLE_NAME.test(schema)
    return this.#part(isText ? parsed(schema, place) : schema, place).type
  }

  #part(schema: unknown, place: Place): Part {
    if (place.depth > DEPTH_MAX) throw invalid(place, `is nested over ${DEPTH_MAX} levels`)
    if (typeof schema === 'string') {
      return primitive(schema, this.#long) ?? this.#reference(schema, place)
    }
    if (Array.isArray(schema)) return this.#union(schema, place)
    if (!isPlainObject(schema)) throw invalid(place, `${showValue(schema)} is no Avro schema`)
    const { type } = schema
    if (schema['logicalType'] === 'decimal') {
      const cure = 'leave the logicalType out for its bytes, or use "string"'
      throw invalid(place, `no type of Millrace is a decimal (${cure})`)
    }
    switch (type) {
      case 'record':
      case 'enum':
      case 'fixed':
        return this.#definition(type, schema, place)
      case 'array':
        return arrayPart(this.#part(schema['items'], inner(place, '[]')))
      case 'map':
        return mapPart(this.#part(schema['values'], inner(place, '{}')))
      default: {
        const own = typeof type === 'string' ? logical(type, schema['logicalType']) : undefined
        return own ?? this.#part(type, inner(place, ''))
      }
    }
  }

  #reference(name: string, place: Place): Part {
    const full = name.includes('.') ? name : qualified(place.namespace, name)
    const found = this.#named.get(full)
    if (found !== undefined) return found
    if (!this.#named.has(full)) throw invalid(place, `no type is called ${quote(full)} before it`)
    const cure = 'keep the parts as entries of map state, or use t.dynamic()'
    throw invalid(place, `${quote(full)} contains itself, which types of state cannot (${cure})`)
  }

  #definition(kind: 'record' | 'enum' | 'fixed', node: Node, place: Place): Part {
    const { name, namespace: stated } = node
    if (typeof name !== 'string' || !FULL_NAME.test(name)) {
      throw invalid(place, `${showValue(name)} is no name of a type`)
    }
    const isStated = typeof stated === 'string' && (stated === '' || FULL_NAME.test(stated))
    if (stated !== undefined && !isStated) {
      throw invalid(place, `${showValue(stated)} is no namespace`)
    }
    const dot = name.lastIndexOf('.')
    const namespace = dot >= 0 ? name.slice(0, dot) : isStated ? stated : place.namespace
    const full = dot >= 0 ? name : qualified(namespace, name)
    if (primitive(name, 'number') !== undefined) throw invalid(place, `${quote(name)} is taken`)
    if (this.#named.has(full)) throw invalid(place, `${quote(full)} is defined twice`)
    this.#named.set(full, undefined)
    const at = { ...place, namespace, path: place.depth === 0 ? full : place.path }
    const made =
      kind === 'record'
        ? this.#record(full, node, at)
        : kind === 'enum'
          ? enumPart(full, node, at)
          : fixedPart(full, node, at)
    this.#named.set(full, made)
    return made
  }

  #record(name: string, node: Node, place: Place): Part {
    const { fields } = node
    if (!Array.isArray(fields)) throw invalid(place, 'a record has a list of fields')
    const made: Field[] = []
    for (const field of fields) {
      const built = this.#field(field, place)
      if (made.some((other) => other.name === built.name)) {
        throw invalid(place, `the field ${quote(built.name)} is there twice`)
      }
      made.push(built)
    }
    const types = new Map(made.map((field) => [field.name, field.type]))
    return part(
      name,
      located(place, () => structType(types)),
      (json) => {
        if (!isPlainObject(json)) return undefined
        const values = made.map(({ name: key, of, fallback }) =>
          Object.hasOwn(json, key) ? of.fromJson(json[key]) : fallback,
        )
        const held = complete(values)
        return held && Object.fromEntries(made.map((field, at) => [field.name, held[at]]))
      },
    )
  }

  #field(field: unknown, place: Place): Field {
    if (!isPlainObject(field)) throw invalid(place, `${showValue(field)} is no field`)
    const { name, aliases = [] } = field
    if (typeof name !== 'string' || !SIMPLE_NAME.test(name)) {
      throw invalid(place, `${showValue(name)} is no name of a field`)
    }
    const at = inner(place, name)
    const of = this.#part(field['type'], at)
    if (!Array.isArray(aliases) || !aliases.every((alias) => typeof alias === 'string')) {
      throw invalid(at, 'aliases are a list of names')
    }
    const json = field['default']
    const fallback = of.fromJson(json)
    if (fallback === undefined && json !== undefined) {
      throw invalid(at, `the default ${showValue(json)} is no value of the type`)
    }
    const isMarked = aliases.length > 0 || fallback !== undefined
    const options = {
      renamedFrom: aliases,
      ...(fallback === undefined ? {} : { default: fallback }),
    }
    const type = isMarked ? located(at, () => fieldType(of.type, options)) : of.type
    return { name, of, fallback, type }
  }

  /** Null is apart: what may be null is `nullable`, as it is in `t`. */
  #union(schemas: readonly unknown[], place: Place): Part {
    const parts = schemas.map((schema, index) => {
      if (Array.isArray(schema)) throw invalid(place, 'a union of unions: put all into one list')
      return this.#part(schema, inner(place, `[${index}]`))
    })
    const names = parts.map(({ name }) => name)
    const twice = names.find((name, index) => names.indexOf(name) < index)
    if (twice !== undefined) throw invalid(place, `a union has ${quote(twice)} twice`)
    const types = parts.filter(({ name }) => name !== 'null').map(({ type }) => type)
    const [first] = types
    if (parts.length === 0) throw invalid(place, 'a union needs at least one type')
    if (first === undefined) return required(parts[0], 'the null of a union')
    const some = types.length === 1 ? first : unionType(types)
    const type = types.length < parts.length ? nullableType(some) : some
    return {
      name: 'union',
      type,
      fromJson: (json) =>
        parts.map((each) => each.fromJson(json)).find((value) => value !== undefined),
    }
  }
}

function qualified(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}.${name}`
}

function parsed(text: string, place: Place): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid(place, `the text is no JSON: ${String(error)}`)
  }
}
