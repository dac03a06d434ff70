/**
 * What a snapshot holds, counted in one pass: operators, their keys and timers, and how many keys,
 * entries and bytes each state has.
 */
import type { StateKind } from '../state/descriptors.ts'
import type { OperatorStateKind } from '../state/operator-state.ts'
import {
  SCALAR_ROW,
  SECTION_ROWS,
  SECTION_TIMERS,
  compareBytes,
  operatorOfKey,
  sectionOfKey,
} from '../state/runs/entry.ts'
import { readRowKey, readTimeKey, rowPrefixLength } from '../state/runs/entry-key.ts'
import { EntryHeader, FieldReader } from '../state/runs/entry-value.ts'
import type { Entry } from '../state/backend.ts'
import type { OperatorRecord } from '../state/snapshot.ts'
import { describeSchema } from '../types/describe.ts'
import { ByteReader } from '../util/bytes.ts'
import { liveOperators } from './raw-rows.ts'
import type { Snapshot } from './snapshot.ts'

export interface StateInventory {
  readonly name: string
  readonly kind: StateKind | OperatorStateKind
  /** In words. */
  readonly type: string
  /** Keys that have something in it; 0 for state without keys. */
  readonly keys: number
  /** Values, entries of maps, chunks of lists, elements of sets and deques. */
  readonly entries: number
  /** Before compression, keys included. */
  readonly bytes: number
}

export interface OperatorInventory {
  readonly uid: string
  /** Type of the key in words; empty without keyed state. */
  readonly keyType: string
  readonly keys: number
  readonly timers: number
  readonly states: readonly StateInventory[]
}

/** Records that were on their way between tasks when an unaligned checkpoint was taken. */
export interface InFlightInventory {
  /** How many tasks had some before them. */
  readonly tasks: number
  /** Uids, or else labels, of the operators and sinks that they were on their way to. */
  readonly operators: readonly string[]
  readonly bytes: number
}

interface Count {
  name: string
  kind: StateKind | OperatorStateKind
  type: string
  keys: number
  entries: number
  bytes: number
}

const EXPIRY_MARK = 0

/**
 * Reads all of a snapshot and counts; one entry at a time is in memory.
 *
 * @param onProgress is told now and then how many entries have been read.
 * @throws `STORAGE_CORRUPT` on damage.
 */
export async function inventory(
  snapshot: Snapshot,
  onProgress?: (entries: number) => void,
): Promise<readonly OperatorInventory[]> {
  const counters = new Map<number, OperatorCounter>()
  for (const record of liveOperators(snapshot.operators)) {
    counters.set(record.id, new OperatorCounter(record))
  }
  let read = 0
  for await (const batch of snapshot.all().batches()) {
    for (const entry of batch) counters.get(operatorOfKey(entry.key))?.count(entry)
    read += batch.length
    onProgress?.(read)
  }
  for await (const { operatorId, kind, name, value } of snapshot.reader.records()) {
    if (kind === 'operator-list' || kind === 'union-list' || kind === 'broadcast') {
      const node = snapshot.nodeOf(counters.get(operatorId)?.record.uid)
      const state = node?.operatorStates?.find((each) => each.name === name)
      const type = state === undefined ? '' : describeSchema(state.type)
      counters.get(operatorId)?.countRecord(name, kind, type, value.length)
    }
  }
  return [...counters.values()].map((counter) => counter.result())
}

/**
 * Counts the records in flight; undefined if there are none. Such a checkpoint cannot be changed,
 * joined or converted: these records would be lost.
 *
 * @throws `STORAGE_CORRUPT` on damage.
 */
export async function inFlightInventory(
  snapshot: Snapshot,
): Promise<InFlightInventory | undefined> {
  const { tasks, plan } = snapshot.link
  const held = tasks.map(({ inFlight }) => inFlight ?? []).filter((ids) => ids.length > 0)
  if (held.length === 0) return undefined
  const ids = new Set(held.flat())
  const operators = plan.nodes
    .filter((node) => ids.has(node.id))
    .map(({ uid, label }) => uid ?? label)
  let bytes = 0
  for await (const { value } of snapshot.reader.records('channel-data')) bytes += value.length
  return { tasks: held.length, operators, bytes }
}

class OperatorCounter {
  readonly record: OperatorRecord
  readonly #states = new Map<number, Count>()
  readonly #records = new Map<string, Count>()
  readonly #header = new EntryHeader()
  readonly #input = new ByteReader(new Uint8Array(0))
  #prefix: Uint8Array = new Uint8Array(0)
  /** The state of the entry before, if it was of the same key. */
  #stateId = SCALAR_ROW
  #keys = 0
  #timers = 0

  constructor(record: OperatorRecord) {
    this.record = record
    for (const { id, name, kind, type, keyType } of record.states) {
      const key = keyType === undefined ? '' : `${describeSchema(keyType)} → `
      const described = key + describeSchema(type)
      this.#states.set(id, { name, kind, type: described, keys: 0, entries: 0, bytes: 0 })
    }
  }

  count({ key, value }: Entry): void {
    const section = sectionOfKey(key)
    // Marks of time-to-live are timers, too; nobody set them.
    if (section === SECTION_TIMERS && readTimeKey(key).name[0] !== EXPIRY_MARK) this.#timers++
    if (section !== SECTION_ROWS) return
    const prefix = key.subarray(0, rowPrefixLength(key))
    if (compareBytes(prefix, this.#prefix) !== 0) {
      this.#prefix = prefix
      this.#stateId = SCALAR_ROW
      this.#keys++
    }
    const { stateId } = readRowKey(key)
    if (stateId === SCALAR_ROW) this.#countScalars(value)
    else {
      const state = this.#states.get(stateId)
      if (state === undefined) return
      if (stateId !== this.#stateId) state.keys++
      state.entries++
      state.bytes += key.length + value.length
    }
    this.#stateId = stateId
  }

  countRecord(name: string, kind: OperatorStateKind, type: string, valueBytes: number): void {
    const state = this.#records.get(name) ?? { name, kind, type, keys: 0, entries: 0, bytes: 0 }
    this.#records.set(name, state)
    state.entries++
    state.bytes += valueBytes
  }

  result(): OperatorInventory {
    const { uid, keyType } = this.record
    return {
      uid,
      keyType: keyType === undefined ? '' : describeSchema(keyType),
      keys: this.#keys,
      timers: this.#timers,
      states: [...this.#states.values(), ...this.#records.values()],
    }
  }

  #countScalars(value: Uint8Array): void {
    const input = this.#input.reset(value)
    this.#header.read(input)
    const fields = new FieldReader(input)
    while (fields.next()) {
      const state = this.#states.get(fields.stateId)
      if (state === undefined) continue // stamps, or of a state that was dropped
      state.keys++
      state.entries++
      state.bytes += fields.end - fields.start
    }
  }
}
