/**
 * A source that makes records: for each index it calls a function with a random generator that is
 * determined by the seed and the index alone. So the same records come after every restart and at
 * every number of splits; a split makes the indexes that are congruent to its number.
 */
import { sourceBrand } from '../operators/source.ts'
import type { Source, SourceBatch, SourceContext, Split } from '../operators/source.ts'
import { dynamicType } from '../types/dynamic.ts'
import { t } from '../types/t.ts'
import type { Type } from '../types/type.ts'
import { assert } from '../util/assert.ts'
import { SeededRandom } from '../util/random.ts'
import type { Random } from '../util/random.ts'
import { checkFunction, checkOptions, invalidOption, wholeNumber } from './options.ts'

export interface DataGeneratorOptions<T> {
  /** Makes the record of an index, the same one each time it is asked: use `random` only. */
  readonly generate: (index: number, random: Random) => T
  /** How many records in all. Default: no end. */
  readonly count?: number
  /** How many records per second in all splits together. Default: as fast as they are taken. */
  readonly ratePerSecond?: number
  /** How many splits, to be read in parallel. Default: 1. */
  readonly splits?: number
  /** Default: 0. */
  readonly seed?: number
  /** Type of the records. Default: any plain value. */
  readonly type?: Type<T>
  /** For logs and the plan. Default: `dataGenerator`. */
  readonly name?: string
}

const BATCH_RECORDS_MAX = 1_000
/** Slow rates come one by one, fast ones in portions of this time. */
const PORTION_MS = 10
const BATCHES_PER_TURN = 16
const SPLITS_MAX = 10_000
const UINT32_MAX = 0xffff_ffff

/**
 * @throws `CONFIG_INVALID` and `CONFIG_UNKNOWN_OPTION` for options that cannot work.
 * @example
 * dataGenerator({
 *   generate: (index, random) => ({ id: index, price: random.int(100) }),
 *   count: 1_000_000,
 *   ratePerSecond: 50_000,
 * })
 */
export function dataGenerator<T>(options: DataGeneratorOptions<T>): Source<T, number> {
  const what = 'dataGenerator()'
  checkOptions(what, options, OPTIONS)
  checkFunction(what, 'generate', options.generate)
  const max = Number.MAX_SAFE_INTEGER
  const generator: Generator<T> = {
    generate: options.generate,
    count: wholeNumber(what, 'count', options.count, { min: 0, max, otherwise: Infinity }),
    ratePerMs: checkedRate(what, options.ratePerSecond) / 1_000,
    splits: wholeNumber(what, 'splits', options.splits, { min: 1, max: SPLITS_MAX, otherwise: 1 }),
    seed: wholeNumber(what, 'seed', options.seed, { min: 0, max: UINT32_MAX, otherwise: 0 }),
  }
  return Object.freeze<Source<T, number>>({
    [sourceBrand]: true,
    name: options.name ?? 'dataGenerator',
    type: options.type ?? dynamicType<T>(),
    position: t.float64,
    replayable: true,
    bounded: generator.count !== Infinity,
    discover: () => Promise.resolve(splitsOf(generator.splits)),
    read: (split: Split, from: number | undefined, context: SourceContext) =>
      readSplit(generator, split, from ?? 0, context),
  })
}

const OPTIONS: readonly (keyof DataGeneratorOptions<unknown>)[] = [
  'generate',
  'count',
  'ratePerSecond',
  'splits',
  'seed',
  'type',
  'name',
]

interface Generator<T> {
  readonly generate: (index: number, random: Random) => T
  readonly count: number
  /** Infinity: no limit. */
  readonly ratePerMs: number
  readonly splits: number
  readonly seed: number
}

function checkedRate(what: string, rate: number | undefined): number {
  if (rate === undefined) return Infinity
  if (typeof rate === 'number' && rate > 0) return rate
  throw invalidOption(what, 'ratePerSecond', rate, 'a number above 0')
}

/** Each split says out of how many, so that a restored one stays itself when the number changes. */
function splitsOf(splits: number): Split[] {
  return Array.from({ length: splits }, (_, index) => ({
    id: `${index}-of-${splits}`,
    properties: { index, splits },
  }))
}

/** Positions count the records of the split. */
async function* readSplit<T>(
  generator: Generator<T>,
  split: Split,
  from: number,
  context: SourceContext,
): AsyncGenerator<SourceBatch<T, number>, void, undefined> {
  const { generate, seed, count } = generator
  const first = split.properties?.['index']
  const splits = split.properties?.['splits']
  assert(typeof first === 'number' && typeof splits === 'number', 'a split of the generator')
  const total = Math.max(0, Math.ceil((count - first) / splits))
  const pace = new Pace(generator.ratePerMs / splits, context)
  for (let position = from, batch = 0; position < total; batch++) {
    const room = await pace.room()
    if (context.signal.aborted) return
    const end = Math.min(position + room, total)
    const values: T[] = []
    for (; position < end; position++) {
      const index = first + position * splits
      const high = Math.floor(index / (UINT32_MAX + 1))
      values.push(generate(index, new SeededRandom(seed, index >>> 0, high)))
    }
    yield { values, position }
    // An unlimited generator never waits by itself, and others need their turn.
    if (batch % BATCHES_PER_TURN === 0) await context.clock.yield()
  }
}

/** How many records are due; nothing is made up for the time before the start or a restart. */
class Pace {
  readonly #ratePerMs: number
  readonly #context: SourceContext
  readonly #startMs: number
  #given = 0

  constructor(ratePerMs: number, context: SourceContext) {
    this.#ratePerMs = ratePerMs
    this.#context = context
    this.#startMs = context.clock.monotonic()
  }

  /** At least 1 and at most a batch; waits until they are due, or until the signal aborts. */
  async room(): Promise<number> {
    if (this.#ratePerMs === Infinity) return BATCH_RECORDS_MAX
    const { clock, signal } = this.#context
    const wanted = Math.max(1, Math.min(BATCH_RECORDS_MAX, this.#ratePerMs * PORTION_MS))
    for (;;) {
      const due = (clock.monotonic() - this.#startMs) * this.#ratePerMs - this.#given
      if (due >= wanted || signal.aborted) {
        const room = Math.max(1, Math.min(BATCH_RECORDS_MAX, Math.floor(due)))
        this.#given += room
        return room
      }
      await clock.sleep(Math.max(1, (wanted - due) / this.#ratePerMs), signal)
    }
  }
}
