/**
 * One operator in a snapshot: its keys with their states, its timers, and its state without keys,
 * each as a stream in the order of the files. Made by `Snapshot.state`.
 */
import { MillraceError } from '../errors.ts'
import type { PlanNode } from '../graph/plan.ts'
import type { StateSchema } from '../state/descriptors.ts'
import type { OperatorStateKind } from '../state/operator-state.ts'
import type { SnapshotReader } from '../state/runs/snapshot-reader.ts'
import { StateDecoder, type DecodedRow, type DeclaredTypes } from '../state/runs/state-decoder.ts'
import { timerNameOf } from '../state/runs/timer-payload.ts'
import type { EntryBatches } from '../state/runs/stream.ts'
import { SchemaHistory } from '../state/schema-history.ts'
import type { OperatorRecord } from '../state/snapshot.ts'
import type { PayloadOf, TimerSchema } from '../time/descriptors.ts'
import type { TimerDomain } from '../time/timers.ts'
import { readKey } from '../types/keys.ts'
import { typeFromSchema } from '../types/schema.ts'
import { ByteReader } from '../util/bytes.ts'
import { rawRows } from './raw-rows.ts'
import type { StateOwner, StateValues } from './state-values.ts'
import { windowsOf, type SnapshotWindow } from './windows.ts'

/** One key with its states. */
export interface StateRow<K = unknown, S = Readonly<Record<string, unknown>>> {
  readonly key: K
  readonly keyGroup: number
  readonly states: S
  /** When it was touched last, if time-to-live keeps account of that. */
  readonly stampMs: number | undefined
}

/** A timer that is set. */
export interface SnapshotTimer<K = unknown, P = unknown> {
  readonly key: K
  readonly domain: TimerDomain
  readonly timeMs: number
  /** Empty for timers without a name. */
  readonly name: string
  /** What it carries, if anything. */
  readonly payload: P | undefined
}

/** A state without key: an element of a list, or an entry of a broadcast map. */
export interface NonKeyedEntry {
  readonly name: string
  readonly kind: OperatorStateKind
  /** The subtask that held it. */
  readonly subtaskIndex: number
  /** Of entries of broadcast maps. */
  readonly key?: unknown
  readonly value: unknown
}

/** What reading an operator needs of the snapshot. */
export interface OperatorSource {
  readonly reader: SnapshotReader
  readonly record: OperatorRecord
  readonly node: PlanNode | undefined
  all(): EntryBatches
}

export class OperatorSnapshot<K = unknown, S extends StateSchema = {}, T extends TimerSchema = {}> {
  readonly #source: OperatorSource
  readonly #owner: StateOwner<K, S, T> | undefined
  /** Of the owner, by name of the state. */
  readonly #types: DeclaredTypes | undefined

  /** @internal */
  constructor(source: OperatorSource, owner: StateOwner<K, S, T> | undefined) {
    this.#source = source
    this.#owner = owner
    this.#types = owner?.state === undefined ? undefined : typesOf(owner.state)
  }

  get uid(): string {
    return this.#source.record.uid
  }

  /** Its keyed states with their kinds and schemas. */
  get schema(): OperatorRecord {
    return this.#source.record
  }

