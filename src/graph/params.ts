/**
 * Parameters of a job: declared by types, given as text (`--param input=book.txt`) or as values
 * (`run(…, { params })`), checked before anything is built. Parsing what was parsed before changes
 * nothing, so the same record may go to the master, the workers and the manifest.
 */
import { isMillraceError, MillraceError, messageOf } from '../errors.ts'
import { describeSchema } from '../types/describe.ts'
import type { OptionalType } from '../types/t.ts'
import type { Infer, Type, TypeSchema } from '../types/type.ts'
import { ByteWriter } from '../util/bytes.ts'
import { nearestName } from '../util/nearest.ts'

export type ParamSchema = Readonly<Record<string, Type<unknown>>>
type OptionalParams<P> = { [K in keyof P]: P[K] extends OptionalType<unknown> ? K : never }[keyof P]
/** What `build` gets: the values of the declared parameters. */
export type ParamsOf<P> = {
  readonly [K in Exclude<keyof P, OptionalParams<P>>]: Infer<P[K]>
} & { readonly [K in OptionalParams<P>]?: Infer<P[K]> }

/** Values by parameter name, as the engine passes them on. */
export type ParamValues = Readonly<Record<string, unknown>>

interface Parameterised {
  readonly name: string
  readonly params: ParamSchema
}

/**
 * The values of a job's parameters, from text or values.
 *
 * @throws `JOB_PARAM_UNKNOWN` (naming the nearest), `JOB_PARAM_MISSING`, `JOB_PARAM_INVALID`.
 */
export function parseParams(job: Parameterised, raw: ParamValues): ParamValues {
  for (const name of Object.keys(raw)) {
    if (!Object.hasOwn(job.params, name)) throw unknown(job, name)
  }
  const values: Record<string, unknown> = {}
  for (const [name, type] of Object.entries(job.params)) {
    const given = Object.hasOwn(raw, name) ? raw[name] : undefined
    if (given !== undefined) values[name] = parseParam(job, name, type, given)
    else if (type.schema.kind !== 'optional') throw missing(job, name, type)
  }
  return Object.freeze(values)
}

function parseParam(
  job: Parameterised,
  name: string,
  type: Type<unknown>,
  given: unknown,
): unknown {
  try {
    const value = typeof given === 'string' ? fromText(given, type.schema) : given
    type.write(value, new ByteWriter())
    return type.isolate(value)
  } catch (error) {
    const shown = typeof given === 'string' ? JSON.stringify(given) : typeof given
    const reason = isMillraceError(error) ? error.message : messageOf(error)
    throw new MillraceError(
      'JOB_PARAM_INVALID',
      `parameter "${name}" of job "${job.name}" cannot be ${shown}: ${reason}`,
      {
        cure: `give ${wordsFor(type.schema)}: --param ${name}=…`,
        details: { job: job.name, parameter: name },
      },
    )
  }
}

/** Reads text as a value of the schema; whether it fits is checked by the type afterwards. */
function fromText(text: string, schema: TypeSchema): unknown {
  switch (schema.kind) {
    case 'string':
    case 'enum':
      return text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'int32':
    case 'float64':
      return numberOf(text)
    case 'int64':
      return /^-?\d+$/.test(text.trim()) ? BigInt(text) : text
    case 'timestamp':
      return /^-?\d+$/.test(text.trim()) ? Number(text) : Date.parse(text)
    case 'date':
      return new Date(text)
    case 'bytes':
      return Uint8Array.from(Buffer.from(text, 'base64'))
    case 'literal':
      return String(schema.value) === text ? schema.value : text
    case 'optional':
      return fromText(text, schema.of)
    case 'nullable':
      return text === 'null' ? null : fromText(text, schema.of)
    case 'union':
      return unionFromText(text, schema.options)
    case 'dynamic':
      return jsonOr(text, text)
    case 'map':
    case 'struct':
    case 'tuple':
    case 'list':
    case 'json':
      return JSON.parse(text) as unknown // the parser's `any`, checked by the type afterwards
  }
}

/** The first option that reads the text as something else than text, or the text itself. */
function unionFromText(text: string, options: readonly TypeSchema[]): unknown {
  for (const option of options) {
    const value = option.kind === 'string' ? text : tryText(text, option)
    if (typeof value !== 'string' && !Number.isNaN(value)) return value
  }
  return text
}

function tryText(text: string, schema: TypeSchema): unknown {
  try {
    return fromText(text, schema)
  } catch {
    return text
  }
}

function numberOf(text: string): unknown {
  return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
}

function jsonOr(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text) as unknown // any JSON will do here
  } catch {
    return otherwise
  }
}

const WORDS: Readonly<Partial<Record<TypeSchema['kind'], string>>> = {
  boolean: 'true or false',
  bytes: 'base64',
  date: 'a date such as 2026-01-31T12:00:00Z',
  float64: 'a number',
  int32: 'an integer',
  int64: 'a whole number',
  string: 'text',
  timestamp: 'milliseconds, or a date such as 2026-01-31T12:00:00Z',
}

/** What to write as text for a value of the schema. */
function wordsFor(schema: TypeSchema): string {
  if (schema.kind === 'enum') return `one of ${schema.values.join(', ')}`
  if (schema.kind === 'literal') return JSON.stringify(schema.value)
  if (schema.kind === 'optional' || schema.kind === 'nullable') return wordsFor(schema.of)
  return WORDS[schema.kind] ?? `JSON of ${describeSchema(schema)}`
}

function missing(job: Parameterised, name: string, type: Type<unknown>): MillraceError {
  return new MillraceError(
    'JOB_PARAM_MISSING',
    `job "${job.name}" needs the parameter "${name}" (${wordsFor(type.schema)})`,
    {
      cure: `give it: --param ${name}=… or run(…, { params: { ${name}: … } })`,
      details: { job: job.name, parameter: name },
    },
  )
}

function unknown(job: Parameterised, name: string): MillraceError {
  const declared = Object.keys(job.params)
  const near = nearestName(name, declared)
  const list = declared.length === 0 ? 'it declares none' : `it has ${declared.join(', ')}`
  return new MillraceError('JOB_PARAM_UNKNOWN', `job "${job.name}" has no parameter "${name}"`, {
    cure:
      near === undefined
        ? `${list}; declare it in params or leave it out`
        : `did you mean ${near}?`,
    details: { job: job.name, parameter: name, nearest: near },
  })
}
