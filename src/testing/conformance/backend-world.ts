/**
 * What the suite of backends stands on: one operator with all kinds of state, keys selected as
 * the runtime does it, and snapshots as lists of sorted runs that are merged to be restored.
 */
import { inspect } from 'node:util'
import type {
  BackendContext,
  Entry,
  EntryStream,
  KeyedStateBackend,
  KeyedStateTable,
  OperatorStateSpec,
  StateBackend,
  StateCut,
} from '../../state/backend.ts'
import {
  counterState,
  dequeState,
  setState,
  sortedMapState,
} from '../../state/collection-descriptors.ts'
import type {
  CounterState,
  DequeState,
  SetState,
  SortedMapState,
} from '../../state/collection-handles.ts'
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from '../../state/descriptors.ts'
import type {
  FoldingState,
  ListState,
  MapState,
  ReadonlyValueState,
  ValueState,
} from '../../state/handles.ts'
import { keyGroupOf, type KeyGroupRange } from '../../state/key-groups.ts'
import { keyGroupOfKey } from '../../state/runs/entry.ts'
import { copyOf } from '../../state/runs/entry-range.ts'
import { mergeEntries } from '../../state/runs/merge.ts'
import { streamOf } from '../../state/runs/stream.ts'
import type { SubjectOf } from '../../state/sealed/subject.ts'
import { MemoryScratch } from '../../storage/scratch-memory.ts'
import { eventTimer, processingTimer } from '../../time/descriptors.ts'
import { dynamicType } from '../../types/dynamic.ts'
import { routeHash } from '../../types/keys.ts'
import { t } from '../../types/t.ts'

export const MAX_PARALLELISM = 16
export const ALL_GROUPS: KeyGroupRange = { start: 0, end: MAX_PARALLELISM - 1 }

export interface BackendSuite {
  /** `test` of `node:test`, or any function that runs a named test. */
  readonly test: (name: string, body: () => Promise<void>) => unknown
  readonly name: string
  /** Makes the choice under test. */
  readonly choose: () => StateBackend
  /** How runs reach a backend that is opened; by default as one merged stream. */
  readonly restoreOf?: (runs: Runs, keyGroups: KeyGroupRange) => EntryStream | Promise<EntryStream>
  /** Whose a key is, if `restoreOf` gives what was sealed under the keys of subjects. */
  readonly shredBy?: SubjectOf
  /** Another backend, to which snapshots must fit; the one under test if left out. */
  readonly other?: () => StateBackend
  /** What the context holds besides the usual, such as a folder of one's own. */
  readonly context?: () => Partial<BackendContext>
  /** True if rows leave memory when it is short. */
  readonly evicts: boolean
}

/** An aggregate that changes its accumulator in place. */
const ALL_ADDED = {
  createAccumulator: (): { sum: number; seen: number[] } => ({ sum: 0, seen: [] }),
  add(value: number, accumulator: { sum: number; seen: number[] }) {
    accumulator.sum += value
    accumulator.seen.push(value)
    return accumulator
  },
  getResult: ({ sum, seen }: { sum: number; seen: number[] }) => `${sum}:${seen.join()}`,
}

const DESCRIPTORS = {
  value: valueState(dynamicType()),
  count: valueState(t.float64, { initial: 0 }),
  list: listState(dynamicType()),
  map: mapState(dynamicType(), dynamicType()),
  largest: reducingState<number>(Math.max, t.float64),
  all: aggregatingState(ALL_ADDED),
  sorted: sortedMapState(dynamicType(), dynamicType()),
  set: setState(dynamicType()),
  deque: dequeState(dynamicType()),
  counter: counterState(),
}

export interface Handles {
  readonly value: ValueState<unknown>
  readonly count: ValueState<number, never> & ReadonlyValueState<number>
  readonly list: ListState<unknown>
  readonly map: MapState<unknown, unknown>
  readonly largest: FoldingState<number, number>
  readonly all: FoldingState<number, string>
  readonly sorted: SortedMapState<unknown, unknown>
  readonly set: SetState<unknown>
  readonly deque: DequeState<unknown>
  readonly counter: CounterState
}

/** Runs, oldest first, that hold a state together. */
export type Runs = readonly (readonly Entry[])[]

export interface OpenOptions {
  readonly restore?: Runs
  readonly keyGroups?: KeyGroupRange
  readonly memoryBytes?: number
  readonly choose?: () => StateBackend
}

