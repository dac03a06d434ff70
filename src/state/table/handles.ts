/** Makes the handles of a table: one object for each declared state, for all its rows. */
import { DequeHandle } from './deque-handle.ts'
import type { CollectionState, Scalar } from './layout.ts'
import { ListHandle } from './list-handle.ts'
import { MapHandle, SetHandle, SortedMapHandle } from './map-handles.ts'
import type { RowStore } from './row-store.ts'
import { AggregatingHandle, CounterHandle, ReducingHandle, ValueHandle } from './scalar-handles.ts'

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
  if (kind === 'counter') return new CounterHandle(store, scalar)
  return new ValueHandle(store, scalar)
}

function collectionHandle(store: RowStore, state: CollectionState): unknown {
  switch (state.kind) {
    case 'list':
      return new ListHandle(store, state)
    case 'map':
      return new MapHandle(store, state)
    case 'sorted-map':
      return new SortedMapHandle(store, state)
    case 'set':
      return new SetHandle(store, state)
    case 'deque':
      return new DequeHandle(store, state)
  }
}
