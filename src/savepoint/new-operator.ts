/**
 * An operator that is made of what users give: what record and plan say of it, and its state that
 * belongs to no key, as records. Its keyed entries are made in `new-entries.ts`.
 */
import { MillraceError } from '../errors.ts'
import type { PlanNode } from '../graph/plan.ts'
import type { Type } from '../types/type.ts'
import { OperatorStateStore } from '../state/operator-state.ts'
import type { OperatorRecord, OperatorStateEntry, StateRecord } from '../state/snapshot.ts'
import type { NewOperator } from './changes.ts'

/** Throws `CONFIG_INVALID` without a type of the key, `STATE_UNKNOWN` for undeclared contents. */
export function requireDeclared(uid: string, { owner, operatorState }: NewOperator): void {
  const lists = Object.keys(owner.operatorState ?? {})
  const maps = Object.keys(owner.broadcast ?? {})
  const isKeyless =
    lists.length + maps.length > 0 &&
    Object.keys(owner.state ?? {}).length + Object.keys(owner.timers ?? {}).length === 0
  if (owner.key === undefined && !isKeyless) throw keyless(uid)
  const known = [...lists, ...maps]
  for (const name of Object.keys(operatorState)) {
    if (known.includes(name)) continue
    const message = `"${uid}" declares no operator state and no broadcast state "${name}"`
    throw new MillraceError('STATE_UNKNOWN', message, {
      cure: known.length === 0 ? 'it declares none' : `it declares: ${known.join(', ')}`,
    })
  }
}

export function keyless(uid: string): MillraceError {
  return new MillraceError('CONFIG_INVALID', `the type of the key of "${uid}" is not known`, {
    cure: 'give the function its key: keyedProcess({ key: t.string, … })',
  })
}

export function declarationOf(
  id: number,
  uid: string,
  { owner, operation }: NewOperator,
): { readonly record: OperatorRecord; readonly plan: Omit<PlanNode, 'id'> } {
  const states = Object.entries(owner.state ?? {}).map(
    ([name, descriptor], index): StateRecord => ({ id: index + 1, ...declared(name, descriptor) }),
  )
  const timers = Object.entries(owner.timers ?? {}).map(([name, { domain, payload }]) => {
    return { name, domain, ...(payload === undefined ? {} : { payload: payload.schema }) }
  })
  const operatorStates = [
    ...Object.entries(owner.operatorState ?? {}).map(([name, { kind, type }]) => {
      return declared(name, { kind, type })
    }),
    ...Object.entries(owner.broadcast ?? {}).map(([name, { type, keyType }]) => {
      return declared(name, { kind: 'broadcast' as const, type, keyType })
    }),
  ]
  const shared = {
    uid,
    ...(owner.key === undefined ? {} : { keyType: owner.key.schema }),
    ...(timers.length === 0 ? {} : { timers }),
  }
  return {
    record: { id, states, ...shared },
    plan: {
      kind: 'operator',
      operation,
      label: uid,
      states: states.map(({ id: _id, ...state }) => state),
      ...(operatorStates.length === 0 ? {} : { operatorStates }),
      usesTimers: timers.length > 0,
      inputs: [],
      ...shared,
    },
  }
}

function declared<Kind>(
  name: string,
  state: {
    readonly kind: Kind
    readonly type: Type<unknown>
    readonly keyType?: Type<unknown> | undefined
  },
) {
  const { kind, type, keyType } = state
  const ofKeys = keyType === undefined ? {} : { keyType: keyType.schema }
  return { name, kind, type: type.schema, ...ofKeys }
}

/** Its lists and broadcast maps, as one subtask holds them. Throws `TYPE_MISMATCH`. */
export async function newRecords(
  { id, uid }: OperatorRecord,
  { owner, operatorState }: NewOperator,
): Promise<readonly OperatorStateEntry[]> {
  const store = new OperatorStateStore(id)
  for (const [name, contents] of Object.entries(operatorState)) {
    const list = owner.operatorState?.[name]
    const map = owner.broadcast?.[name]
    try {
      if (list !== undefined) {
        const isUnion = list.kind === 'union-list'
        const state = isUnion ? store.unionList(name, list.type) : store.list(name, list.type)
        for await (const element of contents) state.add(element)
      } else if (map?.keyType !== undefined) {
        const state = store.broadcast(name, map.keyType, map.type)
        for await (const entry of contents) {
          // The types of key and value check what is in it.
          const [key, value] = entry as readonly [unknown, unknown]
          state.set(key, value)
        }
      }
    } catch (cause) {
      const message = `operator state "${name}" of "${uid}" does not fit: ${String(cause)}`
      throw new MillraceError('TYPE_MISMATCH', message, { cause })
    }
  }
  return store.snapshot()
}
