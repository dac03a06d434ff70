/** Declared types of many: tuple, list and map. */
import { types } from 'node:util'
import type { ByteReader, ByteWriter } from '../util/bytes.ts'
import {
  accepts,
  type Codec,
  corrupt,
  freezeCopy,
  isLoose,
  readCount,
  takesNoBytes,
} from './codec.ts'
import { isSealedBy } from './isolated.ts'
import { mismatch, showValue, under } from './mismatch.ts'
import type { Type } from './type.ts'

/** Follows each element that has no bytes of its own, so that a count never outgrows its bytes. */
const PAD = 0

/** Elements one after the other. */
export function tupleType(elements: readonly Type<unknown>[]): Codec<readonly unknown[]> {
  const frozen = Object.freeze([...elements])
  const check = (value: readonly unknown[]): void => {
    if (!Array.isArray(value) || value.length !== frozen.length) {
      throw mismatch(`a tuple of ${frozen.length}`, value)
    }
  }
  const tuple: Codec<readonly unknown[]> = Object.freeze<Codec<readonly unknown[]>>({
    schema: Object.freeze({
      kind: 'tuple',
      elements: Object.freeze(frozen.map((element) => element.schema)),
    }),
    copyOnRead: frozen.some((element) => element.copyOnRead),
    parts: frozen,
    accepts: (value) =>
      Array.isArray(value) &&
      value.length === frozen.length &&
      frozen.every((element, index) => accepts(element, value[index])),
    write(value: readonly unknown[], out: ByteWriter): void {
      check(value)
      eachAt(frozen, (element, index) => element.write(value[index], out))
    },
    read: (input: ByteReader) => frozen.map((element) => element.read(input)),
    isolate(value: readonly unknown[]): readonly unknown[] {
      check(value)
      if (isSealedBy(value, tuple)) return value
      const copy: unknown[] = []
      let loose = false
      let index = 0
      try {
        for (; index < frozen.length; index++) {
          const element = frozen[index] as Type<unknown> // below the length
          const part = element.isolate(value[index])
          copy.push(part)
          loose ||= isLoose(element, part)
        }
      } catch (error) {
        throw under(`[${index}]`, error)
      }
      return freezeCopy(copy, tuple, loose)
    },
  })
  return tuple
}

/** Calls `visit` for each item; an error of it gets the index as its path. */
function eachAt<X>(items: readonly X[], visit: (item: X, index: number) => void): void {
  let index = 0
  try {
    for (; index < items.length; index++) visit(items[index] as X, index)
  } catch (error) {
    throw under(`[${index}]`, error)
  }
}

/** Any number of elements of one type, behind their count. */
export function listType<T>(element: Type<T>): Codec<T[]> {
  const padded = takesNoBytes(element.schema)
  function isolateAfter(value: T[], before: unknown): T[] {
    if (!Array.isArray(value)) throw mismatch('a list (an array)', value)
    if (isSealedBy(value, list)) return value
    const held = isListBy(before, list) ? before : NO_ELEMENTS
    const copy: T[] = []
    let index = 0
    try {
      for (; index < value.length; index++) {
        const item = value[index] as T
        copy.push(isNear(held, index, item) ? item : element.isolate(item))
      }
    } catch (error) {
      throw under(`[${index}]`, error)
    }
    return freezeCopy(copy, list, element.copyOnRead && copy.some((item) => isLoose(element, item)))
  }
  const list: Codec<T[]> = Object.freeze<Codec<T[]>>({
    schema: Object.freeze({ kind: 'list', element: element.schema }),
    copyOnRead: element.copyOnRead,
    parts: [element],
    accepts: (value) => Array.isArray(value) && value.every((item) => accepts(element, item)),
    write(value: T[], out: ByteWriter): void {
      if (!Array.isArray(value)) throw mismatch('a list (an array)', value)
      out.varuint(value.length)
      let index = 0
      try {
        for (; index < value.length; index++) {
          element.write(value[index] as T, out)
          if (padded) out.uint8(PAD)
        }
      } catch (error) {
        throw under(`[${index}]`, error)
      }
    },
    read(input: ByteReader): T[] {
      const count = readCount(input)
      const items: T[] = []
      for (let index = 0; index < count; index++) {
        items.push(element.read(input))
        if (padded) readPad(input)
      }
      return items
    },
    isolate: (value: T[]) => isolateAfter(value, undefined),
    isolateAfter,
  })
  return list
}

const NO_ELEMENTS: readonly unknown[] = []

/** True for what the type has copied and frozen, so that all its elements are isolated. */
function isListBy(value: unknown, list: unknown): value is readonly unknown[] {
  return Array.isArray(value) && isSealedBy(value, list)
}

/** True for an element of `held` that stays, or makes room for another one. */
function isNear(held: readonly unknown[], index: number, item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return false
  return held[index] === item || held[index - 1] === item || held[index + 1] === item
}

/** A JavaScript `Map`, entries in insertion order behind their count. */
export function mapType<K, V>(key: Type<K>, value: Type<V>): Codec<Map<K, V>> {
  const padded = takesNoBytes(key.schema) && takesNoBytes(value.schema)
  const visit = (map: ReadonlyMap<K, V>, each: (key: K, held: V) => void): void => {
    if (!types.isMap(map)) throw mismatch('a Map', map)
    let at: K | undefined
    try {
      for (const [mapKey, held] of map) {
        at = mapKey
        each(mapKey, held)
      }
    } catch (error) {
      throw under(`[key ${showValue(at)}]`, error)
    }
  }
  return Object.freeze<Codec<Map<K, V>>>({
    schema: Object.freeze({ kind: 'map', key: key.schema, value: value.schema }),
    copyOnRead: true,
    parts: [key, value],
    accepts: (map) =>
      types.isMap(map) && [...map].every(([k, v]) => accepts(key, k) && accepts(value, v)),
    write(map: Map<K, V>, out: ByteWriter): void {
      out.varuint(types.isMap(map) ? map.size : 0)
      visit(map, (mapKey, held) => {
        key.write(mapKey, out)
        value.write(held, out)
        if (padded) out.uint8(PAD)
      })
    },
    read(input: ByteReader): Map<K, V> {
      const count = readCount(input)
      const map = new Map<K, V>()
      for (let index = 0; index < count; index++) {
        const mapKey = key.read(input)
        map.set(mapKey, value.read(input))
        if (padded) readPad(input)
      }
      return map
    },
    isolate(map: Map<K, V>): Map<K, V> {
      const copy = new Map<K, V>()
      visit(map, (mapKey, held) => copy.set(key.isolate(mapKey), value.isolate(held)))
      return copy
    },
  })
}

function readPad(input: ByteReader): void {
  if (input.uint8() !== PAD) throw corrupt('an element without bytes lacks its zero byte')
}
