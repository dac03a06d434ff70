/** A struct as loops over its fields, for where `struct-generated.ts` may not generate code. */
import type { ByteReader, ByteWriter } from '../util/bytes.ts'
import type { Fields, StructField, StructFunctions, StructSlowPaths } from './struct-parts.ts'

export function loopStruct(fields: readonly StructField[], slow: StructSlowPaths): StructFunctions {
  const optionalCount = fields.filter((field) => field.optional).length
  return {
    write(value: Fields, out: ByteWriter): void {
      slow.check(value)
      if (optionalCount > 0) writePresence(value, fields, out)
      let at = 0
      try {
        for (; at < fields.length; at++) {
          const field = fields[at] as StructField
          const held = heldBy(value, field)
          if (held !== undefined || !field.optional) field.type.write(held, out)
        }
      } catch (error) {
        throw slow.locate(at, error)
      }
    },
    read(input: ByteReader): Fields {
      const presence = input.raw((optionalCount + 7) >> 3).slice()
      const value: Fields = {}
      let bit = 0
      for (const { name, type, optional } of fields) {
        if (optional) {
          const present = ((presence[bit >> 3] as number) >> (bit & 7)) & 1
          bit++
          if (present === 0) continue
        }
        value[name] = type.read(input)
      }
      return value
    },
    copy(value: Fields): Fields {
      slow.check(value)
      const copy: Fields = {}
      let at = 0
      try {
        for (; at < fields.length; at++) {
          const field = fields[at] as StructField
          const held = heldBy(value, field)
          if (held !== undefined || !field.optional) copy[field.name] = field.type.isolate(held)
        }
      } catch (error) {
        throw slow.locate(at, error)
      }
      return copy
    },
  }
}

/** The value's own field; what every object inherits under that name does not count. */
function heldBy(value: Fields, field: StructField): unknown {
  return field.inherited && !Object.hasOwn(value, field.name) ? undefined : value[field.name]
}

/** One bit for each optional field, the first in the lowest bit of the first byte. */
function writePresence(value: Fields, fields: readonly StructField[], out: ByteWriter): void {
  let bits = 0
  let bit = 0
  for (const field of fields) {
    if (!field.optional) continue
    if (heldBy(value, field) !== undefined) bits |= 1 << bit
    if (++bit === 8) {
      out.uint8(bits)
      bits = 0
      bit = 0
    }
  }
  if (bit > 0) out.uint8(bits)
}
