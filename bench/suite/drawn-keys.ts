/**
 * Which keys records of state larger than memory have: each once, and then drawn, uniformly or by
 * Zipf's law with the exponent 0.99, the usual one of such comparisons. The draws are a file that
 * all contenders read, for powers of numbers differ in their last bits from language to language.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededRandom } from '../../src/util/random.ts'
import { Checksum, type Output, outputOf } from './checksum.ts'
import { keyOf, TEXT_LENGTH, textOf } from './texts.ts'

type Drawing = 'uniform' | 'zipf'

const RECORDS_PER_KEY = 2
const EXPONENT = 0.99
/** A number as key, a sum and a text. */
const ENTRY_BYTES = 4 + 8 + TEXT_LENGTH
/** State is so many times as large as the memory for it. */
const TIMES_MEMORY = 10

/** Undefined for other work. */
export function drawingOf(work: string): Drawing | undefined {
  if (work === 'text-sums-uniform') return 'uniform'
  return work === 'text-sums-zipf' ? 'zipf' : undefined
}

export const keysFor = (records: number): number => Math.ceil(records / RECORDS_PER_KEY)

export function memoryMbFor(records: number): number {
  return Math.max(1, Math.round((keysFor(records) * ENTRY_BYTES) / TIMES_MEMORY / 1e6))
}

/** The path of the draws, 32 bits each, which is written if it is not there. */
export function drawnFile(drawing: Drawing, records: number): string {
  const path = join(tmpdir(), `millrace-bench-${drawing}-${records}`)
  if (existsSync(path)) return path
  const draw = drawing === 'zipf' ? zipf(keysFor(records)) : uniform(keysFor(records))
  const draws = Buffer.alloc(4 * records)
  for (let at = 0; at < records; at++) draws.writeInt32LE(draw(), 4 * at)
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, draws)
  renameSync(unfinished, path)
  return path
}

function uniform(keys: number): () => number {
  const random = new SeededRandom(1)
  return () => random.int(keys)
}

function zipf(keys: number): () => number {
  const random = new SeededRandom(1)
  const upTo = new Float64Array(keys)
  let sum = 0
  for (let rank = 0; rank < keys; rank++) upTo[rank] = sum += (rank + 1) ** -EXPONENT
  return () => {
    const drawn = random.next() * sum
    let [low, high] = [0, keys - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((upTo[middle] ?? 0) < drawn) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Of a file of draws: which key a record has, all keys having come once before. */
export class DrawnKeys {
  readonly keys: number
  /** All records, those that load included. */
  readonly count: number
  readonly #draws: Buffer

  constructor(path: string) {
    this.#draws = readFileSync(path)
    const records = this.#draws.length / 4
    this.keys = keysFor(records)
    this.count = this.keys + records
  }

  key(number: number): number {
    const { keys } = this
    const drawn = number < keys ? number : this.#draws.readInt32LE(4 * (number - keys))
    return keyOf(drawn, keys)
  }
}

export const amountOf = (key: number): number => 1 + (key & 63)

/** What is taken of the text that a sum was held with. */
export const lettersTaken = (text: string, sum: number): number =>
  text.charCodeAt(sum % TEXT_LENGTH)

/** What must come out: each sum, and a letter of the text that its former one was held with. */
export function sumsOf(path: string): Output {
  const drawn = new DrawnKeys(path)
  const sums = new Float64Array(drawn.keys)
  const out = new Checksum()
  for (let number = 0; number < drawn.count; number++) {
    const key = drawn.key(number)
    const before = sums[key] ?? 0
    const sum = before + amountOf(key)
    sums[key] = sum
    const letter = before === 0 ? 0 : lettersTaken(textOf(key, before), sum)
    out.add((key + letter) | 0, sum)
  }
  return outputOf([out])
}
