/**
 * The states of one key as values, decoded by the schemas that the snapshot itself carries.
 */
import { MillraceError } from '../../errors.ts'
import { readKey } from '../../types/keys.ts'
import { setField } from '../../types/plain.ts'
import { typeFromSchema } from '../../types/schema.ts'
import type { Type } from '../../types/type.ts'
import { assert } from '../../util/assert.ts'
import { ByteReader } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { beforeDeclared, ownType, SchemaHistory } from '../schema-history.ts'
import { isDroppedState, type OperatorRecord, type StateRecord } from '../snapshot.ts'
import { SCALAR_ROW } from './entry.ts'
import { readRowKey } from './entry-key.ts'
import { EntryHeader, FieldReader, readChunkCount, STAMPS_FIELD } from './entry-value.ts'

/** All states of one key. */
export interface DecodedRow {
  readonly keyGroup: number
  readonly key: unknown
  /**
   * By state name: the value (of a reducing or aggregating state its accumulator), an array for a
   * list or deque, a `Map` for a map (of a sorted one in order), a `Set` for a set. A state that
   * the key has nothing in is absent.
   */
  readonly states: Readonly<Record<string, unknown>>
  /** When it was touched last, if time-to-live keeps account of that. */
  readonly stampMs: number | undefined
}

interface Decodable {
  readonly record: StateRecord
  readonly type: Type<unknown>
}

/** Types by the names of states, where the job's code is at hand. */
export type DeclaredTypes = Readonly<Record<string, Type<unknown>>>

export class StateDecoder {
  readonly #operator: OperatorRecord
  readonly #states = new Map<number, Decodable>()
  readonly #history: SchemaHistory
  readonly #header = new EntryHeader()
  readonly #input = new ByteReader(new Uint8Array(0))

  /**
   * Values are as the operator's types of now have them, or as `declared`, which may be newer. What
   * only a function of the job converts is as it was written where there is no code.
   */
  constructor(operator: OperatorRecord, declared?: DeclaredTypes) {
    this.#operator = operator
    const isWithoutCode = declared === undefined
    this.#history = new SchemaHistory(beforeDeclared(operator, declared), { isWithoutCode })
    for (const record of operator.states) {
      const type = ownType(declared, record.name) ?? typeFromSchema(record.type)
      this.#states.set(record.id, { record, type })
    }
  }

  /** Decodes the entries of one key, in key order, at least one. Throws `STORAGE_CORRUPT`. */
  decode(entries: readonly Entry[]): DecodedRow {
    const [first] = entries
    assert(first !== undefined, 'a row without entries')
    const { keyGroup, key } = readRowKey(first.key)
    const states: Record<string, unknown> = {}
    let stampMs = -1
    for (const entry of entries) {
      const { stateId, userKey } = readRowKey(entry.key)
      const input = this.#input.reset(entry.value)
      stampMs = Math.max(stampMs, this.#header.read(input).stampMs)
      if (stateId === SCALAR_ROW) this.#decodeScalars(input, states)
      else {
        const state = this.#state(stateId)
        if (state !== undefined) this.#decodeItem(state, userKey, input, states)
      }
    }
    return { keyGroup, key, states, stampMs: stampMs < 0 ? undefined : stampMs }
  }

  #decodeScalars(input: ByteReader, states: Record<string, unknown>): void {
    const fields = new FieldReader(input)
    while (fields.next()) {
      if (fields.stateId === STAMPS_FIELD) continue
      const state = this.#state(fields.stateId)
      if (state === undefined) continue
      const value = new ByteReader(input.bytes, fields.start, fields.end)
      setField(states, state.record.name, this.#read(state, value))
    }
  }

  #decodeItem(
    state: Decodable,
    userKey: Uint8Array,
    input: ByteReader,
    states: Record<string, unknown>,
  ): void {
    const { record } = state
    const held = Object.hasOwn(states, record.name) ? states[record.name] : undefined
    switch (record.kind) {
      case 'map':
      case 'sorted-map': {
        const map: Map<unknown, unknown> = held instanceof Map ? held : new Map()
        map.set(readKey(new ByteReader(userKey)), this.#read(state, input))
        if (map !== held) setField(states, record.name, map)
        return
      }
      case 'set': {
        const set: Set<unknown> = held instanceof Set ? held : new Set()
        set.add(readKey(new ByteReader(userKey)))
        if (set !== held) setField(states, record.name, set)
        return
      }
      case 'list':
      case 'deque': {
        // Chunks and positions are ordered in the key as they are in the list.
        const list: unknown[] = Array.isArray(held) ? held : []
        const count = record.kind === 'deque' ? 1 : readChunkCount(input)
        for (let index = 0; index < count; index++) list.push(this.#read(state, input))
        if (list !== held) setField(states, record.name, list)
        return
      }
      case 'value':
      case 'reducing':
      case 'aggregating':
      case 'counter':
        throw new MillraceError('STORAGE_CORRUPT', `state "${record.name}" lies outside its row`)
    }
  }

  /** By the types of the entry whose header was read last. */
  #read({ record, type }: Decodable, input: ByteReader): unknown {
    const what = { state: record.id, name: record.name }
    return this.#history.reader(this.#header.schemaId, what, type)(input)
  }

  /** Undefined for a state that was dropped. */
  #state(stateId: number): Decodable | undefined {
    const state = this.#states.get(stateId)
    if (state !== undefined || isDroppedState(this.#operator, stateId)) return state
    throw new MillraceError(
      'STORAGE_CORRUPT',
      `the snapshot holds state ${stateId} of "${this.#operator.uid}" and no schema of it`,
    )
  }
}
