/**
 * The contract of a keyed state backend: a cache of rows over an optional store, cut by epochs.
 * Everything a record does is synchronous; opening, snapshot writing and restoring are not.
 *
 * Life: `open` → (`select` → handles)* → `cut` → entries are written in the background while
 * records go on → `confirm` or `abort` of that cut → … → `close`.
 */
import type { Scratch } from '../storage/scratch.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { KeyTimer, PendingTimer, TimerDomain, TimerListener } from '../time/timers.ts'
import type { NativeStoreFactory } from './cold-store.ts'
import type { StateDescriptor } from './descriptors.ts'
import type { KeyGroupRange } from './key-groups.ts'
import type { ShreddedOperators, SubjectOf } from './sealed/subject.ts'
import type { OperatorRecord } from './snapshot.ts'
import type { ExpiryContext } from './ttl.ts'
import type { Type } from '../types/type.ts'
import type { Random } from '../util/random.ts'
import type { StartHelper } from './remote/helper-port.ts'

export type { NativeStoreFactory } from './cold-store.ts'

/** One entry of a run: the whole key, and header plus payload. See `runs/entry.ts`. */
export interface Entry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Entries in key order; a source of runs and of restores. */
export type EntryStream = AsyncIterable<Entry>

/** An operator's keyed state as its function declares it, with the ids the manifest allotted. */
export interface OperatorStateSpec {
  /** Whose a key is, if its entries are to be sealed under the key of that subject. */
  readonly shredBy?: SubjectOf
  readonly record: OperatorRecord
  readonly keyType: Type<unknown>
  /** In the order of `record.states`; same names. */
  readonly descriptors: Readonly<Record<string, StateDescriptor>>
  /** The timers that the function declares, by name. */
  readonly timers?: TimerSchema
}

/**
 * All keyed states of one operator ("rows"). `select` finds the row of a key once; every handle
 * then works on it until the next `select`.
 */
export interface KeyedStateTable {
  /** By state name; the concrete interfaces are those of `handles.ts`. */
  readonly handles: Readonly<Record<string, unknown>>
  /** `routeHash` must be that of the key (`types/keys.ts`); the key's group must be in range. */
  select(key: unknown, routeHash: number): void
  /**
   * Hashes come from where records were sent. A key that is another one here has the hash of none:
   * it is found out before it gets a row.
   */
  checksHashes?: boolean
  /** Ends the access to the current row: handles throw `STATE_NO_KEY` until the next `select`. */
  deselect(): void
  readonly currentKey: unknown
  /**
   * Fetches missing rows of these keys from below in one call, and the others into the caches of
   * the processor, before a batch is processed.
   */
  prefetch(keys: readonly unknown[], routeHashes: Int32Array, count: number): void
  /**
   * True if `prefetch` would do anything; the host then batches before this operator. Small state
   * that is all in memory needs none, so it may change as state grows.
   */
  readonly prefetches: boolean
  /**
   * Every key that has any state, in no particular order; consistent only while nothing is
   * written. Selecting and changing the yielded key itself is allowed.
   */
  keys(): Iterable<{ readonly key: unknown; readonly routeHash: number }>
  /** Timers of this operator: keyed state, and so part of its cuts. */
  readonly timers: TimerTable
  /**
   * What a timer listener calls first: true if the timer was a mark of the table's own, which frees
   * state whose time to live is over; `onExpire` is called meanwhile. The key is then selected.
   */
  fireMark(key: unknown, routeHash: number, name: string, time: number): boolean
  /** Takes what `onExpire` emits to side outputs. */
  expiryOutput?: ExpiryOutput
  /** For a value state of numbers; undefined if it is no faster than key by key. */
  adderOf?(state: string): NumberAdder | undefined
}

