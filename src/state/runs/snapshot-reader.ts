/**
 * Reads snapshots without the job's code: which operators and states there are, every key and its
 * states decoded by the schemas in the files, timers, and non-keyed records.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import { routeHash, writeKey } from '../../types/keys.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { keyGroupOf, type KeyGroupRange } from '../key-groups.ts'
import type { OperatorRecord, OperatorStateEntry, RecordKind, RunReference } from '../snapshot.ts'
import {
  beginRowKey,
  compareBytes,
  operatorOfKey,
  RECORDS_KEY_GROUP,
  SECTION_ROWS,
  SECTION_TIMERS,
  sectionOfKey,
  startsWith,
} from './entry.ts'
import { readRecordKey, rowPrefixLength } from './entry-key.ts'
import { EntryHeader } from './entry-value.ts'
import { RunReader } from './run-reader.ts'
import { restoreStream, RunSet } from './run-set.ts'
import { StateDecoder, type DecodedRow, type DeclaredTypes } from './state-decoder.ts'
import type { EntryBatches } from './stream.ts'
import { TimerDecoder, type TimerEntry } from './timer-decoder.ts'

export type { DecodedRow } from './state-decoder.ts'
export type { TimerEntry } from './timer-decoder.ts'

/** A non-keyed record together with the subtask that wrote it. */
export interface SubtaskRecord extends OperatorStateEntry {
  readonly subtaskIndex: number
}

const ALL_KEY_GROUPS = { start: 0, end: RECORDS_KEY_GROUP - 1 }

export class SnapshotReader {
  readonly #store: BlobStore
  readonly #runs: readonly RunReference[]
  readonly #records: readonly RunReference[]
  readonly #set: RunSet
  readonly #operators = new Map<string, OperatorRecord>()
  #erasedEntries = 0

  private constructor(
    store: BlobStore,
    runs: readonly RunReference[],
    records: readonly RunReference[],
    set: RunSet,
    operators: readonly OperatorRecord[] | undefined,
  ) {
    this.#store = store
    this.#runs = runs
    this.#records = records
    this.#set = set
    // Newer runs come later: their schemas replace older ones.
    for (const { metadata } of set.readers) {
      for (const operator of metadata.operators) this.#operators.set(operator.uid, operator)
    }
    if (operators === undefined) return
    this.#operators.clear()
    for (const operator of operators) {
      const isKeyed = operator.keyType !== undefined || operator.states.length > 0
      if (isKeyed && operator.dropped !== true) this.#operators.set(operator.uid, operator)
    }
  }

  /**
   * Opens a snapshot: `runs` are the runs of all its tasks, those of each task oldest first;
   * `records` the runs whose records count; `operators` those of the manifest, if there is one:
   * uids and states may have been renamed since a run was written.
   *
   * @throws `STORAGE_CORRUPT`, `STORAGE_NOT_FOUND`.
   *
   * @example
   * const tasks = manifest.tasks
   * const reader = await SnapshotReader.open(
   *   store,
   *   tasks.flatMap((task) => task.runs),
   *   tasks.flatMap((task) => task.records ?? []),
   * )
   * for await (const row of reader.rows('count')) console.log(row.key, row.states)
   */
  static async open(
    store: BlobStore,
    runs: readonly RunReference[],
    records: readonly RunReference[] = [],
    operators?: readonly OperatorRecord[],
  ): Promise<SnapshotReader> {
    return new SnapshotReader(store, runs, records, await RunSet.open(store, runs), operators)
  }

