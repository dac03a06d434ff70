/**
 * `source({...})`: how authors make a source from one function that reads a split from a position.
 * The definition is checked once, here; what it leaves out gets its default, and single records
 * become batches (`batching.ts`). Splits, positions and watermarks are kept by the engine.
 */
import { MillraceError } from '../errors.ts'
import { sourceBrand } from '../operators/source.ts'
import type { Source, SourceBatch, SourceContext, Split } from '../operators/source.ts'
import { dynamicType } from '../types/dynamic.ts'
import type { Type } from '../types/type.ts'
import { parseDurationMs } from '../util/duration.ts'
import type { Duration } from '../util/duration.ts'
import { batches } from './batching.ts'
import type { SourceItem } from './batching.ts'
import { checkFunction, checkOptions, invalidOption } from './options.ts'

/** What an author says about a source. */
export interface SourceDefinition<T, Position> {
  /** For logs and the plan. Default: `source`. */
  readonly name?: string
  /** Type of the records. Default: any plain value. */
  readonly type?: Type<T>
  /** Type of the positions, which are kept in checkpoints. Default: any plain value. */
  readonly position?: Type<Position>
  /** False if the same records cannot be read again from a position. Default: true. */
  readonly replayable?: boolean
  /** False if the source never ends. Default: true, unless `discoverEvery` is given. */
  readonly bounded?: boolean
  /** The parts that may be read in parallel, stable over restarts. Default: one. */
  readonly splits?: (
    context: SourceContext,
  ) => Promise<readonly (string | Split)[]> | readonly (string | Split)[]
  /** How often to look for new splits. Default: never again after the start. */
  readonly discoverEvery?: Duration
  /**
   * Reads a split from a position (`undefined`: the beginning), in the same order each time.
   * Yields batches `{ values, position }` or single records `{ value, position }`.
   */
  readonly read: (
    split: Split,
    from: Position | undefined,
    context: SourceContext,
  ) => AsyncIterable<SourceItem<T, Position>>
  /** Everything before these positions will not be read again. */
  readonly checkpointComplete?: (positions: ReadonlyMap<string, Position>) => Promise<void>
}

const OPTIONS: readonly (keyof SourceDefinition<unknown, unknown>)[] = [
  'name',
  'type',
  'position',
  'replayable',
  'bounded',
  'splits',
  'discoverEvery',
  'read',
  'checkpointComplete',
]

const SPLITS_MAX = 1_000_000
const DISCOVER_EVERY_MS_MIN = 10

/**
 * Makes a source.
 *
 * @throws `CONFIG_INVALID` and `CONFIG_UNKNOWN_OPTION` for a definition that cannot work.
 * @example
 * const numbers = source({
 *   type: t.float64,
 *   position: t.float64,
 *   async *read(_split, from = 0) {
 *     for (let n = from; n < 1000; n++) yield { value: n, position: n + 1 }
 *   },
 * })
 */
export function source<T, Position>(
  definition: SourceDefinition<T, Position>,
): Source<T, Position> {
  checkOptions('source()', definition, OPTIONS)
  const { name = 'source', replayable = true, discoverEvery } = definition
  const what = `source "${name}"`
  checkFunction(what, 'read', definition.read)
  if (definition.splits !== undefined) checkFunction(what, 'splits', definition.splits)
  const discoverEveryMs =
    discoverEvery === undefined
      ? undefined
      : parseDurationMs(discoverEvery, `${what}: discoverEvery`)
  if (discoverEveryMs !== undefined && discoverEveryMs < DISCOVER_EVERY_MS_MIN) {
    const wanted = `at least ${DISCOVER_EVERY_MS_MIN} ms`
    throw invalidOption(what, 'discoverEvery', discoverEvery, wanted)
  }
  return Object.freeze<Source<T, Position>>({
    [sourceBrand]: true,
    name,
    type: definition.type ?? dynamicType<T>(),
    position: definition.position ?? dynamicType<Position>(),
    replayable,
    bounded: definition.bounded ?? discoverEveryMs === undefined,
    discover: async (context) =>
      checkedSplits(what, (await definition.splits?.(context)) ?? ['all']),
    ...(discoverEveryMs === undefined ? {} : { discoverEveryMs }),
    read: (split, from, context) =>
      batches(started(what, definition, split, from, context), context),
    ...(definition.checkpointComplete === undefined
      ? {}
      : { checkpointComplete: (positions) => completed(definition, positions) }),
  })
}

async function completed<T, Position>(
  definition: SourceDefinition<T, Position>,
  positions: ReadonlyMap<string, Position>,
): Promise<void> {
  await definition.checkpointComplete?.(positions)
}

function started<T, Position>(
  what: string,
  definition: SourceDefinition<T, Position>,
  split: Split,
  from: Position | undefined,
  context: SourceContext,
): AsyncIterable<SourceBatch<T, Position> | SourceItem<T, Position>> {
  // Authors may write plain JavaScript, so what the types promise is looked at once.
  const items: unknown = definition.read(split, from, context)
  if (typeof items === 'object' && items !== null && Symbol.asyncIterator in items) {
    return items as AsyncIterable<SourceItem<T, Position>>
  }
  throw new MillraceError('CONNECTOR_FAILED', `${what}: read() gave no async iterable`, {
    cure: 'write it as an async generator: async *read(split, from) { yield … }',
    retryable: false,
  })
}

/** Splits as the engine wants them: objects, with ids that are there and differ. */
function checkedSplits(what: string, found: readonly (string | Split)[]): readonly Split[] {
  if (!Array.isArray(found)) throw invalidOption(what, 'splits()', found, 'an array of splits')
  if (found.length > SPLITS_MAX) {
    throw invalidOption(what, 'splits()', found.length, `at most ${SPLITS_MAX} splits`)
  }
  const splits = found.map((split): Split => (typeof split === 'string' ? { id: split } : split))
  const ids = new Set<string>()
  for (const { id } of splits) {
    if (typeof id !== 'string' || id === '' || ids.has(id)) {
      throw invalidOption(what, 'splits()', id, 'an id to each split that no other one has')
    }
    ids.add(id)
  }
  return splits
}
