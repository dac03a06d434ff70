/**
 * What states hold as plain values, typed by the declarations of the job's own functions, and
 * whether those declarations are the ones that the snapshot was written by.
 */
import { MillraceError } from '../errors.ts'
import type { StateDescriptor, StateSchema } from '../state/descriptors.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../state/operator-descriptors.ts'
import type { OperatorRecord, StateRecord } from '../state/snapshot.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import { compareKeys, compareSchemas } from '../types/evolution.ts'
import type { Type, TypeSchema } from '../types/type.ts'

/** What of a function says how its state is to be read: `keyedProcess` makes such functions. */
export interface StateOwner<
  K,
  S extends StateSchema,
  T extends TimerSchema = {},
  P extends OperatorStateSchema = {},
  B extends BroadcastStateSchema = {},
> {
  readonly key?: Type<K> | undefined
  readonly state?: S | undefined
  readonly timers?: T | undefined
  readonly operatorState?: P | undefined
  /** The maps of the broadcast stream that it is connected with. */
  readonly broadcast?: B | undefined
}

/** What is read of a state: lists and deques as arrays, maps as `Map`, sets as `Set`. */
export type ValueOfState<D> =
  D extends StateDescriptor<infer _H, infer View>
    ? View extends { entries(): Iterable<readonly [infer K, infer V]>; get(key: never): unknown }
      ? ReadonlyMap<K, V>
      : View extends { at(index: number): infer E }
        ? readonly Exclude<E, undefined>[]
        : View extends { get(): readonly (infer E)[]; readonly length: number }
          ? readonly E[]
          : View extends { has(value: infer E): boolean }
            ? ReadonlySet<E>
            : View extends { value(): infer V }
              ? Exclude<V, undefined>
              : View extends { get(): infer V }
                ? Exclude<V, undefined>
                : unknown
    : unknown

/** The states of one key by name; a state that the key has nothing in is absent. */
export type StateValues<S> = { readonly [N in keyof S]?: ValueOfState<S[N]> }

/**
 * Throws `CHECKPOINT_INCOMPATIBLE` if a declaration cannot read what the snapshot holds of the
 * state of that name. States that only one of the two knows are no difference.
 */
export function requireOwner(
  record: OperatorRecord,
  owner: StateOwner<unknown, StateSchema, TimerSchema>,
): void {
  const { uid } = record
  requireType(`the key of "${uid}"`, record.keyType, owner.key?.schema, compareKeys)
  for (const state of record.states) {
    const declared = owner.state?.[state.name]
    if (declared !== undefined) requireState(uid, state, declared)
  }
  for (const timer of record.timers ?? []) {
    const payload = owner.timers?.[timer.name]?.payload?.schema
    requireType(`what timer "${timer.name}" of "${uid}" carries`, timer.payload, payload)
  }
}

function requireState(uid: string, stored: StateRecord, declared: StateDescriptor): void {
  const what = `state "${stored.name}" of "${uid}"`
  if (stored.kind !== declared.kind) {
    throw differs(what, `it is of kind ${stored.kind}, not ${declared.kind}`)
  }
  const compare = stored.kind === 'set' ? compareKeys : compareSchemas
  requireType(what, stored.type, declared.type.schema, compare)
  requireType(`the map keys of ${what}`, stored.keyType, declared.keyType?.schema, compareKeys)
}

function requireType(
  what: string,
  stored: TypeSchema | undefined,
  declared: TypeSchema | undefined,
  compare = compareSchemas,
): void {
  if (stored === undefined || declared === undefined) return
  const comparison = compare(stored, declared)
  if (comparison.verdict === 'incompatible') throw differs(what, comparison.why)
}

function differs(what: string, why: string): MillraceError {
  return new MillraceError('CHECKPOINT_INCOMPATIBLE', `${what} is not as declared: ${why}`, {
    cure: 'declare it as it was when the snapshot was taken, or read it without the function',
  })
}
