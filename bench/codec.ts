/**
 * What encoding, decoding, isolating and hashing one value costs: nanoseconds, median of rounds.
 * Run with `node --conditions=millrace-source bench/codec.ts`.
 */
import { cpus } from 'node:os'
import { dynamicType, readIsolated } from '../src/types/dynamic.ts'
import { routeHash, writeKey } from '../src/types/keys.ts'
import { t } from '../src/types/t.ts'
import type { Type } from '../src/types/type.ts'
import { ByteReader, ByteWriter } from '../src/util/bytes.ts'

const ROUNDS = 15
const CALLS_PER_ROUND = 200_000
const VARIANTS = 64

const Order = t.struct({ id: t.string, items: t.int32, total: t.float64, paid: t.boolean })
const Note = t.struct({ id: t.string, items: t.int32, note: t.optional(t.string), at: t.timestamp })
const Counters = t.struct({ count: t.int32, sum: t.float64, first: t.timestamp, last: t.timestamp })

const orders = variants((index) => ({
  id: `order-${index}`,
  items: index,
  total: index * 1.5,
  paid: index % 2 === 0,
}))
const notes = variants((index) =>
  index % 2 === 0
    ? { id: `order-${index}`, items: index, note: 'left at the door', at: 1_700_000_000_000 }
    : { id: `order-${index}`, items: index, at: 1_700_000_000_000 },
)
const counters = variants((index) => ({ count: index, sum: index / 3, first: index, last: index }))
const nested = variants((index) => ({
  id: `order-${index}`,
  lines: [{ sku: `sku-${index}`, count: index }],
  tags: ['a', 'b'],
}))
const numbers = variants((index) => index * 7919.5)
const words = variants((index) => `word-${index}-of-text`)

/** Keeps results alive, so that no call can be optimised away. */
let sink: unknown

console.log(`# ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}, ns per call`)
measureType('struct, 4 fields', Order, orders)
measureType('struct, optional field', Note, notes)
measureType('struct, 4 numbers', Counters, counters)
measureType('dynamic object, 4 fields', dynamicType<unknown>(), orders)
measureType('dynamic, nested', dynamicType<unknown>(), nested)
measureType('dynamic number', dynamicType<unknown>(), numbers)
measureType('dynamic string', dynamicType<unknown>(), words)
measureType('declared string', t.string, words)
measureKeys('number', numbers)
measureKeys('string', words)

function variants<T>(make: (index: number) => T): readonly T[] {
  return Array.from({ length: VARIANTS }, (_, index) => make(index))
}

function measureType<T>(name: string, type: Type<T>, values: readonly T[]): void {
  const out = new ByteWriter()
  measure(`${name}: encode`, values, (value) => {
    out.reset()
    type.write(value, out)
  })
  const encoded = values.map((value) => {
    out.reset()
    type.write(value, out)
    return out.copy()
  })
  const input = new ByteReader(out.copy())
  measure(`${name}: decode`, encoded, (bytes) => {
    sink = type.read(input.reset(bytes))
  })
  measure(`${name}: isolate`, values, (value) => {
    sink = type.isolate(value)
  })
  const isolated = values.map((value) => type.isolate(value))
  measure(`${name}: read from state`, isolated, (value) => {
    sink = readIsolated(type, value)
  })
}

function measureKeys(name: string, values: readonly unknown[]): void {
  const out = new ByteWriter()
  measure(`${name} key: hash`, values, (value) => {
    sink = routeHash(value)
  })
  measure(`${name} key: bytes`, values, (value) => {
    out.reset()
    writeKey(value, out)
  })
}

function measure<X>(name: string, inputs: readonly X[], call: (input: X) => void): void {
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    for (let index = 0; index < CALLS_PER_ROUND; index++) call(inputs[index % VARIANTS] as X)
    rounds.push(((performance.now() - start) * 1e6) / CALLS_PER_ROUND)
  }
  rounds.sort((a, b) => a - b)
  const median = rounds[ROUNDS >> 1] ?? 0
  console.log(`${name.padEnd(44)} ${median.toFixed(1).padStart(8)}`)
}

if (sink === measure) throw new Error('unreachable: the results were never used')
