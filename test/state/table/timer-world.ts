// One operator that has timers, a value and, if asked for, a map and a list, over a store that
// notes what is asked of it.
import { hashmap } from '../../../src/state/hashmap/index.ts'
import type { Entry, EntryStream, StateBackend, StateCut } from '../../../src/state/backend.ts'
import { listState, mapState, valueState } from '../../../src/state/descriptors.ts'
import type { ListState, MapState, ValueState } from '../../../src/state/handles.ts'
import { keyGroupOf } from '../../../src/state/key-groups.ts'
import type { KeyedTable } from '../../../src/state/table/keyed-table.ts'
import { TableBackend } from '../../../src/state/table/table-backend.ts'
import type { TimerEntries } from '../../../src/state/table/timer-entries.ts'
import { TimersBelow } from '../../../src/state/table/timers-below.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { runOf } from '../../../src/testing/conformance/backend-world.ts'
import { eventTimer, processingTimer } from '../../../src/time/descriptors.ts'
import { dynamicType } from '../../../src/types/dynamic.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import { required } from '../../../src/util/assert.ts'
import { RecordingStore } from './recording-store.ts'

export const MAX_PARALLELISM = 16
/** The one key group of these worlds, unless they have more. */
export const GROUP = 3
/** What a timer takes up in memory, about. */
export const TIMER_BYTES = 128
/** Timers may take up a quarter of the memory. */
const TIMERS_SHARE = 0.25

const HELD = { id: 1, name: 'held', kind: 'value' as const, type: t.float64.schema }
const MAP = { ...HELD, id: 2, name: 'map', kind: 'map' as const, keyType: t.float64.schema }
const LIST = { ...HELD, id: 3, name: 'list', kind: 'list' as const }
const SPEC = {
  record: { id: 3, uid: 'tested', states: [HELD] },
  keyType: dynamicType(),
  descriptors: { held: valueState(t.float64) },
  timers: {
    close: eventTimer(t.float64),
    wake: processingTimer(dynamicType()),
    late: processingTimer({ spread: '1 min' }),
  },
}

const SPEC_OF_ALL = {
  ...SPEC,
  record: { ...SPEC.record, states: [HELD, MAP, LIST] },
  descriptors: {
    ...SPEC.descriptors,
    map: mapState(t.float64, t.float64),
    list: listState(t.float64),
  },
}

const SPEC_OF_FEWER = { ...SPEC, record: { ...SPEC.record, highestStateId: 3 } }

export interface TimerWorldOptions {
  /** With a map and a list. */
  readonly hasCollections?: boolean
  /** Without them, which it had. */
  readonly hadCollections?: boolean
  /** Timers that memory has room for. */
  readonly room?: number
  readonly restore?: EntryStream
  /** All key groups instead of one. */
  readonly isWide?: boolean
  /** Without a store below. */
  readonly isInMemory?: boolean
  readonly lazyRestore?: { readonly minimumBytes: number; readonly rowsPerSlice: number }
}

export class TimerWorld {
  readonly backend: TableBackend
  readonly table: KeyedTable
  readonly store: RecordingStore

  private constructor(backend: TableBackend, store: RecordingStore, options: TimerWorldOptions) {
    this.backend = backend
    const { hasCollections, hadCollections } = options
    const former = hadCollections === true ? SPEC_OF_FEWER : SPEC
    const spec = hasCollections === true ? SPEC_OF_ALL : former
    this.table = backend.register(spec) as KeyedTable // of a table backend
    this.store = store
  }

  static async open(options: TimerWorldOptions = {}): Promise<TimerWorld> {
    const { room = 1000, restore, isWide, isInMemory, lazyRestore } = options
    const store = new RecordingStore()
    const context: Parameters<StateBackend['create']>[0] = {
      keyGroups: isWide === true ? { start: 0, end: 15 } : { start: GROUP, end: GROUP },
      maxParallelism: MAX_PARALLELISM,
      memoryBytes: 0,
      scratch: new MemoryScratch(),
      monotonic: () => 0,
      ...(lazyRestore === undefined ? {} : { lazyRestore }),
    }
    const memoryBytes = (room * TIMER_BYTES) / TIMERS_SHARE
    const below = { open: () => Promise.resolve(store), memoryBytes }
    const world = new TimerWorld(
      isInMemory === true
        ? (hashmap().create(context) as TableBackend) // which it is
        : new TableBackend('little', context, below),
      store,
      options,
    )
    await world.backend.open(restore)
    return world
  }

  get timers(): TimerEntries {
    return this.table.timers
  }

  get below(): TimersBelow {
    const { below } = this.timers
    if (!(below instanceof TimersBelow)) throw new Error('there is none')
    return below
  }

  /** Timers that memory is reckoned to hold. */
  get held(): number {
    return this.below.bytes / TIMER_BYTES
  }

  /** Slots of event time that something refers to. */
  get inUse(): number {
    return this.timers.changes.set(0).slots.inUse
  }

  on<R>(key: unknown, body: (timers: TimerEntries) => R): R {
    this.table.select(key, routeHash(key))
    return body(this.timers)
  }

  /** The state of the key that is selected. */
  get value(): ValueState<number> {
    return this.table.handles['held'] as ValueState<number> // declared above
  }

  get map(): MapState<number, number> {
    return this.table.handles['map'] as MapState<number, number> // declared above
  }

  get list(): ListState<number> {
    return this.table.handles['list'] as ListState<number> // declared above
  }

  /** Timers without a name at these times, all of one key. */
  set(key: unknown, times: Iterable<number>, name = ''): void {
    this.on(key, (timers) => {
      for (const time of times) timers.register('event-time', time, name)
    })
  }

  delete(key: unknown, times: Iterable<number>, name = ''): void {
    this.on(key, (timers) => {
      for (const time of times) timers.delete('event-time', time, name)
    })
  }

  /** One round of an idle moment; true if there is more to do. */
  maintain(): boolean {
    this.table.deselect()
    return this.backend.maintain(1000)
  }

  /** The times that fire up to this one, in order. */
  fire(until: number, limit = Number.POSITIVE_INFINITY): readonly number[] {
    const fired: number[] = []
    this.timers.advance('event-time', until, limit, (_, __, ___, time) => void fired.push(time))
    return fired
  }

  async checkpoint(): Promise<readonly Entry[]> {
    const cut = this.backend.cut()
    const run = await runOf(cut)
    cut.confirm()
    return run
  }

  async close(): Promise<void> {
    await this.backend.close()
  }
}

/** The number of entries in what left memory before a cut, and in what it holds itself. */
export async function countsOf(cut: StateCut): Promise<readonly [spilled: number, held: number]> {
  let spilled = 0
  for (const stream of cut.spilled) for await (const _ of stream) spilled++
  const held = [...cut.entries()].filter((entry) => entry !== undefined).length
  return [spilled, held]
}

/** Numbers that are keys of the one key group, the first ones. */
export function keysOf(count: number): readonly number[] {
  const keys: number[] = []
  for (let key = 0; keys.length < count; key++) {
    if (keyGroupOf(routeHash(key), MAX_PARALLELISM) === GROUP) keys.push(key)
  }
  return keys
}

export const KEY = required(keysOf(1)[0], 'there is a key')
export const between = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, at) => from + at)
