/**
 * Under which types the entries of an operator were written, and how they are read as what the job
 * declares now. The header of each entry has a number; the operator's record says what had another
 * type up to which number. Entries of one state may be of many ages at once: each is converted when
 * it is read, and is of the newest age once it is written again.
 */
import { isMillraceError, MillraceError } from '../errors.ts'
import { type ReadValue, readerOf } from '../types/conversion.ts'
import { sameSchema } from '../types/describe.ts'
import { typeFromSchema } from '../types/schema.ts'
import type { Type, TypeSchema } from '../types/type.ts'
import type { FormerTypes, OperatorRecord } from './snapshot.ts'

/** A keyed state by id, a timer or a state without key by name. */
export type Evolving =
  | { readonly state: number; readonly name: string }
  | { readonly timer: string }
  | { readonly operatorState: string }

export interface SchemaHistoryOptions {
  /**
   * Types that are made of schemas have no functions: what needs one is read as it was written.
   */
  readonly isWithoutCode?: boolean
}

export class SchemaHistory {
  /** The number for entries that are written now. */
  readonly current: number
  readonly #uid: string
  readonly #former: readonly FormerTypes[]
  readonly #isWithoutCode: boolean
  /** By number of the entry, then state. */
  readonly #readers = new Map<number, Map<number | string, ReadValue>>()

  constructor(record: OperatorRecord, { isWithoutCode = false }: SchemaHistoryOptions = {}) {
    this.current = record.schemaId ?? 0
    this.#uid = record.uid
    this.#former = record.formerTypes ?? []
    this.#isWithoutCode = isWithoutCode
  }

  /** The type that values in entries of this number have, if it is not the one of now. */
  storedType(schemaId: number, what: Evolving): TypeSchema | undefined {
    for (const former of this.#former) {
      if (former.id < schemaId) continue
      const found = typeIn(former, what)
      if (found !== undefined) return found
    }
    return undefined
  }

  /**
   * Reads values of `type` from entries of this number. What the reader throws:
   * `STATE_MIGRATION_FAILED` if a function of the job fails, `STORAGE_CORRUPT` on damage.
   *
   * @throws `CHECKPOINT_INCOMPATIBLE` if there is no way.
   */
  reader(schemaId: number, what: Evolving, type: Type<unknown>): ReadValue {
    let readers = this.#readers.get(schemaId)
    if (readers === undefined) this.#readers.set(schemaId, (readers = new Map()))
    const key = keyOf(what)
    let read = readers.get(key)
    if (read === undefined) readers.set(key, (read = this.#reader(schemaId, what, type)))
    return read
  }

  #reader(schemaId: number, what: Evolving, type: Type<unknown>): ReadValue {
    const stored = this.storedType(schemaId, what)
    if (stored === undefined) return (input) => type.read(input)
    const read = readerOf(stored, type)
    if (read === undefined) {
      if (this.#isWithoutCode) {
        const former = typeFromSchema(stored)
        return (input) => former.read(input)
      }
      const message = `${describe(what)} of "${this.#uid}" was written under types of another age`
      throw new MillraceError('CHECKPOINT_INCOMPATIBLE', `${message}, and nothing converts them`)
    }
    return (input) => {
      try {
        return read(input)
      } catch (error) {
        if (isMillraceError(error) && error.code === 'STORAGE_CORRUPT') throw error
        const message = `${describe(what)} of "${this.#uid}" cannot be made what it is declared as`
        throw new MillraceError('STATE_MIGRATION_FAILED', `${message}: ${String(error)}`, {
          cause: error,
          details: { uid: this.#uid },
        })
      }
    }
  }
}

/** The operator as one that goes on with these types: those it has become former ones. */
export function beforeDeclared(
  record: OperatorRecord,
  states: Readonly<Record<string, Type<unknown>>> | undefined,
  timers: Readonly<Record<string, Type<unknown>>> = {},
): OperatorRecord {
  const { schemaId = 0, formerTypes = [] } = record
  const before = {
    states: record.states.flatMap(({ id, name, type, kind }) => {
      const now = ownType(states, name)
      return now === undefined || kind === 'set' || sameSchema(type, now.schema) ? [] : { id, type }
    }),
    timers: (record.timers ?? []).flatMap(({ name, payload: type }) => {
      const now = ownType(timers, name)
      return now === undefined || type === undefined || sameSchema(type, now.schema)
        ? []
        : { name, type }
    }),
  }
  if (before.states.length + before.timers.length === 0) return record
  const former: FormerTypes = { id: schemaId, ...before }
  return { ...record, schemaId: schemaId + 1, formerTypes: [...formerTypes, former] }
}

/** The type of that name, and not what every object has under it. */
export function ownType(
  types: Readonly<Record<string, Type<unknown>>> | undefined,
  name: string,
): Type<unknown> | undefined {
  return types !== undefined && Object.hasOwn(types, name) ? types[name] : undefined
}

function typeIn(former: FormerTypes, what: Evolving): TypeSchema | undefined {
  if ('state' in what) return former.states?.find(({ id }) => id === what.state)?.type
  const named = 'timer' in what ? former.timers : former.operatorStates
  const name = 'timer' in what ? what.timer : what.operatorState
  return named?.find((each) => each.name === name)?.type
}

function keyOf(what: Evolving): number | string {
  if ('state' in what) return what.state
  return 'timer' in what ? `timer ${what.timer}` : `state ${what.operatorState}`
}

function describe(what: Evolving): string {
  if ('state' in what) return `state "${what.name}"`
  return 'timer' in what ? `the payload of timer "${what.timer}"` : `state "${what.operatorState}"`
}
