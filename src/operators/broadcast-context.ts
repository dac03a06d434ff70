/** Contexts of functions with broadcast state: read-only for one side, writable for the other. */
import { MillraceError } from '../errors.ts'
import type { KeyedStateTable } from '../state/backend.ts'
import type { ReadonlyStateOf, StateOf, StateSchema } from '../state/descriptors.ts'
import type { MapState } from '../state/handles.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../state/operator-descriptors.ts'
import type { BroadcastContext, KeyedBroadcastContext } from './broadcast-functions.ts'
import type { TimerService } from './timer-functions.ts'
import type { BroadcastMaps } from './held-states.ts'
import { type Emitter, KeyedProcessContext, ProcessContext } from './process-context.ts'

/** Keys that are looked up in the backend in one call. */
const KEYS_PER_PREFETCH = 512

type Maps = BroadcastStateSchema
type Lists = OperatorStateSchema

/** What both entrances of a plain function are given, one each. */
export class ReadingContext extends ProcessContext {
  broadcast: ReadonlyStateOf<Maps> = {}
}

export class KeyedReadingContext extends KeyedProcessContext {
  broadcast: ReadonlyStateOf<Maps> = {}
}

type Times = Pick<TimerService, 'currentWatermark' | 'currentProcessingTime'>

export class WritingContext
  extends ProcessContext
  implements BroadcastContext<Maps, unknown, Lists>
{
  broadcast: StateOf<Maps> = {}
  readonly #times: Times

  constructor(emitter: Emitter, times: Times) {
    super(emitter)
    this.#times = times
  }

  get currentWatermark(): number {
    return this.#times.currentWatermark
  }

  get currentProcessingTime(): number {
    return this.#times.currentProcessingTime
  }
}

export class KeyedWritingContext
  extends WritingContext
  implements KeyedBroadcastContext<unknown, StateSchema, Maps, unknown, Lists>
{
  readonly #table: KeyedStateTable
  readonly #what: string

  constructor(emitter: Emitter, times: Times, table: KeyedStateTable, what: string) {
    super(emitter, times)
    this.#table = table
    this.#what = what
  }

  applyToKeyedState(name: string, fn: (key: unknown, state: never) => void): void {
    const table = this.#table
    if (!Object.hasOwn(table.handles, name)) {
      throw new MillraceError('STATE_UNKNOWN', `${this.#what} declares no state "${name}"`)
    }
    // What `fn` changes may bring or remove rows: the keys are taken first.
    const all = [...table.keys()]
    for (let from = 0; from < all.length; from += KEYS_PER_PREFETCH) {
      const some = all.slice(from, from + KEYS_PER_PREFETCH)
      const hashes = Int32Array.from(some, ({ routeHash }) => routeHash)
      if (table.prefetches) {
        table.prefetch(
          some.map(({ key }) => key),
          hashes,
          some.length,
        )
      }
      for (const { key, routeHash } of some) {
        table.select(key, routeHash)
        fn(key, table.handles[name] as never) // the handle of the descriptor of this name
      }
    }
    table.deselect()
  }
}

/** The maps as those see them who may not write, in words also for JavaScript. */
export function readonlyMaps(maps: BroadcastMaps, what: string): ReadonlyStateOf<Maps> {
  const views = Object.entries(maps).map(([name, map]) => {
    return [name, Object.freeze(readonlyMap(map, `${what}: broadcast state "${name}"`))] as const
  })
  return Object.freeze(Object.fromEntries(views))
}

function readonlyMap(map: MapState<unknown, unknown>, what: string): MapState<unknown, unknown> {
  const refuse = (): never => {
    throw new MillraceError('FUNCTION_FAILED', `${what} is read-only here`, {
      cure: 'write it in processBroadcastElement, which runs in every subtask',
      retryable: false,
    })
  }
  return {
    get: (key) => map.get(key),
    has: (key) => map.has(key),
    keys: () => map.keys(),
    values: () => map.values(),
    entries: () => map.entries(),
    get isEmpty() {
      return map.isEmpty
    },
    [Symbol.iterator]: () => map[Symbol.iterator](),
    set: refuse,
    delete: refuse,
    clear: refuse,
  }
}
