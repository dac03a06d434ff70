// Random pairs of Avro schemas, the older and what became of it by changes that resolution allows,
// at every level of nesting, with a value of the older one.
import fc from 'fast-check'

export interface Pair {
  readonly writer: unknown
  readonly reader: unknown
  /** As `avroType` has it: maps are `Map`s. */
  readonly value: unknown
}

const int = fc.integer()
// avsc 5.7.9 misreads or refuses some longs beyond.
const long = fc.integer({ min: -(2 ** 52), max: 2 ** 52 })
const float = fc.float({ noNaN: true })
const double = fc.double({ noNaN: true })
const text = fc.string({ unit: 'grapheme' })
const bytes = fc.uint8Array({ maxLength: 9 })

function scalar(value: fc.Arbitrary<unknown>, writer: unknown, reader = writer) {
  return value.map((held): Pair => ({ writer, reader, value: held }))
}

const millis = { type: 'long', logicalType: 'timestamp-millis' }
const date = { type: 'int', logicalType: 'date' }

const kept: readonly fc.Arbitrary<Pair>[] = [
  scalar(fc.boolean(), 'boolean'),
  scalar(int, 'int'),
  scalar(long, 'long'),
  scalar(float, 'float'),
  scalar(double, 'double'),
  scalar(text, 'string'),
  scalar(bytes, 'bytes'),
  scalar(fc.constant(null), 'null'),
  scalar(fc.constantFrom(null, 'a'), ['string', 'null']),
]

const grown: readonly fc.Arbitrary<Pair>[] = [
  scalar(int, 'int', 'long'),
  scalar(int, 'int', 'float'),
  scalar(int, 'int', 'double'),
  scalar(long, 'long', 'double'),
  scalar(float, 'float', 'double'),
  scalar(int, 'int', ['null', 'long']),
  scalar(int, 'int', millis),
  scalar(int, date, 'int'),
  scalar(int, date, ['null', 'double']),
  scalar(long, millis, 'double'),
  scalar(text, 'string', ['int', 'string', 'null']),
  scalar(fc.oneof(text, int), ['string', 'int'], ['null', 'double', 'boolean', 'string']),
  scalar(fc.option(int), ['null', 'int'], ['long', 'null', 'bytes']),
]

function named(name: string): readonly fc.Arbitrary<Pair>[] {
  const symbols = (...of: string[]) => ({ type: 'enum', name, symbols: of })
  const fixed = { type: 'fixed', name, size: 2 }
  return [
    scalar(fc.constantFrom('A', 'B'), symbols('A', 'B'), symbols('C', 'B', 'A')),
    scalar(fc.constantFrom('A', 'B'), symbols('A', 'B'), {
      ...symbols('C', 'B'),
      default: 'C',
    }),
    scalar(fc.uint8Array({ minLength: 2, maxLength: 2 }), fixed),
  ]
}

/** A name for types of its own: both schemas call what became of each other alike. */
export function evolved(name: string, depth: number): fc.Arbitrary<Pair> {
  const leaves = [...kept, ...grown, ...named(name)]
  if (depth === 0) return fc.oneof(...leaves)
  const inner = (part: string) => fc.constant(0).chain(() => evolved(name + part, depth - 1))
  return fc.oneof(
    { arbitrary: fc.oneof(...leaves), weight: 2 },
    { arbitrary: records(name, depth), weight: 5 },
    lists(inner('I')),
    maps(inner('V')),
  )
}

function lists(items: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  return fc.tuple(items, fc.nat(3)).map(([{ writer, reader, value }, count]) => ({
    writer: { type: 'array', items: writer },
    reader: { type: 'array', items: reader },
    value: Array.from({ length: count }, () => value),
  }))
}

function maps(values: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'é', 'constructor'), { maxLength: 3 })
  return fc.tuple(values, keys).map(([{ writer, reader, value }, names]) => ({
    writer: { type: 'map', values: writer },
    reader: { type: 'map', values: reader },
    value: new Map(names.map((key) => [key, value])),
  }))
}

const FATES = ['stays', 'is renamed', 'goes'] as const

/** Types of new fields, with defaults as they stand in the schema. */
const ADDED: readonly (readonly [unknown, unknown])[] = [
  ['int', -5],
  ['long', 2 ** 40],
  ['string', 'é'],
  ['bytes', '\u0000\u00ff'],
  ['double', 0.5],
  [['null', 'string'], null],
  [['string', 'null'], 'a'],
  [{ type: 'array', items: 'int' }, [1, 2]],
  [{ type: 'map', values: ['null', 'int'] }, { a: null }],
]

function records(name: string, depth: number): fc.Arbitrary<Pair> {
  const fields = ['a', 'b', 'c'].map((field) =>
    fc.tuple(
      fc.constant(0).chain(() => evolved(`${name}_${field}`, depth - 1)),
      fc.constantFrom(...FATES),
    ),
  )
  const added = fc.array(fc.constantFrom(...ADDED), { maxLength: 2 })
  return fc.tuple(fc.tuple(...fields), added, fc.boolean()).map(([old, more, isTurned]) => {
    const before = old.map(([pair], at) => ({ name: `f${at}`, type: pair.writer }))
    const now = old.flatMap(([{ reader }, fate], at): object[] => {
      if (fate === 'goes') return []
      const same = { name: `f${at}`, type: reader }
      return [fate === 'stays' ? same : { ...same, name: `g${at}`, aliases: [`x${at}`, `f${at}`] }]
    })
    const all = [
      ...now,
      ...more.map(([type, json], at) => ({ name: `n${at}`, type, default: json })),
    ]
    return {
      writer: { type: 'record', name, fields: before },
      reader: { type: 'record', name, fields: isTurned ? all.reverse() : all },
      value: Object.fromEntries(old.map(([pair], at) => [`f${at}`, pair.value])),
    }
  })
}
