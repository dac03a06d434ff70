/**
 * How rows lie in the cold store. Entries of collections lie there as in runs. A row's own record
 * tells besides what its collections hold, so that one read says all there is to know of a key:
 *
 *     key      as that of the row's entry in runs
 *     value    (chunks of a list, or 1 for a map with entries: varuint)* | entry's value or nothing
 *
 * one varuint for each declared collection. The store is thrown away with the attempt: this is no
 * format that anything else reads.
 */
import { Buffer } from 'node:buffer'
import { assert } from '../../util/assert.ts'
import type { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Collection } from './collection.ts'
import type { RecordLayout } from './layout.ts'
import { ListCollection } from './list-collection.ts'
import { MapCollection } from './map-collection.ts'
import type { RowCollections } from './row-collections.ts'

/** What a row's collections hold below: by ordinal, chunks of a list, 1 for a map. */
export type Summary = readonly number[]

export function writeSummary(out: ByteWriter, summary: Summary): void {
  for (const size of summary) out.varuint(size)
}

export function readSummary(input: ByteReader, { collections }: RecordLayout): Summary {
  return collections.map(() => input.varuint())
}

export function summaryOf({ collections }: RecordLayout, row: RowCollections | undefined): Summary {
  return collections.map((state) => sizeOf(row?.get(state)))
}

function sizeOf(collection: Collection | undefined): number {
  if (collection instanceof ListCollection) return collection.chunkCount
  return collection instanceof MapCollection && !collection.isKnownEmpty ? 1 : 0
}

/** The first key behind all that start with `prefix`. */
export function endOfPrefix(prefix: Uint8Array): Buffer {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length--
  assert(length > 0, 'a prefix of only 0xff has no end')
  const end = Buffer.from(prefix.subarray(0, length))
  end[length - 1] = (end[length - 1] as number) + 1 // below 0xff
  return end
}
