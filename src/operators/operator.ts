/**
 * The contract between an operator and its host. A chain of operators is one task: each calls the
 * next through its `Output`. Per-record calls are synchronous; nothing here reads a clock, rolls
 * dice or does I/O.
 */
import type { KeyedStateTable } from '../state/backend.ts'
import type { OperatorStateEntry } from '../state/snapshot.ts'
import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import type { KeyTimer } from '../time/timers.ts'
import type { OutputTag } from './output-tag.ts'

/** The timestamp of a record that has none. */
export const NO_TIMESTAMP = Number.NEGATIVE_INFINITY
/** The watermark before any, and the one after the last record. */
export const MIN_WATERMARK = Number.NEGATIVE_INFINITY
export const MAX_WATERMARK = Number.POSITIVE_INFINITY

export type TimestampOf = (value: unknown) => number

/** Where an operator's results go: the next operator, an exchange or a sink. Never blocks. */
export interface Output {
  collect(value: unknown, timestamp: number): void
  /**
   * Takes values from `start` on as `collect` would one by one, but no more than between two looks
   * at barriers, and asks for the timestamp of each, if it has any. Returns where it stopped: at
   * `start` where they are better collected.
   */
  collectSome?:
    | ((
        values: readonly unknown[],
        start: number,
        end: number,
        timestampOf?: TimestampOf,
      ) => number)
    | undefined
  /**
   * As `collect`, for a record whose key the sender has found and hashed: `hash` is the route hash
   * of that key. Only outputs that need a key have it.
   */
  collectHashed?: ((value: unknown, timestamp: number, hash: number) => void) | undefined
  /** So many records it would only gather if they came now: nothing follows of them yet. */
  readonly room?: number
  watermark(timestamp: number): void
  endInput(): void
}

/** Timers of the current key; one per key, time domain, time and name. See `TimerTable`. */
export interface KeyedTimers {
  readonly currentWatermark: number
  readonly currentProcessingTime: number
  register(domain: TimeDomain, time: number, name: string, payload?: unknown): void
  delete(domain: TimeDomain, time: number, name: string): void
  list(domain: TimeDomain, name: string): readonly KeyTimer[]
}
export type TimeDomain = 'event-time' | 'processing-time'

/** What an asynchronous operator may use of the world. */
export interface OperatorWorld {
  readonly clock: Clock
  readonly random: Random
  /** Aborts when the task is closed, for whatever reason. */
  readonly signal: AbortSignal
  /** Asks for a call of `resume`: there is something to hand on. */
  wake(): void
}

/** What an asynchronous operator has done since it was made, and has under way. */
export interface CallStatistics {
  readonly inFlight: number
  readonly retries: number
  readonly timeouts: number
}

/** What a part of a call was about, for its dead letter. */
export interface PartOfCall {
  /** What the function was given, or was to make something of. */
  readonly record: unknown
  readonly timestamp: number
  readonly window?: { readonly start: number; readonly end: number } | undefined
}

/** Stands around the calls of an operator that has an error policy. */
export interface CallGuard {
  /**
   * Does a part of a call that may fail for itself: one window of a timer, one pair of a join. If
   * it throws, what it has done is taken back, it is told as the policy says, and the call goes on.
   * Outside of a call it is one.
   *
   * @param about asked after the part was taken back.
   */
  attempt(about: () => PartOfCall, part: () => void): void
  /** Has the writes to a state taken back with those to keyed state. */
  follow(handle: unknown, kind: 'list' | 'map'): void
}

export interface OperatorContext {
  readonly jobName: string
  readonly uid: string
  /** Stands for the operator in its `OperatorStateEntry`s; undefined for those without uid. */
  readonly operatorId: number | undefined
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly output: Output
  sideOutput(tag: OutputTag<unknown>): Output
  /** The operator's rows; only for operators that declare keyed state. */
  readonly table: KeyedStateTable | undefined
  readonly timers: KeyedTimers | undefined
  /** Milliseconds; fixed for a batch, an input of the task rather than a clock. */
  processingTime(): number
  /** Absent where the host runs no asynchronous operators. */
  readonly world?: OperatorWorld
  /** Of an operator with an error policy other than to fail. */
  readonly guard?: CallGuard
}

/**
 * What an operator without state does for a record, in parts: a fused chain calls them in its own
 * code instead of `processElement`, in the same order and with the same effect.
 */
export type Inline =
  | {
      readonly kind: 'map' | 'filter' | 'flat-map'
      /** The user's function. */
      readonly fn: (value: unknown) => unknown
      /** Takes what it returned, before that is used. */
      readonly check: (result: unknown) => void
    }
  | {
      readonly kind: 'timestamps'
      readonly timestampOf: (value: unknown) => number
      /** Takes the record after it was handed on. */
      readonly onRecord: (value: unknown, timestamp: number) => void
    }

/** Records of the first input with their keys, side by side. */
export interface KeyedRecords {
  readonly values: readonly unknown[]
  readonly timestamps: Float64Array
  /** May be changed into equal ones. */
  readonly keys: unknown[]
  readonly hashes: Int32Array
  /** The place of the record under way. */
  at: number
}

/** One running operator of one subtask. */
export interface Operator {
  /** Acquires resources; the only place of a task that may wait before records flow. */
  open(): void | Promise<void>
  /** A record of the first input, or the only one. */
  processElement(value: unknown, timestamp: number): void
  /** What `processElement` does, if it is no more than that. */
  readonly inline?: Inline | undefined
  /** One of the second: keyed like the first, or broadcast, and then on no key. */
  processElement2?(value: unknown, timestamp: number): void
  /**
   * What `processElement` does for each of the first `end` records on its key, in order. If one of
   * them throws, those before it are done, and `at` is its place.
   */
  processSome?(records: KeyedRecords, end: number): void
  /** Records that are gathered should be given to `processSome`, now. */
  readonly prefersSome?: boolean
  processWatermark(timestamp: number): void
  /** Keyed operators: a due timer; the table is on the timer's key. */
  onTimer?(domain: TimeDomain, time: number, name: string, payload?: unknown): void
  /** Some records were handed over, and now none for a while; also at the start. */
  endBatch?(): void
  /** Watermarks of its own making that would have gone back, and were ignored. */
  readonly backwardWatermarks?: number
  /** Asynchronous operators take no record while it is true; the task asks before each. */
  readonly isFull?: boolean
  /** They have records, watermarks or the end of input that are not handed on yet. */
  readonly hasPending?: boolean
  readonly calls?: CallStatistics
  /**
   * Hands on what has arrived as long as `mayEmit` holds; true if it did anything. Called by the
   * task's step: nothing asynchronous enters the chain in another way.
   */
  resume?(mayEmit: () => boolean): boolean
  /** Windows: records that came after their windows had gone, since this operator was made. */
  readonly lateRecords?: number
  /** After the last record and the MAX watermark; effects must be idempotent through state. */
  endInput(): void
  /** Non-keyed state at the cut; called synchronously when the barrier passes. */
  snapshotState?(): readonly OperatorStateEntry[]
  /** The least watermark that the subtasks of the former run had reached; first of all. */
  restoreWatermark?(watermark: number): void
  /** What `snapshotState` of the former run gave to this subtask; before `open`. */
  restoreState?(entries: readonly OperatorStateEntry[]): void
  close(): void | Promise<void>
}
