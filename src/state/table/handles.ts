/** Makes the handles of a table: one object for each declared state, for all its rows. */
import { AggregatingHandle, ReducingHandle, ValueHandle } from './scalar-handles.ts'
import { ListHandle, MapHandle } from './collection-handles.ts'
import type { CollectionState, Scalar } from './layout.ts'
import type { RowStore } from './row-store.ts'

/** By state name. */
export function handlesOf(store: RowStore): Readonly<Record<string, unknown>> {
  const { scalars, collections } = store.layout
  return Object.freeze(
    Object.fromEntries([
      ...scalars.map((scalar) => [scalar.name, scalarHandle(store, scalar)] as const),
      ...collections.map((state) => [state.name, collectionHandle(store, state)] as const),
    ]),
  )
}

function scalarHandle(store: RowStore, scalar: Scalar): unknown {
  const { kind } = scalar.descriptor
  if (kind === 'reducing') return new ReducingHandle(store, scalar)
  if (kind === 'aggregating') return new AggregatingHandle(store, scalar)
  return new ValueHandle(store, scalar)
}

function collectionHandle(store: RowStore, state: CollectionState): unknown {
  return state.kind === 'list' ? new ListHandle(store, state) : new MapHandle(store, state)
}