const SPEC: OperatorStateSpec = {
  record: {
    id: 3,
    uid: 'tested',
    states: Object.entries(DESCRIPTORS).map(([name, { kind, type, keyType }], index) => ({
      id: index + 1,
      name,
      kind,
      type: type.schema,
      ...(keyType === undefined ? {} : { keyType: keyType.schema }),
    })),
  },
  keyType: dynamicType(),
  descriptors: DESCRIPTORS,
  timers: { close: eventTimer(t.float64), wake: processingTimer(dynamicType()) },
}

/** One open backend with the one operator of the suite. */
export class World {
  readonly backend: KeyedStateBackend
  readonly table: KeyedStateTable
  readonly state: Handles

  private constructor(backend: KeyedStateBackend, table: KeyedStateTable) {
    this.backend = backend
    this.table = table
    this.state = table.handles as unknown as Handles // declared just above
  }

  static async open(suite: BackendSuite, options: OpenOptions = {}): Promise<World> {
    const { restore, keyGroups = ALL_GROUPS, memoryBytes = 64 << 20 } = options
    const backend = (options.choose ?? suite.choose)().create({
      keyGroups,
      maxParallelism: MAX_PARALLELISM,
      memoryBytes,
      scratch: new MemoryScratch(),
      monotonic: () => 0,
      ...suite.context?.(),
    })
    const { shredBy } = suite
    const spec = shredBy === undefined ? SPEC : { ...SPEC, shredBy }
    const world = new World(backend, backend.register(spec))
    const from = suite.restoreOf ?? restored
    await backend.open(restore === undefined ? undefined : await from(restore, keyGroups))
    return world
  }

  /** Works on one key, as the runtime does for a record. */
  on<R>(key: unknown, body: (state: Handles) => R): R {
    this.table.select(key, routeHash(key))
    return body(this.state)
  }

  /** Cuts, writes the run and confirms. */
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

/** The run that a cut is, as the writer makes it. */
export async function runOf(cut: StateCut): Promise<readonly Entry[]> {
  const spilled = cut.spilled
  const held: EntryStream = {
    async *[Symbol.asyncIterator]() {
      for (const entry of cut.entries()) if (entry !== undefined) yield copyOf(entry)
    },
  }
  const run: Entry[] = []
  for await (const entry of mergeEntries([...spilled, held], { dropTombstones: false })) {
    run.push(copyOf(entry))
  }
  return run
}

/** What is restored of runs: merged, without tombstones, clipped to the key groups. */
export function restored(runs: Runs, { start, end }: KeyGroupRange): EntryStream {
  const clipped = runs.map((run) =>
    streamOf(
      run.filter(({ key }) => {
        const group = keyGroupOfKey(key)
        return group >= start && group <= end
      }),
    ),
  )
  return mergeEntries(clipped, { dropTombstones: true })
}

export function isIn(key: unknown, { start, end }: KeyGroupRange): boolean {
  const group = keyGroupOf(routeHash(key), MAX_PARALLELISM)
  return group >= start && group <= end
}

/** Everything that a key has, in a form that can be compared. */
export function contentOf(world: World, key: unknown): unknown {
  return world.on(key, ({ value, count, list, map, largest, all, ...more }) => ({
    value: value.value(),
    count: count.value(),
    list: list.get(),
    map: [...map].toSorted((a, b) => compareText(textOf(a[0]), textOf(b[0]))),
    largest: largest.get(),
    all: all.get(),
    sorted: [...more.sorted],
    set: [...more.set].toSorted((a, b) => compareText(textOf(a), textOf(b))),
    deque: [...more.deque],
    counter: more.counter.value(),
  }))
}

export function setAll(
  map: MapState<unknown, unknown>,
  entries: Readonly<Record<string, unknown>>,
): void {
  for (const [key, value] of Object.entries(entries)) map.set(key, value)
}

function textOf(key: unknown): string {
  return `${typeof key} ${inspect(key)}`
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** What a list of runs holds of a key, seen through a fresh backend. */
export async function restoredContent(
  suite: BackendSuite,
  runs: Runs,
  key: unknown,
): Promise<unknown> {
  const world = await World.open(suite, { restore: runs })
  try {
    return contentOf(world, key)
  } finally {
    await world.close()
  }
}