/** Adds numbers to a state of many keys: `select`, `value` and `update` for each, in order. */
export interface NumberAdder {
  /** False while rows are looked up one by one. */
  readonly isReady: boolean
  /** The place under way, also when `addEach` has thrown: those before it are done. */
  readonly at: number
  /**
   * Adds each of the first `end` amounts to the value of its key, whose route hash stands beside
   * it; `sums` are the new values, `keys` then those that state holds. No key is selected after it.
   */
  addEach(
    keys: unknown[],
    routeHashes: Int32Array,
    end: number,
    amounts: Float64Array,
    sums: Float64Array,
  ): void
}

/** The timers of an operator, ordered by time; one per key, domain, time and name. */
export interface TimerTable {
  /** The newest event time that `advance` was called with, or what was restored. */
  readonly currentWatermark: number
  /** The newest processing time that `advance` was called with; −∞ before. */
  readonly currentProcessingTime: number
  /**
   * For the current key; of a timer that exists already only the payload is replaced. There may be
   * one, isolated by its type, where the name is declared with a type for it.
   */
  register(domain: TimerDomain, time: number, name: string, payload?: unknown): void
  /** For the current key; a missing timer is no error. */
  delete(domain: TimerDomain, time: number, name: string): void
  /** The timers of the current key by a declared name, by time. */
  list(domain: TimerDomain, name: string): readonly KeyTimer[]
  /** Every timer of every key, in no particular order; consistent while nothing is changed. */
  pending(): Iterable<PendingTimer>
  /**
   * When the earliest timer is due; +∞ if there is none. −∞ while it waits for the first `advance`
   * which of the restored timers are overdue.
   */
  nextTime(domain: TimerDomain): number
  /**
   * Removes due timers (`timer.time <= time`) in order of time, hash of the key and name, at most
   * `limit`, and calls `onTimer` for each. Restored timers of processing time that are overdue when
   * it is first called, and whose declaration says so, are spread instead. True if more are due.
   * The listener selects the key itself; what it registers is fired in turn if it is due.
   */
  advance(domain: TimerDomain, time: number, limit: number, onTimer: TimerListener): boolean
  /** The watermark of the run that is continued. */
  restoreWatermark(watermark: number): void
}

/** Takes what `onExpire` emits; `timestamp` is undefined in processing time. */
export type ExpiryOutput = (
  tag: Parameters<ExpiryContext['output']>[0],
  value: unknown,
  timestamp: number | undefined,
) => void

/** What a cut holds: the changes of one epoch (and of aborted ones before it). */
export interface StateCut {
  readonly dirtyEntries: number
  /**
   * The changes in run order, each key once, as of the cut; tombstones included. Consumed once,
   * in slices, while records go on. Values are encoded when first touched or when consumed.
   * Synchronous, so that a slice is as long as its consumer wants. An entry is valid until the
   * next is asked for.
   */
  entries(): Iterable<Entry | undefined>
  /**
   * Sorted local segments of entries of this epoch that left the cache already. Older first; all
   * are older than `entries()`. Merged into the run by the writer.
   */
  readonly spilled: readonly EntryStream[]
  /** Operators, by id, whose entries the writer of the run has to seal. */
  readonly shredded?: ShreddedOperators
  /** The checkpoint is complete: the epoch's dirty marks and segments may be forgotten. */
  confirm(): void
  /** The checkpoint failed: the changes join the next cut. */
  abort(): void
}

export interface PhaseTimings {
  readonly initMs: number
  readonly prepareMs: number
  readonly confirmMs: number
  readonly completeMs: number
}

export interface BackendStatistics {
  readonly rows: number
  readonly estimatedBytes: number
  /** Rows written below because memory was short. */
  readonly evictions: number
  /** Rows or entries read from below, prefetched and not. */
  readonly prefetchedReads: number
  readonly coldReads: number
  /** Sent to the server that state is kept on, if it is kept on one. */
  readonly requests: number
  /** Of a state that is loaded while records go on: all there is, and how much is loaded. */
  readonly restoringBytes: number
  readonly restoredBytes: number
  /** Entries that were freed because their time to live was over. */
  readonly expired: number
  /** How long the first due timer or mark of expired state waits at most; 0 if none is due. */
  readonly expiryLagMs: number
}

