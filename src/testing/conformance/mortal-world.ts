/** An operator whose states have a time to live, on a backend whose clocks are set by hand. */
import {
  counterState,
  dequeState,
  setState,
  sortedMapState,
} from '../../state/collection-descriptors.ts'
import type { KeyedStateBackend, KeyedStateTable } from '../../state/backend.ts'
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  type StateOf,
  valueState,
} from '../../state/descriptors.ts'
import type { KeyGroupRange } from '../../state/key-groups.ts'
import type { OperatorRecord } from '../../state/snapshot.ts'
import type { StateTtl } from '../../state/ttl.ts'
import { MemoryScratch } from '../../storage/scratch-memory.ts'
import type { Entry } from '../../state/backend.ts'
import { routeHash } from '../../types/keys.ts'
import { t } from '../../types/t.ts'
import {
  ALL_GROUPS,
  type BackendSuite,
  MAX_PARALLELISM,
  restored,
  runOf,
  type Runs,
} from './backend-world.ts'

/** A multiple of 16, so that deadlines are multiples of 10 that need no rounding. */
export const LIFE_MS = 160

const text = t.string

/** Of every kind one; without `ttl` the same states that live for ever. */
function statesWith(ttl: StateTtl<unknown> | undefined) {
  const options = ttl === undefined ? {} : { ttl }
  return {
    value: valueState(text, options),
    counter: counterState(t.float64, options),
    longest: reducingState<string>((a, b) => (a.length >= b.length ? a : b), text, options),
    joined: aggregatingState(
      {
        createAccumulator: (): string[] => [],
        add(value: string, all: string[]) {
          all.push(value)
          return all
        },
        getResult: (all: string[]) => all.join(),
      },
      t.list(text),
      options,
    ),
    list: listState(text, options),
    map: mapState(text, text, options),
    sorted: sortedMapState(t.float64, text, options),
    set: setState(text, options),
    deque: dequeState(text, options),
  }
}

export type MortalHandles = StateOf<ReturnType<typeof statesWith>>

/** As it is in snapshots, in which nothing is said of times to live. */
export const MORTAL_RECORD: OperatorRecord = {
  id: 5,
  uid: 'mortal',
  keyType: text.schema,
  states: Object.entries(statesWith(undefined)).map(([name, { kind, type, keyType }], index) => {
    const ofKey = keyType === undefined ? {} : { keyType: keyType.schema }
    return { id: index + 1, name, kind, type: type.schema, ...ofKey }
  }),
}

export interface MortalOptions {
  readonly ttl?: StateTtl<unknown>
  readonly restore?: Runs
  readonly keyGroups?: KeyGroupRange
  readonly memoryBytes?: number
  readonly choose?: BackendSuite['choose']
  /** Where processing time stands, and the watermark. */
  readonly now?: number
  readonly watermark?: number
}

export class MortalWorld {
  readonly backend: KeyedStateBackend
  readonly table: KeyedStateTable
  now: number

  private constructor(
    suite: BackendSuite,
    { ttl, keyGroups = ALL_GROUPS, memoryBytes = 64 << 20, now = 0, choose }: MortalOptions,
  ) {
    this.now = now
    this.backend = (choose ?? suite.choose)().create({
      keyGroups,
      maxParallelism: MAX_PARALLELISM,
      memoryBytes,
      scratch: new MemoryScratch(),
      processingTime: () => this.now,
      monotonic: () => 0,
      ...suite.context?.(),
    })
    const descriptors = statesWith(ttl)
    const { shredBy } = suite
    const shredded = shredBy === undefined ? {} : { shredBy }
    const spec = { record: MORTAL_RECORD, keyType: text, descriptors, ...shredded }
    this.table = this.backend.register(spec)
  }

  static async open(suite: BackendSuite, options: MortalOptions = {}): Promise<MortalWorld> {
    const world = new MortalWorld(suite, options)
    const { restore, keyGroups = ALL_GROUPS, watermark } = options
    const from = suite.restoreOf ?? restored
    await world.backend.open(restore === undefined ? undefined : await from(restore, keyGroups))
    if (watermark !== undefined) world.table.timers.restoreWatermark(watermark)
    return world
  }

  on<R>(key: string, body: (state: MortalHandles) => R): R {
    this.table.select(key, routeHash(key))
    return body(this.table.handles as MortalHandles) // declared above
  }

  /** Processing time has come to here; marks fire, a few at a time. */
  advance(now: number): void {
    this.now = now
    this.#fire('processing-time', now)
  }

  watermark(time: number): void {
    this.#fire('event-time', time)
  }

  get lagMs(): number {
    return this.backend.statistics.expiryLagMs
  }

  async checkpoint(): Promise<readonly Entry[]> {
    const cut = this.backend.cut()
    const run = await runOf(cut)
    cut.confirm()
    return run
  }

  /** The keys that have any state, sorted. */
  get keys(): readonly string[] {
    return Array.from(this.table.keys(), ({ key }) => String(key)).toSorted((a, b) =>
      a < b ? -1 : 1,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend.close()
  }

  #fire(domain: 'event-time' | 'processing-time', time: number): void {
    const { table } = this
    const onTimer = (_: unknown, key: unknown, hash: number, at: number, name: string): void => {
      if (!table.fireMark(key, hash, name, at)) throw new Error(`${name} is no mark`)
    }
    while (table.timers.advance(domain, time, 3, onTimer));
    table.deselect()
  }
}

/** Defines a test on a world with this time to live. */
export type DefineMortal = (
  title: string,
  ttl: StateTtl,
  body: (world: MortalWorld) => Promise<void> | void,
) => unknown

/** Writes to every kind. */
export function writeAll(state: MortalHandles, text: string, at = 0): void {
  state.value.update(text)
  state.counter.increment()
  state.longest.add(text)
  state.joined.add(text)
  state.list.add(text)
  state.map.set(text, text)
  state.sorted.set(at, text)
  state.set.add(text)
  state.deque.pushLast(text)
}

/** What reads give of every kind. */
export function readAll(state: MortalHandles): unknown {
  return {
    value: state.value.value(),
    counter: state.counter.value(),
    longest: state.longest.get(),
    joined: state.joined.get(),
    list: state.list.get(),
    map: [...state.map.values()],
    sorted: [...state.sorted.values()],
    set: [...state.set],
    deque: [...state.deque],
  }
}

export const NOTHING_LEFT = {
  value: undefined,
  counter: 0,
  longest: undefined,
  joined: undefined,
  list: [],
  map: [],
  sorted: [],
  set: [],
  deque: [],
}
