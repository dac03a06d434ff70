/** Makes the handles of a table: one object for each declared state, for all its rows. */
import { readIsolated } from '../../types/isolated.ts'
import type { TimeToLive } from '../ttl.ts'
import { DequeHandle } from './deque-handle.ts'
import { type Expiry, type ExpiryHost, Life, type Mortal } from './expiry.ts'
import type { CollectionState, Scalar } from './layout.ts'
import { ListHandle } from './list-handle.ts'
import { EntriesLife, ListLife, ScalarLife } from './lives.ts'
import { MapHandle, SetHandle, SortedMapHandle } from './map-handles.ts'
import { PackedMapHandle, PackedSetHandle } from './packed-map-handles.ts'
import type { RowStore } from './row-store.ts'
import { AggregatingHandle, CounterHandle, ReducingHandle, ValueHandle } from './scalar-handles.ts'

/** By state name. */
export function handlesOf(
  store: RowStore,
  host: ExpiryHost,
  expiry: Expiry,
): Readonly<Record<string, unknown>> {
  const { scalars, collections } = store.layout
  const lifeOf = <M extends Mortal>(
    { ttl }: { readonly ttl?: TimeToLive | undefined },
    stateId: number,
    make: (life: Life) => M,
  ): M | undefined => {
    if (ttl === undefined) return undefined
    const made = make(new Life(ttl, stateId, host, expiry))
    expiry.add(made)
    return made
  }
  const scalarOf = (scalar: Scalar): unknown => {
    const life = lifeOf(scalar.descriptor, scalar.stateId, (of) => {
      return new ScalarLife(of, store, scalar, shownOf(scalar))
    })
    return scalarHandle(store, scalar, life)
  }
  const collectionOf = (state: CollectionState): unknown => {
    const { type, keyType } = state
    if (state.packing !== undefined) {
      const Handle = state.kind === 'set' ? PackedSetHandle : PackedMapHandle
      return new Handle(store, state)
    }
    if (state.kind === 'list') {
      const show = (value: unknown): unknown => readIsolated(type, value)
      const life = lifeOf(state, state.stateId, (of) => new ListLife(of, store, state, show))
      return new ListHandle(store, state, life)
    }
    const life = lifeOf(state, state.stateId, (of) => {
      return new EntriesLife(of, store, state, ({ key, value }) =>
        state.kind === 'set' && keyType !== undefined
          ? readIsolated(keyType, key)
          : readIsolated(type, value),
      )
    })
    return entriesHandle(store, state, life)
  }
  return Object.freeze(
    Object.fromEntries([
      ...scalars.map((scalar) => [scalar.name, scalarOf(scalar)] as const),
      ...collections.map((state) => [state.name, collectionOf(state)] as const),
    ]),
  )
}

/** What the function gets of a value that is held. */
function shownOf({ type, descriptor }: Scalar): (held: unknown) => unknown {
  const { aggregate } = descriptor
  if (aggregate !== undefined) return (held) => aggregate.getResult(held)
  return (held) => readIsolated(type, held)
}

function scalarHandle(store: RowStore, scalar: Scalar, life: ScalarLife | undefined): unknown {
  const { kind } = scalar.descriptor
  if (kind === 'reducing') return new ReducingHandle(store, scalar, life)
  if (kind === 'aggregating') return new AggregatingHandle(store, scalar, life)
  if (kind === 'counter') return new CounterHandle(store, scalar, life)
  return new ValueHandle(store, scalar, life)
}

function entriesHandle(
  store: RowStore,
  state: CollectionState,
  life: EntriesLife | undefined,
): unknown {
  if (state.kind === 'sorted-map') return new SortedMapHandle(store, state, life)
  if (state.kind === 'set') return new SetHandle(store, state, life)
  if (state.kind === 'deque') return new DequeHandle(store, state, life)
  return new MapHandle(store, state, life)
}