  /**
   * All keys with their states, ordered by key group and key bytes; one key at a time is in memory.
   *
   * @throws `STORAGE_CORRUPT` on damage.
   * @example
   * for await (const { key, states } of snapshot.state(totals, 'totals').rows()) …
   */
  async *rows(): AsyncGenerator<StateRow<K, StateValues<S>>> {
    const { record } = this.#source
    const decoder = new StateDecoder(record, this.#types)
    for await (const { entries } of rawRows(this.#source.all(), record.id)) {
      yield this.#typed(decoder.decode(entries))
    }
  }

  /** The states of one key; undefined if it has none. Reads only the blocks that may hold it. */
  async get(key: K): Promise<StateRow<K, StateValues<S>> | undefined> {
    const row = await this.#source.reader.get(
      this.uid,
      key,
      new StateDecoder(this.#source.record, this.#types),
    )
    return row === undefined ? undefined : this.#typed(row)
  }

  /**
   * What the windows of each key hold, for operators of windows and window joins. Accumulators are
   * as they are kept.
   */
  async *windows(): AsyncGenerator<SnapshotWindow<K>> {
    const { record } = this.#source
    const decoder = new StateDecoder(record)
    for await (const { entries } of rawRows(this.#source.all(), record.id)) {
      const { key, states } = decoder.decode(entries)
      // The owner's types were compared with those of the snapshot when it was named.
      yield* windowsOf(key as K, states, record.states)
    }
  }

  /** The timers that are set, ordered by key group, domain and time. */
  async *timers(): AsyncGenerator<SnapshotTimer<K, PayloadOf<T[keyof T]>>> {
    // Sources, sinks and functions without keys have none.
    if (this.#source.record.keyType === undefined) return
    const payloads = payloadsOf(this.#owner?.timers)
    for await (const timer of this.#source.reader.timers(this.uid, payloads)) {
      const { key, domain, timeMs, name, payload } = timer
      yield {
        // The owner's types were compared with those of the snapshot when it was named.
        key: key as K,
        domain: domain === 0 ? 'event-time' : 'processing-time',
        timeMs,
        name: timerNameOf(name),
        payload: payload as PayloadOf<T[keyof T]> | undefined, // as above
      }
    }
  }

  /**
   * State without keys: the elements of operator lists and the entries of broadcast maps.
   *
   * @throws `STORAGE_CORRUPT` on damage, and if the snapshot has no schema of a state.
   */
  async *nonKeyed(): AsyncGenerator<NonKeyedEntry> {
    const { reader, record, node } = this.#source
    const types = new Map(
      (node?.operatorStates ?? []).map(({ name, type }) => [name, typeFromSchema(type)]),
    )
    const history = new SchemaHistory(record, { isWithoutCode: true })
    for await (const read of reader.records()) {
      const { operatorId, kind, name, subtaskIndex, value, schemaId = 0 } = read
      if (operatorId !== record.id) continue
      if (kind !== 'operator-list' && kind !== 'union-list' && kind !== 'broadcast') continue
      const type = types.get(name)
      if (type === undefined) {
        // What operators of the engine keep for themselves has no schema.
        yield { name, kind, subtaskIndex, value }
        continue
      }
      const input = new ByteReader(value)
      const readValue = history.reader(schemaId, { operatorState: name }, type)
      if (kind !== 'broadcast') {
        yield { name, kind, subtaskIndex, value: readValue(input) }
        continue
      }
      for (let left = input.varuint(); left > 0; left--) {
        yield { name, kind, subtaskIndex, key: readKey(input), value: readValue(input) }
      }
    }
  }

  #typed({ key, keyGroup, states, stampMs }: DecodedRow): StateRow<K, StateValues<S>> {
    const declared = this.#owner?.state
    const values = declared === undefined ? states : declaredOnly(states, declared)
    // The owner's types were compared with those of the snapshot when it was named.
    return { key: key as K, keyGroup, states: values as StateValues<S>, stampMs }
  }
}

/** Only the states that the function declares; accumulators as the function would read them. */
function declaredOnly(
  states: Readonly<Record<string, unknown>>,
  declared: StateSchema,
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {}
  for (const [name, { aggregate }] of Object.entries(declared)) {
    if (!Object.hasOwn(states, name)) continue
    const value = states[name]
    values[name] = aggregate === undefined ? value : aggregate.getResult(value)
  }
  return values
}

/** The types of states by name. */
export function typesOf(states: StateSchema): DeclaredTypes {
  return Object.fromEntries(Object.entries(states).map(([name, { type }]) => [name, type]))
}

/** The types of what declared timers carry, by name. */
export function payloadsOf(timers: TimerSchema | undefined): DeclaredTypes | undefined {
  if (timers === undefined) return undefined
  const named = Object.entries(timers).flatMap(([name, { payload }]) =>
    payload === undefined ? [] : [[name, payload] as const],
  )
  return Object.fromEntries(named)
}

/** Finds the record of a uid among those of a snapshot. Throws `STATE_UNKNOWN`. */
export function recordOf(operators: readonly OperatorRecord[], uid: string): OperatorRecord {
  const found = operators.find((operator) => operator.uid === uid)
  if (found !== undefined) return found
  const known = operators.map((operator) => operator.uid).join(', ')
  throw new MillraceError('STATE_UNKNOWN', `the snapshot has no operator "${uid}"`, {
    cure: known === '' ? 'it holds no operators' : `its operators are: ${known}`,
    details: { uid },
  })
}
