/** The random data of a workload: sources, their splits, and what is in them. */
import type { Random } from '../../src/util/random.ts'
import type { Rec, SourceData, SplitData } from './workload.ts'

/** Half of those that may be are text. */
const TEXTS = ['words', 'fields'] as const

const KEYS_PER_SPLIT_MAX = 6
const RECORDS_PER_SPLIT_MAX = 40
/** Long jobs see many checkpoints, merges and restores of the same few keys. */
const RECORDS_OF_LONG_MAX = 200
/** Keys that come now and then, besides those of any other job. */
const KEYS_OF_STATEFUL_MAX = 150
const RECORDS_OF_STATEFUL_MAX = 250
const BIG_PAD = 3_000
/** What all records of some jobs carry: few of them fill a channel. */
const BALLAST = 700

/**
 * @param count how many sources; undefined: one or two.
 * @param isStateful long, and of keys that change often and many others that hardly do.
 */
export function generateSources(
  random: Random,
  count: number | undefined,
  isStateful = false,
): readonly SourceData[] {
  let key = 0
  const isLong = random.int(6) === 0 || isStateful
  // All or none: only a job without bounded sources knows when it may be drained.
  const bounded = random.fork('bounded').int(5) > 0
  const ballast = random.fork('ballast')
  const hasBallast = ballast.int(4) === 0
  const text = random.fork('text')
  const longMax = isStateful ? RECORDS_OF_STATEFUL_MAX : RECORDS_OF_LONG_MAX
  const recordsMax = isLong ? longMax : RECORDS_PER_SPLIT_MAX
  return Array.from({ length: count ?? 1 + random.int(2) }, (_, at): SourceData => {
    const outOfOrderMs = random.int(4) === 0 ? undefined : random.int(40)
    const splits = Array.from(
      { length: 1 + random.int(isLong ? 2 : 4) },
      (_split, index): SplitData => {
        const few = 1 + random.int(KEYS_PER_SPLIT_MAX)
        const keys = isStateful ? few + random.int(KEYS_OF_STATEFUL_MAX) : few
        const firstKey = key
        key += keys
        const records = generateRecords(random, {
          firstKey,
          keys,
          hotKeys: few,
          outOfOrderMs: outOfOrderMs ?? 40,
          recordsMax,
        })
        const all = hasBallast ? records.map((record) => withBallast(record, ballast)) : records
        return { id: `split-${index}`, records: all }
      },
    )
    const batchMax = 1 + random.int(6)
    const gapMs = 2 + random.int(20)
    const source = { uid: `source-${at}`, splits, outOfOrderMs, bounded, batchMax, gapMs }
    // Words are keyed, which pipelines that are to be apart may not be.
    const mayBeText = count === undefined && outOfOrderMs === undefined
    if (!mayBeText) return source
    const kind = TEXTS[text.int(2 * TEXTS.length)]
    return kind === undefined ? source : { ...source, text: kind }
  })
}

function withBallast(record: Rec, random: Random): Rec {
  return { ...record, pad: record.pad + 'x'.repeat(random.int(BALLAST)) }
}

interface RecordsPlan {
  readonly firstKey: number
  readonly keys: number
  /** The first of them, which most records are of. */
  readonly hotKeys: number
  readonly outOfOrderMs: number
  readonly recordsMax: number
}

function generateRecords(random: Random, plan: RecordsPlan): readonly Rec[] {
  const { firstKey, keys, hotKeys, outOfOrderMs, recordsMax } = plan
  const isPadded = random.int(8) === 0
  const isCold = keys > hotKeys && random.int(4) > 0
  let time = 1_000
  const count = random.int(recordsMax)
  // Later on hardly anything comes of the others: what they left lies below many small changes.
  const hotShareOf = (index: number): number => (index * 3 < count ? 2 : 8)
  return Array.from({ length: count }, (_, index): Rec => {
    time += random.int(20)
    const big = isPadded && random.int(10) === 0 ? 'x'.repeat(random.int(BIG_PAD)) : ''
    const at = time - random.int(outOfOrderMs + 1)
    const isHot = keys > hotKeys && random.int(hotShareOf(index)) > 0
    // What hardly changes is large, so that merges let it be.
    const pad = keys > hotKeys && !isHot && isCold ? noise(random, random.int(BALLAST)) : big
    return { k: firstKey + random.int(isHot ? hotKeys : keys), v: random.int(1_000), at, pad }
  })
}

/** Text that no compression makes small. */
function noise(random: Random, length: number): string {
  let text = ''
  while (text.length < length) text += random.next().toString(36).slice(2)
  return text.slice(0, length)
}