  /** Operators that own keyed state, with their schemas. */
  get operators(): readonly OperatorRecord[] {
    return [...this.#operators.values()]
  }

  /** All keys of an operator with their states, ordered by key group and key bytes. */
  async *rows(uid: string): AsyncGenerator<DecodedRow> {
    const operator = this.#operator(uid)
    const decoder = new StateDecoder(operator)
    let row: Entry[] = []
    let prefix = new Uint8Array(0)
    for await (const entry of this.#section(operator, SECTION_ROWS)) {
      const rowBytes = rowPrefixLength(entry.key)
      const here = entry.key.subarray(0, rowBytes)
      if (row.length > 0 && compareBytes(prefix, here) !== 0) {
        yield decoder.decode(row)
        row = []
      }
      prefix = new Uint8Array(here)
      row.push(entry)
    }
    if (row.length > 0) yield decoder.decode(row)
  }

  /** The states of one key of an operator, or undefined if it has none; `decoder` is its own. */
  async get(uid: string, key: unknown, decoder?: StateDecoder): Promise<DecodedRow | undefined> {
    const operator = this.#operator(uid)
    const maxParallelism = this.#set.readers[0]?.metadata.maxParallelism
    if (maxParallelism === undefined) return undefined
    const prefix = new ByteWriter()
    const keyGroup = keyGroupOf(routeHash(key), maxParallelism)
    beginRowKey(prefix, keyGroup, operator.id)
    writeKey(key, prefix)
    const row: Entry[] = []
    // Whose a key is only the job's code says: all of the key group are opened.
    const found =
      operator.shredded === true
        ? this.#beginning(prefix.view(), { start: keyGroup, end: keyGroup })
        : this.#set.prefix(prefix.view())
    for await (const entry of found) row.push(entry)
    return row.length === 0 ? undefined : (decoder ?? new StateDecoder(operator)).decode(row)
  }

  /**
   * The timers that an operator's function set, ordered by key group, domain and time. Payloads are
   * as `declared` has them, by name, or as the snapshot does.
   */
  async *timers(uid: string, declared?: DeclaredTypes): AsyncGenerator<TimerEntry> {
    const operator = this.#operator(uid)
    const decoder = new TimerDecoder(operator, declared)
    for await (const entry of this.#section(operator, SECTION_TIMERS)) {
      const timer = decoder.decode(entry)
      if (timer !== undefined) yield timer
    }
  }

  /** The non-keyed records, of one kind or all. */
  async *records(kind?: RecordKind): AsyncGenerator<SubtaskRecord> {
    for (const reference of this.#records) {
      for (const record of await readRecords(this.#store, reference)) {
        if (kind === undefined || record.kind === kind) yield record
      }
    }
  }

  /** Reads and verifies all files. Throws `STORAGE_CORRUPT` at the first damage. */
  async verify(): Promise<void> {
    for (const reader of this.#set.readers) await reader.verify()
    const names = new Set(this.#runs.map((run) => run.name))
    for (const reference of this.#records) {
      if (names.has(reference.name)) continue
      await (await RunReader.open(this.#store, reference)).verify()
    }
  }

  async *#beginning(prefix: Uint8Array, keyGroups: KeyGroupRange): AsyncGenerator<Entry> {
    for await (const entry of this.#all(keyGroups)) {
      if (startsWith(entry.key, prefix)) yield entry
    }
  }

  /** Entries that were passed over because their subjects were erased, in all readings so far. */
  get erasedEntries(): number {
    return this.#erasedEntries
  }

  #all(keyGroups: KeyGroupRange = ALL_KEY_GROUPS): EntryBatches {
    const onErased = (): void => void this.#erasedEntries++
    return restoreStream(this.#store, this.#runs, keyGroups, { onErased })
  }

  async *#section(operator: OperatorRecord, section: number): AsyncGenerator<Entry> {
    for await (const entry of this.#all()) {
      const { key } = entry
      if (operatorOfKey(key) === operator.id && sectionOfKey(key) === section) yield entry
    }
  }

  #operator(uid: string): OperatorRecord {
    const operator = this.#operators.get(uid)
    if (operator !== undefined) return operator
    const known = [...this.#operators.keys()].join(', ')
    throw new MillraceError('STATE_UNKNOWN', `the snapshot has no operator "${uid}"`, {
      cure: known === '' ? 'it holds no keyed state' : `its operators are: ${known}`,
      details: { uid },
    })
  }
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
        ...(header.schemaId === 0 ? {} : { schemaId: header.schemaId }),
      })
    }
  }
  return records
}
