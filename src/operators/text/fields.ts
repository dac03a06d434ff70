/** `fields()`: a line of fields as a record, made of its bytes where it comes as bytes. */
import { MillraceError } from '../../errors.ts'
import { unionType } from '../../types/choices.ts'
import type { Infer, Type } from '../../types/type.ts'
import { chosen } from './field-choice.ts'
import { readNamedOf, type ReadRecord, readRecordOf } from './field-code.ts'
import { FieldReader } from './field-reader.ts'
import { invalid, mismatch, recordOfTexts, type Shape, shapeOf } from './field-shape.ts'
import { type OneOf, textFunction, type TextFunction } from './text-function.ts'

interface FieldsOptions {
  /**
   * Names of the fields in the order in which a line has them; an empty name passes one over.
   * Default: the fields of the struct, in its order.
   */
  readonly columns?: readonly string[]
}

/** Of structs by name, the fields that are taken; of those that it does not name, all are. */
type OnlyOf<S extends TypesByName> = {
  readonly [N in keyof S]?: readonly (keyof Infer<S[N]> & string)[]
}

type TypesByName = Readonly<Record<string, Type<unknown>>>

/** What records of a struct are of which only some fields are taken. */
type Taken<T, Only> = Only extends readonly (infer K)[] ? Pick<T, Extract<K, keyof T>> : T

/** Users' code may be plain JavaScript. */
interface AnyOptions extends FieldsOptions {
  readonly only?: readonly string[] | Readonly<Record<string, readonly string[] | undefined>>
}

/** Lines of one shape, or of several that their first field tells apart. */
type Shapes = Shape | Map<string, Shape>

/** What of a line is told with an error. */
const SHOWN_CHARS_MAX = 200
/** So many names are compared with bytes of a line before one is looked up as a string. */
const NAMES_TRIED_MAX = 8
const NAME_IN_BYTES = /^[ -~]+$/
/** What may be part of a number, or end a line. */
const NO_SEPARATOR_IN_BYTES = /[\d.\n\r-]/

/**
 * The record that a line of fields with separators in between is, for `map`: the fields of a struct
 * in their order, of text, numbers, booleans, times and enums as `csv()` reads them, but without
 * quotes. Literals of the struct are no fields of the line. It works on any stream of lines, and is
 * faster right behind a source of lines, as `words()`: then no string is made of a line.
 *
 * With several structs by name, the first field of a line is the name of its struct, and the others
 * are those of the struct.
 *
 * With `only`, records have no fields but these, and no time is spent on the others: they are
 * passed over without a look at what they are.
 *
 * @throws `JOB_GRAPH_INVALID` for a separator that is empty or no string, and for types that cannot
 * be read. While running: `TYPE_MISMATCH` for a line that does not fit, with the field, what it is
 * and the line.
 * @example
 * const Reading = t.struct({ sensor: t.string, at: t.timestamp, degrees: t.float64 })
 * env.fromSource('readings', fileSource({ path: 'readings.txt' }))
 *   .map(fields('|', Reading)).keyBy(({ sensor }) => sensor)
 */
export function fields<T, const K extends keyof T & string>(
  separator: string,
  type: Type<T>,
  options: FieldsOptions & { readonly only: readonly K[] },
): TextFunction<Pick<T, K>>
export function fields<T>(
  separator: string,
  type: Type<T>,
  options?: FieldsOptions,
): TextFunction<T>
export function fields<const S extends TypesByName, const O extends OnlyOf<S>>(
  separator: string,
  types: S,
  options: { readonly only: O },
): TextFunction<{ [N in keyof S]: Taken<Infer<S[N]>, O[N & keyof O]> }[keyof S]>
export function fields<const S extends TypesByName>(
  separator: string,
  types: S,
): TextFunction<Infer<S[keyof S]>>
export function fields(
  separator: string,
  given: Type<unknown> | TypesByName,
  options: AnyOptions = {},
): TextFunction<unknown> {
  checkSeparator(separator)
  const { type: outputType, shapes } = shapesOf(given, options)
  const ofText = (line: string): unknown => recordOf(shapes, line, separator)
  return textFunction(ofText, {
    outputType,
    ...(isReadInBytes(separator) ? { one: () => recordOfBytes(shapes, separator, ofText) } : {}),
  })
}

