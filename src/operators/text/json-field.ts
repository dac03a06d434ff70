/** `jsonField()`: one value of a line of JSON, found in its bytes where it comes as bytes. */
import { MillraceError } from '../../errors.ts'
import { dynamicType } from '../../types/dynamic.ts'
import { textOf } from '../../types/text-of.ts'
import type { Type } from '../../types/type.ts'
import { type JsonPath, JsonScanner } from './json-scanner.ts'
import type { TextLine } from './line.ts'
import { type OneOf, textFunction, type TextFunction } from './text-function.ts'

const QUOTE = 0x22
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
/** Whole numbers of so many digits are added up without rounding. */
const DIGITS_MAX = 15

/**
 * The value at a path in a line of JSON, for `map`; undefined where the path leads to nothing. The
 * same as `JSON.parse(line)` and then going along the path, and faster right behind a source of
 * lines, as `words()`: then only this value is made of the bytes of the line.
 *
 * @param path names of fields with points in between, or a list of names and, for elements of
 * lists, numbers: needed for names with a point in them.
 * @param type checks the value, which is as `JSON.parse` gives it. Without it nothing is checked.
 * @throws `JOB_GRAPH_INVALID` for an empty path, or empty names between points. While running: the
 * `SyntaxError` of `JSON.parse` for a line that is no JSON, `TYPE_MISMATCH` for a value that is not
 * of the type.
 * @example
 * env.fromSource('clicks', fileSource({ path: 'clicks.jsonl' }))
 *   .map(jsonField('user.id', t.string)).keyBy((user) => user).count('clicks')
 */
export function jsonField(path: string | JsonPath): TextFunction<unknown>
export function jsonField<T>(path: string | JsonPath, type: Type<T>): TextFunction<T>
export function jsonField(path: string | JsonPath, type?: Type<unknown>): TextFunction<unknown> {
  const parts = partsOf(path)
  const check = (value: unknown): unknown => (type === undefined ? value : type.isolate(value))
  const ofText = (line: string): unknown => check(valueAt(parts, JSON.parse(line)))
  return textFunction(ofText, {
    outputType: type ?? dynamicType(),
    ...(parts.every(isFoundInBytes) ? { one: () => fieldOfBytes(parts, ofText, check) } : {}),
  })
}

function partsOf(path: string | JsonPath): JsonPath {
  const parts: unknown = typeof path === 'string' ? path.split('.') : path
  const isPath = Array.isArray(parts) && parts.length > 0 && parts.every(isPart)
  if (isPath && (typeof path !== 'string' || !parts.includes(''))) return [...parts]
  const got = typeof path === 'string' ? JSON.stringify(path) : 'something else'
  throw new MillraceError('JOB_GRAPH_INVALID', `jsonField() needs a path, and got ${got}`, {
    cure: "pass names with points in between, 'user.id', or a list: ['users', 0, 'id']",
  })
}

function isPart(part: unknown): part is string | number {
  return typeof part === 'string' || (Number.isInteger(part) && Number(part) >= 0)
}

/** What a name is in UTF-8 must be nothing else, and bytes that are no UTF-8 read as U+FFFD. */
function isFoundInBytes(part: string | number): boolean {
  return typeof part === 'number' || (part.isWellFormed() && !part.includes('\ufffd'))
}

function valueAt(path: JsonPath, json: unknown): unknown {
  let value = json
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    if (Array.isArray(value) !== (typeof part === 'number')) return undefined
    if (!Object.hasOwn(value, part)) return undefined
    value = (value as Readonly<Record<string | number, unknown>>)[part] // it has it
  }
  return value
}

function fieldOfBytes(
  path: JsonPath,
  ofText: (line: string) => unknown,
  check: (value: unknown) => unknown,
): OneOf {
  const scanner = new JsonScanner(path)
  return (line) => {
    if (!scanner.scan(line)) return ofText(line.toString())
    return check(scanner.start < 0 ? undefined : valueOf(line, scanner))
  }
}

function valueOf({ bytes }: TextLine, { start, end }: JsonScanner): unknown {
  const first = bytes[start] as number // it has one byte at least
  if (first === QUOTE) {
    return hasBackslash(bytes, start, end)
      ? (JSON.parse(bytes.utf8Slice(start, end)) as unknown)
      : textOf(bytes, start + 1, end - 1)
  }
  if (first === MINUS || (first >= ZERO && first <= NINE)) {
    return wholeNumber(bytes, start, end) ?? Number(bytes.latin1Slice(start, end))
  }
  return JSON.parse(bytes.utf8Slice(start, end)) as unknown
}

function hasBackslash(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === 0x5c) return true
  return false
}

function wholeNumber(bytes: Buffer, start: number, end: number): number | undefined {
  const isNegative = bytes[start] === MINUS
  const from = isNegative ? start + 1 : start
  if (end - from > DIGITS_MAX) return undefined
  let value = 0
  for (let at = from; at < end; at++) {
    const byte = bytes[at] as number // at < end
    if (byte < ZERO || byte > NINE) return undefined
    value = value * 10 + (byte - ZERO)
  }
  return isNegative ? -value : value
}
