/**
 * Read-only views of the state of one key, for tests: each access selects the key first, so views
 * of several keys can be used side by side. What they give is as the function itself would read it.
 */
import type { KeyedStateTable } from '../state/backend.ts'
import type {
  ReadonlyDequeState,
  ReadonlySetState,
  ReadonlySortedMapState,
} from '../state/collection-handles.ts'
import type { StateDescriptor, StateSchema } from '../state/descriptors.ts'
import type {
  ReadonlyFoldingState,
  ReadonlyListState,
  ReadonlyMapState,
  ReadonlyValueState,
} from '../state/handles.ts'
import { routeHash } from '../types/keys.ts'

type Handle = ReadonlyValueState<unknown> &
  ReadonlyListState<unknown> &
  ReadonlySortedMapState<unknown, unknown> &
  ReadonlySetState<unknown> &
  ReadonlyDequeState<unknown> &
  ReadonlyFoldingState<unknown>

/** By state name; the kinds of the views are those of the schema. */
export function stateViews(
  table: KeyedStateTable,
  schema: StateSchema,
  key: unknown,
): Readonly<Record<string, unknown>> {
  const hash = routeHash(key)
  const views: Record<string, unknown> = {}
  for (const [name, { kind }] of Object.entries(schema)) {
    // The table made the handle for the descriptor of this name, so it has what its kind needs.
    const handle = table.handles[name] as Handle
    views[name] = viewOf(kind, <R>(read: (state: Handle) => R): R => {
      table.select(key, hash)
      try {
        return read(handle)
      } finally {
        table.deselect()
      }
    })
  }
  return Object.freeze(views)
}

type Read = <R>(read: (state: Handle) => R) => R

function viewOf(kind: StateDescriptor['kind'], read: Read): object {
  switch (kind) {
    case 'value':
    case 'counter':
      return { value: () => read((state) => state.value()) }
    case 'reducing':
    case 'aggregating':
      return { get: () => read((state) => state.get(undefined)) }
    case 'list':
      return listView(read)
    case 'map':
      return mapView(read)
    case 'sorted-map':
      return sortedMapView(read)
    case 'set':
      return setView(read)
    case 'deque':
      return dequeView(read)
  }
}

function listView(read: Read): ReadonlyListState<unknown> {
  const get = (): readonly unknown[] => read((state: ReadonlyListState<unknown>) => state.get())
  return {
    get,
    get length() {
      return read((state) => state.length)
    },
    [Symbol.iterator]: () => get()[Symbol.iterator](),
  }
}

function mapView(read: Read): ReadonlyMapState<unknown, unknown> {
  const entries = (): readonly (readonly [unknown, unknown])[] =>
    read((state) => [...state.entries()])
  return {
    get: (key) => read((state) => state.get(key)),
    has: (key) => read((state) => state.has(key)),
    keys: () => read((state) => [...state.keys()]),
    values: () => read((state) => [...state.values()]),
    entries,
    get isEmpty() {
      return read((state) => state.isEmpty)
    },
    [Symbol.iterator]: () => entries()[Symbol.iterator](),
  }
}

function sortedMapView(read: Read): ReadonlySortedMapState<unknown, unknown> {
  const entries = (): readonly (readonly [unknown, unknown])[] =>
    read((state) => [...state.entries()])
  return {
    get: (key) => read((state) => state.get(key)),
    has: (key) => read((state) => state.has(key)),
    keys: () => read((state) => [...state.keys()]),
    values: () => entries().map(([, value]) => value),
    entries,
    range: (range) => read((state) => [...state.range(range)]),
    first: () => read((state: ReadonlySortedMapState<unknown, unknown>) => state.first()),
    last: () => read((state: ReadonlySortedMapState<unknown, unknown>) => state.last()),
    get isEmpty() {
      return read((state) => state.isEmpty)
    },
    [Symbol.iterator]: () => entries()[Symbol.iterator](),
  }
}

function setView(read: Read): ReadonlySetState<unknown> {
  const values = (): readonly unknown[] => read((state) => [...state.values()])
  return {
    has: (value) => read((state) => state.has(value)),
    values,
    get isEmpty() {
      return read((state) => state.isEmpty)
    },
    [Symbol.iterator]: () => values()[Symbol.iterator](),
  }
}

function dequeView(read: Read): ReadonlyDequeState<unknown> {
  const all = (): readonly unknown[] =>
    read((state) => Array.from({ length: state.length }, (_, index) => state.at(index)))
  return {
    get length() {
      return read((state) => state.length)
    },
    first: () => read((state: ReadonlyDequeState<unknown>) => state.first()),
    last: () => read((state: ReadonlyDequeState<unknown>) => state.last()),
    at: (index) => read((state: ReadonlyDequeState<unknown>) => state.at(index)),
    [Symbol.iterator]: () => all()[Symbol.iterator](),
  }
}