function checkSeparator(separator: unknown): void {
  if (typeof separator === 'string' && separator !== '') return
  const got = separator === '' ? 'an empty string' : typeof separator
  throw new MillraceError('JOB_GRAPH_INVALID', `fields() needs a separator, and got ${got}`, {
    cure: "pass one of at least one character: fields('|', type)",
  })
}

function isReadInBytes(separator: string): boolean {
  if (separator.length > 1 || separator.charCodeAt(0) > 0x7f) return false
  return !NO_SEPARATOR_IN_BYTES.test(separator)
}

function shapesOf(given: Type<unknown> | TypesByName, { columns, only }: AnyOptions) {
  if (isType(given)) {
    const names = isList(only) ? only : only === undefined ? undefined : []
    const { type, columns: read } = chosen(given, columns, names)
    return { type, shapes: shapeOf(type.schema, read) }
  }
  const named = typeof given === 'object' && given !== null ? Object.entries(given) : []
  if (named.length > 0 && named.every(([, type]) => isType(type)) && columns === undefined) {
    const byName = only === undefined ? {} : onlyByName(only, given)
    const types: Type<unknown>[] = []
    const shapes: Shapes = new Map<string, Shape>()
    for (const [name, whole] of named) {
      const { type, columns: read } = chosen(whole, undefined, byName[name])
      types.push(type)
      shapes.set(name, shapeOf(type.schema, read))
    }
    return { type: unionType(types), shapes }
  }
  throw new MillraceError(
    'JOB_GRAPH_INVALID',
    'fields() got neither a struct nor structs by name',
    {
      cure: 'pass t.struct({ … }), with or without { columns }, or structs by name: { A: …, B: … }',
    },
  )
}

type OnlyByName = Readonly<Record<string, readonly string[] | undefined>>

function onlyByName(only: NonNullable<AnyOptions['only']>, types: TypesByName): OnlyByName {
  if (isList(only)) throw invalid('fields() of structs by name needs { only } by name, too')
  const strange = Object.keys(only).find((name) => !Object.hasOwn(types, name))
  if (strange === undefined) return only
  throw invalid(`fields() is to take only some fields of "${strange}", but has no such struct`)
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value)
}

/** Types come from users' code, which may be plain JavaScript. */
function isType(value: unknown): value is Type<unknown> {
  if (typeof value !== 'object' || value === null) return false
  return 'schema' in value && 'write' in value && typeof value.write === 'function'
}

function recordOf(shapes: Shapes, line: string, separator: string): unknown {
  const texts = line.split(separator)
  try {
    if (!(shapes instanceof Map)) return recordOfTexts(shapes, texts, 0)
    const name = texts[0] ?? ''
    const shape = shapes.get(name)
    if (shape !== undefined) return recordOfTexts(shape, texts, 1)
    throw mismatch(`field 1: ${JSON.stringify(name)} is none of ${[...shapes.keys()].join(', ')}`)
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    const shown = JSON.stringify(line.slice(0, SHOWN_CHARS_MAX))
    throw new MillraceError('TYPE_MISMATCH', `${error.message}, in ${shown}`, { cause: error })
  }
}

/** What does not fit is left to `ofText`, which says why. */
function recordOfBytes(
  shapes: Shapes,
  separator: string,
  ofText: (line: string) => unknown,
): OneOf {
  const reader = new FieldReader(separator)
  const read = readerOf(shapes, separator)
  return (line) => {
    reader.begin(line)
    try {
      const record = read(reader)
      if (record !== undefined) return record
    } catch {
      // Why is said below.
    }
    return ofText(line.toString())
  }
}

function readerOf(shapes: Shapes, separator: string): ReadRecord {
  if (!(shapes instanceof Map)) return readRecordOf(shapes, separator)
  const byName = new Map([...shapes].map(([name, shape]) => [name, readRecordOf(shape, separator)]))
  const shown = [...byName].filter(([name]) => isShownInBytes(name, separator))
  const other: ReadRecord = (reader) => byName.get(reader.text())?.(reader)
  return readNamedOf(new Map(shown.slice(0, NAMES_TRIED_MAX)), separator, other)
}

function isShownInBytes(name: string, separator: string): boolean {
  return NAME_IN_BYTES.test(name) && !name.includes(separator)
}
