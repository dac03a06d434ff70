/**
 * A workload as data: sources with all their records, and a graph of operations. It is interpreted
 * twice, by `build.ts` through the public API and by the oracle on its own; nothing else of a job
 * is random. Streams carry one kind of record, so that operations can be joined at will.
 */

export interface Rec {
  /** What streams are keyed by. */
  readonly k: number
  readonly v: number
  /** Event time in milliseconds. */
  readonly at: number
  /** Ballast, so that records need not fit into a frame. */
  readonly pad: string
}

export interface SplitData {
  readonly id: string
  readonly records: readonly Rec[]
}

export interface SourceData {
  readonly uid: string
  readonly splits: readonly SplitData[]
  /** Undefined: records have no event time. */
  readonly outOfOrderMs: number | undefined
  /** False: its splits appear one after the other, and each waits for more records for ever. */
  readonly bounded: boolean
  readonly batchMax: number
  /** The longest time between two batches of a split. */
  readonly gapMs: number
  readonly text?: 'words' | 'fields' // its records come as lines of these, and without event time
}

/** How `k` is turned into the key of a keyed stream, which tests the key types. */
export type KeyKind = 'number' | 'string' | 'tuple'

/**
 * What a keyed process function does. `states` and `ordered` use all kinds of state; `timers` sets
 * and deletes some; `windows` sums per span of event time; `distinct` passes the first of equals.
 */
export type ProcessKind = 'states' | 'ordered' | 'timers' | 'windows' | 'distinct'

/**
 * `top`, `ranks`: the greatest values so far. `once`, `newest`: records that are alike pass once,
 * or when they are not older. `counted`, `sliding`: windows of so many records. `sessions`: of
 * activity. `daytime`: windows of processing time. `late`: windows in event time into which every
 * record goes, or aside. `payload`: timers that carry something. `lookup`, `spread`: asynchronous.
 */
export type HelperKind =
  | 'top'
  | 'ranks'
  | 'once'
  | 'newest'
  | 'min'
  | 'max'
  | 'mean'
  | 'counted'
  | 'sliding'
  | 'sessions'
  | 'daytime'
  | 'late'
  | 'payload'
  | 'lookup'
  | 'spread'

/** `window`, `group`: of the same window. `version`: what was valid at the time of a record. */
export type PairKind = 'window' | 'group' | 'version'

export interface WindowPlan {
  readonly type: 'tumbling' | 'sliding' | 'cumulative' | 'session'
  /** Of sessions: the gap. */
  readonly sizeMs: number
  /** Divides the size. */
  readonly stepMs: number
  readonly offsetMs: number
  /** Windows stay so much longer; as no record is late, their results are the same. */
  readonly latenessMs: number
}

/** A right record matches a left one if it is between these much later. */
export interface JoinPlan {
  readonly lowerMs: number
  readonly upperMs: number
  /** Also gives the records of both sides that have no match. */
  readonly isOuter: boolean
}

/** What works on one keyed stream, and nothing else is to be said of it. */
interface KeyedNode {
  readonly input: number
  readonly uid: string
  readonly key: KeyKind
}

