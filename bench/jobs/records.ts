/**
 * Records for keyed sums, made before the job starts and handed over in batches again and again, so
 * that a record costs its source next to nothing. First each key comes once, in random order; then
 * keys are drawn at random. Keys that are strings are strings of their own in each record, as if
 * they had been read from somewhere.
 */
import { Buffer } from 'node:buffer'
import { t } from 'millrace'
import { source } from 'millrace/connectors'
import { SeededRandom } from '../../src/util/random.ts'
import { type Moment, moment, spanSince, tell } from './probe.ts'

export interface Payment<K> {
  readonly account: K
  readonly amount: number
}

type Batch<K> = readonly Payment<K>[]

const BATCH_RECORDS = 1_000

export interface PaymentsOptions<K> {
  readonly keys: number
  /** Records after each key has come once. */
  readonly records: number
  /** Distinct records they are taken from. */
  readonly prepared: number
  readonly keyOf: (index: number) => K
  /** Gives what draws keys; default: uniformly. */
  readonly drawWith?: (random: SeededRandom, keys: number) => () => number
  readonly splits?: number
}

export const numberKey = (index: number): number => index
export const stringKey = (index: number): string => Buffer.from(`account-${index}`).toString()

/** A permutation of the indexes. */
export function shuffled(count: number, random: SeededRandom): Uint32Array {
  const indexes = Uint32Array.from({ length: count }, (_, index) => index)
  for (let last = count - 1; last > 0; last--) {
    const other = random.int(last + 1)
    const held = indexes[last] as number // below the length, as `other`
    indexes[last] = indexes[other] as number
    indexes[other] = held
  }
  return indexes
}

function prepare<K>(indexes: Uint32Array, keyOf: (index: number) => K): readonly Batch<K>[] {
  const batches: Batch<K>[] = []
  for (let at = 0; at < indexes.length; at += BATCH_RECORDS) {
    const part = [...indexes.subarray(at, at + BATCH_RECORDS)]
    batches.push(part.map((index) => ({ account: keyOf(index), amount: (index % 100) + 0.5 })))
  }
  return batches
}

/** Tells on `channel` of the span in which keys came first, `load`, and of the others, `read`. */
export function payments<K extends string | number>(channel: string, options: PaymentsOptions<K>) {
  const { keys, records, prepared, keyOf, splits = 1 } = options
  return source<Payment<K>, number>({
    name: 'payments',
    position: t.float64,
    splits: () => Array.from({ length: splits }, (_, index) => `part-${index}`),
    async *read(split) {
      const random = new SeededRandom(1).fork(split.id) as SeededRandom
      const first = prepare(shuffled(keys, random), keyOf)
      const draw = options.drawWith?.(random, keys) ?? (() => random.int(keys))
      const drawn = Uint32Array.from({ length: prepared }, draw)
      const others = prepare(drawn, keyOf)
      let position = 0
      let start: Moment = moment()
      for (const values of first) yield { values, position: ++position }
      tell(channel, spanSince(start, 'load', keys))
      start = moment()
      for (let handed = 0; handed < records; handed += BATCH_RECORDS) {
        const values = others[(handed / BATCH_RECORDS) % others.length] as Batch<K>
        yield { values, position: ++position }
      }
      tell(channel, spanSince(start, 'read', records))
    },
  })
}
