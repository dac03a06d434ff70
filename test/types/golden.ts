// Reads the golden files of keys and values; `docs/internals/keys.md` and `values.md` say how
// values are written in them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The lines of a golden file as columns, without the comment line. */
export function goldenRows(name: string): readonly (readonly string[])[] {
  const text = readFileSync(join(import.meta.dirname, '../fixtures', name), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => line.split('\t'))
}

/** The value that a golden file means by this text. */
export function goldenValue(text: string): unknown {
  return fromNotation(JSON.parse(text))
}

function fromNotation(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(fromNotation)
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node)
  const [name, of]: [string, unknown] = entries[0] ?? ['', undefined]
  if (entries.length !== 1 || !name.startsWith('$')) {
    return Object.fromEntries(entries.map(([field, held]) => [field, fromNotation(held)]))
  }
  switch (name) {
    case '$undefined':
      return undefined
    case '$number':
      return Number(of)
    case '$bigint':
      return BigInt(String(of))
    case '$date':
      return new Date(Number(of))
    case '$bytes':
      return new Uint8Array(Buffer.from(String(of), 'hex'))
    case '$map':
      return new Map(asArray(fromNotation(of)).map((entry) => pair(entry)))
    case '$set':
      return new Set(asArray(fromNotation(of)))
    case '$bare':
      return Object.assign(Object.create(null), fromNotation(of))
    default:
      throw new Error(`unknown notation ${name}`)
  }
}

function asArray(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('an array was expected')
  return value
}

function pair(value: unknown): [unknown, unknown] {
  const [first, second] = asArray(value)
  return [first, second]
}
