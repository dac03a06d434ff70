/**
 * The entries of a snapshot by key: what one key of one operator holds, as bytes, in the order of
 * key group and key. Reading, comparing and changing snapshots go over these, one at a time.
 */
import type { Entry } from '../state/backend.ts'
import type { EntryBatches } from '../state/runs/stream.ts'
import {
  SECTION_ROWS,
  SECTION_TIMERS,
  compareBytes,
  operatorOfKey,
  sectionOfKey,
} from '../state/runs/entry.ts'
import { rowPrefixLength } from '../state/runs/entry-key.ts'
import type { OperatorRecord } from '../state/snapshot.ts'

/** All entries of one key of one operator. */
export interface RawRow {
  /** Key group, operator, section and key: what all keys of its entries start with. */
  readonly prefix: Uint8Array
  readonly entries: readonly Entry[]
}

/** The rows of one operator out of the merged entries of a snapshot. */
export function rawRows(stream: EntryBatches, operatorId: number): AsyncGenerator<RawRow> {
  return gathered(stream, operatorId, false)
}

/**
 * The rows of one operator and, after those of each key group, its timers: each is the one entry
 * of a row that has the entry's key as its prefix. Marks of time-to-live are among them.
 */
export function rawRowsAndTimers(stream: EntryBatches, operatorId: number): AsyncGenerator<RawRow> {
  return gathered(stream, operatorId, true)
}

async function* gathered(
  stream: EntryBatches,
  operatorId: number,
  withTimers: boolean,
): AsyncGenerator<RawRow> {
  let prefix: Uint8Array = new Uint8Array(0)
  let entries: Entry[] = []
  for await (const batch of stream.batches()) {
    for (const entry of batch) {
      const { key } = entry
      if (operatorOfKey(key) !== operatorId) continue
      const section = sectionOfKey(key)
      if (section !== SECTION_ROWS && !(withTimers && section === SECTION_TIMERS)) continue
      const here = section === SECTION_ROWS ? key.subarray(0, rowPrefixLength(key)) : key
      if (entries.length > 0 && compareBytes(prefix, here) !== 0) {
        yield { prefix, entries }
        entries = []
      }
      prefix = here
      entries.push(entry)
    }
  }
  if (entries.length > 0) yield { prefix, entries }
}

/** Operators that a snapshot still has, without those that were dropped. */
export function liveOperators(operators: readonly OperatorRecord[]): readonly OperatorRecord[] {
  return operators.filter((operator) => operator.dropped !== true)
}
