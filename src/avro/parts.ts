/** Avro types that are not made of fields: names, and types of one inner type. */
import { enumType } from '../types/choices.ts'
import { type Codec, isPlainObject } from '../types/codec.ts'
import { listType, mapType } from '../types/collections.ts'
import { quote, showValue } from '../types/mismatch.ts'
import { stringType } from '../types/scalars.ts'
import { invalid, located, type Place } from './place.ts'
import { fixed, type Part, part } from './scalars.ts'

type Node = Readonly<Record<string, unknown>>

const FIXED_BYTES_MAX = 2 ** 31 - 1

export function enumPart(name: string, { symbols, default: fallback }: Node, place: Place): Part {
  if (!Array.isArray(symbols)) throw invalid(place, 'an enum has a list of symbols')
  if (fallback !== undefined && !symbols.includes(fallback)) {
    throw invalid(place, `the default ${showValue(fallback)} is none of the symbols`)
  }
  const type: Codec<unknown> = located(place, () => enumType(symbols, fallback))
  return part(name, type, (json) => json)
}

export function fixedPart(name: string, { size }: Node, place: Place): Part {
  const isSize = typeof size === 'number' && Number.isInteger(size)
  if (!isSize || size < 0 || size > FIXED_BYTES_MAX) {
    throw invalid(place, `${showValue(size)} is no size in bytes of ${quote(name)}`)
  }
  return fixed(name, size)
}

export function arrayPart(items: Part): Part {
  return part('array', listType(items.type), (json) => {
    return Array.isArray(json) ? complete(json.map((item) => items.fromJson(item))) : undefined
  })
}

export function mapPart(values: Part): Part {
  return part('map', mapType(stringType, values.type), (json) => {
    if (!isPlainObject(json)) return undefined
    const held = complete(Object.values(json).map((value) => values.fromJson(value)))
    return held && new Map(Object.keys(json).map((key, at) => [key, held[at]]))
  })
}

/** The values, if each is one. */
export function complete(values: readonly unknown[]): readonly unknown[] | undefined {
  return values.includes(undefined) ? undefined : values
}
