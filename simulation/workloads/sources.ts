/** The random data of a workload: sources, their splits, and what is in them. */
import type { Random } from '../../src/util/random.ts'
import type { Rec, SourceData, SplitData } from './workload.ts'

const KEYS_PER_SPLIT_MAX = 6
const RECORDS_PER_SPLIT_MAX = 40
/** Long jobs see many checkpoints, merges and restores of the same few keys. */
const RECORDS_OF_LONG_MAX = 200
const BIG_PAD = 3_000
/** What all records of some jobs carry: few of them fill a channel. */
const BALLAST = 700

/**
 * @param count how many sources; undefined: one or two.
 */
export function generateSources(random: Random, count: number | undefined): readonly SourceData[] {
  let key = 0
  const isLong = random.int(6) === 0
  // All or none: only a job without bounded sources knows when it may be drained.
  const bounded = random.fork('bounded').int(5) > 0
  const ballast = random.fork('ballast')
  const hasBallast = ballast.int(4) === 0
  const recordsMax = isLong ? RECORDS_OF_LONG_MAX : RECORDS_PER_SPLIT_MAX
  return Array.from({ length: count ?? 1 + random.int(2) }, (_, at): SourceData => {
    const outOfOrderMs = random.int(4) === 0 ? undefined : random.int(40)
    const splits = Array.from(
      { length: 1 + random.int(isLong ? 2 : 4) },
      (_split, index): SplitData => {
        const keys = 1 + random.int(KEYS_PER_SPLIT_MAX)
        const firstKey = key
        key += keys
        const records = generateRecords(random, {
          firstKey,
          keys,
          outOfOrderMs: outOfOrderMs ?? 40,
          recordsMax,
        })
        const all = hasBallast ? records.map((record) => withBallast(record, ballast)) : records
        return { id: `split-${index}`, records: all }
      },
    )
    const batchMax = 1 + random.int(6)
    const gapMs = 2 + random.int(20)
    return { uid: `source-${at}`, splits, outOfOrderMs, bounded, batchMax, gapMs }
  })
}

function withBallast(record: Rec, random: Random): Rec {
  return { ...record, pad: record.pad + 'x'.repeat(random.int(BALLAST)) }
}

interface RecordsPlan {
  readonly firstKey: number
  readonly keys: number
  readonly outOfOrderMs: number
  readonly recordsMax: number
}

function generateRecords(random: Random, plan: RecordsPlan): readonly Rec[] {
  const { firstKey, keys, outOfOrderMs, recordsMax } = plan
  const isPadded = random.int(8) === 0
  let time = 1_000
  return Array.from({ length: random.int(recordsMax) }, (): Rec => {
    time += random.int(20)
    const pad = isPadded && random.int(10) === 0 ? 'x'.repeat(random.int(BIG_PAD)) : ''
    const at = time - random.int(outOfOrderMs + 1)
    return { k: firstKey + random.int(keys), v: random.int(1_000), at, pad }
  })
}
