/**
 * What the schema of a type may look like in a manifest: the kinds of `types/type.ts`, nested to a
 * bounded depth. The compiler keeps both tables complete.
 */
import type { FieldSchema, SimpleKind, TypeSchema } from '../types/type.ts'
import * as checks from './json-checks.ts'
import { type Check, refuse } from './json-checks.ts'

const NAME_CHARS_MAX = 4096
const LIST_MAX = 65_536
const DEFAULT_CHARS_MAX = 1 << 20

const name = checks.text(NAME_CHARS_MAX)

/** Each is written `{ "kind": … }` and nothing else; the record keeps the list complete. */
const SIMPLE_KINDS: Readonly<Record<SimpleKind, true>> = {
  string: true,
  boolean: true,
  int32: true,
  int64: true,
  float64: true,
  timestamp: true,
  date: true,
  bytes: true,
  json: true,
  dynamic: true,
}

type Composite = Exclude<TypeSchema['kind'], SimpleKind>
type SchemaOf<K extends Composite> = Extract<TypeSchema, { readonly kind: K }>
type CompositeChecks = { readonly [K in Composite]: Check<SchemaOf<K>> }
type SimpleSchema = Extract<TypeSchema, { readonly kind: SimpleKind }>

/** The checks of one level of nesting; built once per depth that is met. */
const levels: (CompositeChecks & { readonly simple: Check<SimpleSchema> })[] = []

function schemaAt(depth: number): Check<TypeSchema> {
  return (value, path) => {
    checks.depthWithin(depth, path)
    const { kind } = checks.plainObject(value, path)
    if (typeof kind !== 'string') return refuse(path, 'is not a type')
    const level = (levels[depth] ??= checksOf(schemaAt(depth + 1)))
    if (Object.hasOwn(SIMPLE_KINDS, kind)) return level.simple(value, path)
    if (!Object.hasOwn(level, kind)) return refuse(path, `is of the unknown type ${kind}`)
    // `kind` is one of the table's own names, which are exactly the composite kinds.
    return level[kind as Composite](value, path)
  }
}

function checksOf(inner: Check<TypeSchema>): (typeof levels)[number] {
  const inners = checks.list(inner, LIST_MAX)
  const { exactly, list, shape } = checks
  const field = shape<FieldSchema>(
    { name, type: inner },
    { renamedFrom: list(name, LIST_MAX), default: checks.text(DEFAULT_CHARS_MAX) },
  )
  const versions = { version: checks.integer(1), former: inner }
  return {
    simple: shape<SimpleSchema>(
      // The keys of the record are exactly the members of the union.
      { kind: checks.oneOf(...(Object.keys(SIMPLE_KINDS) as SimpleKind[])) },
      versions,
    ),
    literal: shape<SchemaOf<'literal'>>(
      { kind: exactly('literal'), value: (v, path) => (v === null ? v : checks.scalar(v, path)) },
      versions,
    ),
    enum: shape<SchemaOf<'enum'>>(
      { kind: exactly('enum'), values: list(name, LIST_MAX) },
      { ...versions, default: name },
    ),
    struct: shape<SchemaOf<'struct'>>(
      { kind: exactly('struct'), fields: list(field, LIST_MAX) },
      versions,
    ),
    tuple: shape<SchemaOf<'tuple'>>({ kind: exactly('tuple'), elements: inners }, versions),
    list: shape<SchemaOf<'list'>>({ kind: exactly('list'), element: inner }, versions),
    map: shape<SchemaOf<'map'>>({ kind: exactly('map'), key: inner, value: inner }, versions),
    union: shape<SchemaOf<'union'>>({ kind: exactly('union'), options: inners }, versions),
    optional: shape<SchemaOf<'optional'>>({ kind: exactly('optional'), of: inner }, versions),
    nullable: shape<SchemaOf<'nullable'>>({ kind: exactly('nullable'), of: inner }, versions),
  }
}

/** Proves that a value describes a type completely. */
export const schema = schemaAt(0)