export interface KeyedStateBackend extends AsyncDisposable {
  readonly name: string
  readonly keyGroups: KeyGroupRange
  /** Before `open`; throws `STATE_CLOSED` afterwards. */
  register(operator: OperatorStateSpec): KeyedStateTable
  /**
   * Makes the backend ready, holding exactly what `restore` yields (merged, without tombstones,
   * already clipped to `keyGroups`). A restore that can be looked into (`openRestore`) may be
   * loaded later, by `maintain`: nobody can tell but by the time that reads take. The phases are
   * timed: init (resources), prepare (load), confirm (verify), complete (ready).
   */
  open(restore?: EntryStream): Promise<PhaseTimings>
  /**
   * Advances the epoch; synchronous and short. Several cuts may be outstanding: confirming one
   * confirms those before it, and after an aborted one the later ones must be aborted too.
   */
  cut(): StateCut
  /** Goes back to a snapshot: everything now held is dropped and replaced. */
  rollback(restore: EntryStream): Promise<void>
  /**
   * Background work (loading, eviction, clean-up) of at most about `budgetMs`; true if more is
   * waiting. The host calls it after each step of its task.
   */
  maintain(budgetMs: number): boolean
  /** True until the restored state is loaded to its last block, and so verified. */
  readonly isRestoring: boolean
  /**
   * True when records have waited for so many rows since `maintain` was called that the host should
   * turn to other work first.
   */
  readonly isStrained: boolean
  readonly statistics: BackendStatistics
  close(): Promise<void>
}

/** When a state is loaded while records go on, and how; for tests to have it small. */
export interface LazyRestoreOptions {
  /** Of the runs' blocks: less is loaded before the first record. Default: 4 MiB. */
  readonly minimumBytes?: number
  /** Rows loaded in one slice of background work at most; by default time alone counts. */
  readonly rowsPerSlice?: number
}

export interface ShardOptions {
  /** About so many, at least two for each key group. */
  readonly count: number
  /** At first: a power of two. */
  readonly slots: number
  /** In tables of so many rows those of many keys are looked for together. */
  readonly rowsAhead: number
  /** A cut looks at so many slots of a shard without a pause. Default 1,024. */
  readonly slotsPerPause?: number
}

export interface AttemptPlace {
  readonly jobName: string
  /** Location of the job's checkpoints; no two jobs have one in common. */
  readonly storage: string
  /** Higher than that of all attempts before it. */
  readonly leaderEpoch: number
}

/** What the host gives a backend; the only way a backend reaches the world. */
export interface BackendContext {
  readonly keyGroups: KeyGroupRange
  readonly maxParallelism: number
  /** Share of the job's memory budget that rows and caches of this backend may use. */
  readonly memoryBytes: number
  /** Local throw-away files of this subtask and attempt. */
  readonly scratch: Scratch
  /**
   * The processing time that time-to-live is measured by, fixed while a record is processed; that
   * of the last timers if left out.
   */
  readonly processingTime?: () => number
  /** Monotonic milliseconds, for the timings. */
  monotonic(): number
  readonly lazyRestore?: LazyRestoreOptions
  /** How large a table is to be for what large ones do; for tests, which have few rows. */
  readonly shards?: ShardOptions
  /** For what lies on a server: whose it is, and of which leadership. Absent outside of jobs. */
  readonly attempt?: AttemptPlace
  /** Stands for the native store below a backend; the simulator brings one. */
  readonly nativeStore?: NativeStoreFactory
  /** Stands for the threads that talk to a server; the simulator brings one. */
  readonly startHelper?: StartHelper
  /** For names that nobody else has; that of the system if left out. */
  readonly random?: Random
  /** To be called now and then by who blocks the thread: it does not answer, but it lives. */
  readonly alive?: () => void
}

/** A choice of backend, as a job states it; `hashmap()` and `rocksdb()` make them. */
export interface StateBackend {
  readonly name: string
  /** State that leaves memory is written where the engine does not encrypt it. */
  readonly keepsPlainState?: boolean
  create(context: BackendContext): KeyedStateBackend
}
