/**
 * A source over an array: one split, whose positions are indexes. The values are checked and
 * isolated when the source is made, so what the program does to its array later changes nothing,
 * and a replay gives the same records.
 */
import { isMillraceError, MillraceError } from '../errors.ts'
import { sourceBrand } from '../operators/source.ts'
import type { Source, SourceBatch, SourceContext, Split } from '../operators/source.ts'
import { dynamicType } from '../types/dynamic.ts'
import { t } from '../types/t.ts'
import type { Type } from '../types/type.ts'
import { ByteWriter } from '../util/bytes.ts'
import { checkOptions, invalidOption } from './options.ts'

const BATCH_RECORDS_MAX = 1_000
const CHECKED_BYTES_KEPT = 65_536

/**
 * Reads `values` once, in order.
 *
 * @throws `TYPE_MISMATCH` naming the index of a value that does not fit the type.
 * @example
 * env.fromSource('numbers', collection([1, 2, 3]))
 */
export function collection<T>(
  values: Iterable<T>,
  options: { readonly type?: Type<T>; readonly name?: string } = {},
): Source<T, number> {
  checkOptions('collection()', options, ['type', 'name'])
  const { type = dynamicType<T>(), name = 'collection' } = options
  if (typeof values !== 'object' || values === null || !(Symbol.iterator in values)) {
    throw invalidOption('collection()', 'values', values, 'an array or another iterable')
  }
  const isolated = isolatedValues(values, type)
  return Object.freeze<Source<T, number>>({
    [sourceBrand]: true,
    name,
    type,
    position: t.float64,
    replayable: true,
    bounded: true,
    discover: () => Promise.resolve([{ id: 'all' }]),
    read: (_split: Split, from: number | undefined, context: SourceContext) =>
      readFrom(isolated, from ?? 0, type, context),
  })
}

function isolatedValues<T>(values: Iterable<T>, type: Type<T>): readonly T[] {
  const isolated: T[] = []
  let scratch = new ByteWriter()
  for (const value of values) {
    try {
      scratch.reset()
      type.write(value, scratch)
      isolated.push(type.isolate(value))
    } catch (error) {
      if (!isMillraceError(error)) throw error
      const { code, message, cure, details } = error
      const where = `element ${isolated.length} of the collection: ${message}`
      throw new MillraceError(code, where, { cure, details, cause: error })
    }
    if (scratch.bytes.length > CHECKED_BYTES_KEPT) scratch = new ByteWriter()
  }
  return isolated
}

async function* readFrom<T>(
  values: readonly T[],
  from: number,
  type: Type<T>,
  context: SourceContext,
): AsyncGenerator<SourceBatch<T, number>, void, undefined> {
  for (let start = from; start < values.length && !context.signal.aborted;) {
    const end = Math.min(start + BATCH_RECORDS_MAX, values.length)
    const batch = values.slice(start, end)
    yield {
      values: type.copyOnRead ? batch.map((value) => type.isolate(value)) : batch,
      position: end,
    }
    start = end
  }
}
