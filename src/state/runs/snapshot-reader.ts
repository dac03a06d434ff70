/**
 * Reads snapshots without the job's code: records by subtask, operators with their schemas, and
 * keyed state entry by entry. What decodes values by their schema is `snapshot-view.ts`.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import { ByteReader } from '../../util/bytes.ts'
import type { OperatorStateEntry, RunReference } from '../snapshot.ts'
import { RECORDS_KEY_GROUP } from './entry.ts'
import { readRecordKey } from './entry-key.ts'
import { EntryHeader } from './entry-value.ts'
import { RunReader } from './run-reader.ts'

/** A non-keyed record together with the subtask that wrote it. */
export interface SubtaskRecord extends OperatorStateEntry {
  readonly subtaskIndex: number
}

/**
 * The non-keyed records of a run, ordered by operator, kind and name; those of one name as they
 * were given to the writer. Throws `STORAGE_CORRUPT`, `STORAGE_NOT_FOUND`.
 */
export async function readRecords(
  store: BlobStore,
  reference: RunReference,
): Promise<readonly SubtaskRecord[]> {
  const reader = await RunReader.open(store, reference)
  const records: SubtaskRecord[] = []
  const input = new ByteReader(new Uint8Array(0))
  const header = new EntryHeader()
  const all = reader.scan({ start: RECORDS_KEY_GROUP, end: RECORDS_KEY_GROUP })
  for await (const batch of all.batches()) {
    for (const { key, value } of batch) {
      const { operatorId, kind, subtaskIndex, name } = readRecordKey(key)
      header.read(input.reset(value))
      if (header.flags !== 0) {
        throw new MillraceError('STORAGE_CORRUPT', `a record of ${reference.name} is a tombstone`)
      }
      records.push({
        operatorId,
        kind,
        subtaskIndex,
        name: Buffer.from(name).toString('utf8'),
        value: new Uint8Array(input.raw(input.remaining)),
      })
    }
  }
  return records
}
