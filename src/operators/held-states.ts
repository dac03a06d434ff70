/**
 * The non-keyed states of a function in one subtask: what it declares, restored before its `open`
 * and part of every checkpoint.
 */
import type { MapState } from '../state/handles.ts'
import type {
  BroadcastStateSchema,
  OperatorStateOf,
  OperatorStateSchema,
} from '../state/operator-descriptors.ts'
import { OperatorStateStore } from '../state/operator-state.ts'
import type { OperatorStateEntry } from '../state/snapshot.ts'
import { required } from '../util/assert.ts'
import type { CallGuard, OperatorContext } from './operator.ts'

export type BroadcastMaps = Readonly<Record<string, MapState<unknown, unknown>>>

export class HeldStates {
  /** Empty until `open`. */
  lists: OperatorStateOf<OperatorStateSchema> = {}
  maps: BroadcastMaps = {}
  readonly #listSchema: OperatorStateSchema
  readonly #mapSchema: BroadcastStateSchema
  /** Takes back what a call that fails has written. */
  readonly #guard: CallGuard | undefined
  /** Undefined if nothing is declared. */
  readonly #store: OperatorStateStore | undefined

  constructor(
    { operatorId, uid, guard }: OperatorContext,
    lists: OperatorStateSchema,
    maps: BroadcastStateSchema,
  ) {
    this.#listSchema = lists
    this.#mapSchema = maps
    this.#guard = guard
    if (Object.keys(lists).length + Object.keys(maps).length === 0) return
    const id = required(operatorId, `"${uid}" declares operator state, the host gave it no id`)
    this.#store = new OperatorStateStore(id)
  }

  /** What is not declared any more was given up on purpose: a restore refuses it otherwise. */
  restore(entries: readonly OperatorStateEntry[]): void {
    const declared = new Set([...Object.keys(this.#listSchema), ...Object.keys(this.#mapSchema)])
    this.#store?.restore(entries.filter(({ name }) => declared.has(name)))
  }

  open(): void {
    const store = this.#store
    if (store === undefined) return
    this.lists = mapValues(this.#listSchema, ({ kind, type }, name) =>
      kind === 'operator-list' ? store.list(name, type) : store.unionList(name, type),
    )
    this.maps = mapValues(this.#mapSchema, ({ keyType, type }, name) =>
      store.broadcast(name, required(keyType, `map state "${name}" has no key type`), type),
    )
    for (const list of Object.values(this.lists)) this.#guard?.follow(list, 'list')
    for (const map of Object.values(this.maps)) this.#guard?.follow(map, 'map')
  }

  snapshot(): readonly OperatorStateEntry[] {
    return this.#store?.snapshot() ?? []
  }
}

function mapValues<V, R>(
  values: Readonly<Record<string, V>>,
  fn: (value: V, name: string) => R,
): Readonly<Record<string, R>> {
  const entries = Object.entries(values).map(([name, value]) => [name, fn(value, name)] as const)
  return Object.freeze(Object.fromEntries(entries))
}