/** An operation; inputs are indexes of earlier nodes. */
export type WorkloadNode =
  | { readonly kind: 'source'; readonly source: number }
  | { readonly kind: 'map'; readonly input: number; readonly factor: number }
  | { readonly kind: 'filter'; readonly input: number; readonly modulo: number }
  /** Between none and `copies` results for each record. */
  | { readonly kind: 'flatMap'; readonly input: number; readonly copies: number }
  | { readonly kind: 'union'; readonly inputs: readonly number[] }
  /** Merges keys: `k` modulo `groups`. */
  | { readonly kind: 'group'; readonly input: number; readonly groups: number }
  /** A process function without key; every `modulo`th value goes to its side output. */
  | {
      readonly kind: 'split'
      readonly input: number
      readonly uid: string
      readonly modulo: number
    }
  | {
      readonly kind: 'count' | 'sum' | 'reduce' | 'aggregate' | 'latest' | 'total'
      readonly input: number
      readonly uid: string
      readonly key: KeyKind
    }
  | {
      readonly kind: 'process'
      readonly input: number
      readonly uid: string
      readonly key: KeyKind
      readonly what: ProcessKind
      /** Every so many records go to the side output as well; 0: there is none. */
      readonly sideModulo: number
      /** The order of a key's records is certain, so effects that depend on it are allowed. */
      readonly isOrdered: boolean
    }
  /** Sums and counts by key and window of event time; only where no record can be late. */
  | {
      readonly kind: 'window'
      readonly input: number
      readonly uid: string
      readonly key: KeyKind
      readonly plan: WindowPlan
    }
  /** A function over two keyed streams. */
  | {
      readonly kind: 'meet'
      readonly inputs: readonly [number, number]
      readonly uid: string
      readonly key: KeyKind
    }
  /** A pattern of two events of a key. */
  | {
      readonly kind: 'match'
      readonly input: number
      readonly uid: string
      readonly key: KeyKind
      readonly withinMs: number
    }
  /** An interval join; only of streams in which no record can be late. */
  | {
      readonly kind: 'join'
      readonly inputs: readonly [number, number]
      readonly uid: string
      readonly key: KeyKind
      readonly plan: JoinPlan
    }
  /** What the library has for one keyed stream. */
  | {
      readonly kind: 'helper'
      readonly input: number
      readonly uid: string
      readonly key: KeyKind
      readonly what: HelperKind
      /** How many, how long, of which kind: from 1 on. */
      readonly n: number
    }
  /** What the library has for two keyed streams in which no record can be late. */
  | {
      readonly kind: 'pair'
      readonly inputs: readonly [number, number]
      readonly uid: string
      readonly key: KeyKind
      readonly what: PairKind
      readonly sizeMs: number
    }
  /** State of a subtask, without key: holds some records back, a few of them for ever. */
  | {
      readonly kind: 'hold'
      readonly input: number
      readonly uid: string
      /** After a restore each subtask is given all that any of them held. */
      readonly isUnion: boolean
    }
  /** State, timers and results of calls that may throw; what failed comes out as it was. */
  | {
      readonly kind: 'guard'
      readonly policy: 'dead-letter' | 'park'
      readonly input: number
      readonly uid: string
      readonly key: KeyKind
    }
  /** Records are orders to a bank; what comes out is its history. */
  | {
      readonly kind: 'bank'
      readonly input: number
      readonly uid: string
      readonly key: KeyKind
    }
  /** An asynchronous call for each record. */
  | {
      readonly kind: 'call'
      readonly input: number
      readonly uid: string
      readonly isOrdered: boolean
    }
  /** A keyed stream, and one that goes to all subtasks. */
  | {
      readonly kind: 'rules'
      readonly inputs: readonly [number, number]
      readonly uid: string
      readonly key: KeyKind
    }
  /** State with a time to live in event time; what expires goes to its side output. */
  | (KeyedNode & { readonly kind: 'expire' })
  /** State whose subjects are erased now and then. */
  | (KeyedNode & { readonly kind: 'shredded' })
  /** Holds records back for some processing time. */
  | (KeyedNode & { readonly kind: 'delay' })
  /** The side output of `split` or `process`. */
  | { readonly kind: 'side'; readonly input: number }
  | {
      readonly kind: 'sink'
      readonly input: number
      readonly uid: string
      readonly compare: Compare
    }

/**
 * What is certain of a sink's output: all of it in order per key; all of it in any order; only the
 * sum of `v` per key and `at`, because late records make a window come in parts; that nothing
 * comes twice and only a few records are missing; that it is a history of a bank; or that keys
 * began anew only where their subjects were erased.
 */
export type Compare = 'order per key' | 'multiset' | 'sums' | 'most' | 'history' | 'begun anew'

/** What is certain of a stream; an operation may go only behind one that is certain enough. */
export interface Certainty {
  readonly compare: Compare
  /** The timestamp of each record is its `at`, and none is late. */
  readonly isTimed: boolean
}

export interface Workload {
  readonly sources: readonly SourceData[]
  readonly nodes: readonly WorkloadNode[]
  /** Of the stream that each node gives; undefined for a sink. */
  readonly certain?: readonly (Certainty | undefined)[]
  /** Whether streams declare the type of their records. */
  readonly typed: boolean
  /** Whether sinks keep one writer for all checkpoints. */
  readonly lastingWriters: boolean
}

/**
 * The result of `filter`, `split` and `flatMap` for a record. Depends on what is certain of a
 * record even if its value is not: windows may come in parts.
 */
export function restOf({ k, at }: Rec, modulo: number): number {
  return (k + at) % modulo
}

/** What an account holds at first. */
export const OPENING_BALANCE = 300
const ACCOUNTS = 7

/** What a record with this key and value orders a bank to do. */
export function bankOrder(k: number, v: number) {
  const f = v % 5 === 0 ? ('read' as const) : ('transfer' as const)
  return { f, amount: Math.abs(v) % 100, to: (Math.abs(v) + k) % ACCOUNTS }
}

/** A digest of an order: one value after the other. */
export function foldOf(digest: number, value: number): number {
  return (digest * 31 + value) % 1_000_003
}

/** What `call` makes of a value. */
export const CALL_FACTOR = 3
/** So many sums does `rules` keep. */
export const RULES = 3
export const EXPIRES_AFTER_MS = 64
/** How many entries `ordered` keeps. */
export const SORTED_MAX = 8
export const DEQUE_MAX = 5
/** Times of `payload` are rounded up to a multiple of it. */
export const COALESCE_MS = 10
/** `hold` lets records go when it has more than so many. */
export const HELD_MAX = 3
/** Records that may be missing where only most are certain: what subtasks still hold in the end. */
export const MISSING_MAX = 3 * HELD_MAX
/** Window length of `windows`. */
export const WINDOW_MS = 50
/** How long after a record its timer in `timers` is due. */
export const TIMER_DELAY_MS = 30
/** Later than any record: only the end of input gets there. */
export const FAR_MS = 1_000_000_000
