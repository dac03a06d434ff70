/**
 * How rows lie in the cold store. Entries of collections lie there as in runs. A row's own record
 * tells besides what its collections hold, so that one read says all there is to know of a key:
 *
 *     key      as that of the row's entry in runs
 *     value    (size: varuint, of a deque with elements first and end: float64)* | entry's value
 *              or nothing
 *
 * one size for each declared collection. The store is thrown away with the attempt: this is no
 * format that anything else reads.
 */
import type { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Summary } from './collection-kinds.ts'
import type { RecordLayout } from './layout.ts'

export function writeSummary(out: ByteWriter, summary: readonly Summary[]): void {
  for (const { size, extent } of summary) {
    out.varuint(size)
    if (extent === undefined || size === 0) continue
    out.float64LE(extent.first)
    out.float64LE(extent.end)
  }
}

export function readSummary(input: ByteReader, { collections }: RecordLayout): readonly Summary[] {
  return collections.map(({ kind }) => {
    const size = input.varuint()
    if (kind !== 'deque' || size === 0) return { size }
    return { size, extent: { first: input.float64LE(), end: input.float64LE(), count: size } }
  })
}
