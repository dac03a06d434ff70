/**
 * What is compared. A cell is one piece of work on one input; its contenders are engines that do
 * it, and all outputs must be equal. There are two kinds: of most cells the rate counts, and each
 * contender gives out an updated result for each record, unless it is said to give out the last
 * results only; of a cell with measures, how many milliseconds each of these takes.
 */
import type { Output } from './checksum.ts'

export const NEXMARK_QUERIES = [
  ...(['q0', 'q1', 'q2', 'q3', 'q4', 'q5', 'q7', 'q8', 'q9', 'q11', 'q12'] as const),
  ...(['q14', 'q15', 'q16', 'q17', 'q18', 'q19', 'q20'] as const),
] as const
export type NexmarkQuery = (typeof NEXMARK_QUERIES)[number]

/**
 * `start` is a process that counts ten words; `snapshots` are checkpoints of much state, and what
 * is restored from them; `latency` is how long after they were due records came out; the others
 * are jobs over many records.
 */
export type Work =
  | ('words' | 'sum-number' | 'sum-string' | 'map' | 'list' | 'exchange' | 'start')
  | ('snapshots' | 'latency' | 'text-sums-uniform' | 'text-sums-zipf')
  | NexmarkQuery

export function isNexmark(work: string): work is NexmarkQuery {
  return NEXMARK_QUERIES.some((query) => query === work)
}

/** One run, as a contender is told of it. */
export interface Task {
  readonly work: Work
  readonly records: number
  /** How many keys they are drawn from; words have their own number of these. */
  readonly keys: number
  readonly backend: 'memory' | 'rocksdb'
  readonly parallelism: number
  /** 0: none are made. */
  readonly checkpointSeconds: number
  /** The folder of the words' text, or the file of the events; else empty. */
  readonly input: string
  /** Of `text-sums`, which hold more than there is room for; absent: there is room for all. */
  readonly memoryMb?: number
}

/** What one run came to. */
export interface Measured {
  /**
   * From the first record that was read to the last that was written; of a start, from that of the
   * process to its first result.
   */
  readonly ms: number
  /** Of all threads of the process in that time. Not told of starts. */
  readonly cpuMs?: number
  /** The most that the process had until its first result. Of starts, where the system tells. */
  readonly memoryMb?: number
  readonly output: Output
  /** How many records there were, where the contender's own rate decides that. */
  readonly records?: number
  /** The last result of each key, where the contender knows it. */
  readonly last?: Output
  /** By name, of cells that have measures. */
  readonly measures?: Readonly<Record<string, number>>
}

/** One of several figures of a run: milliseconds, and fewer are better. */
export interface Measure {
  readonly name: string
  readonly title: string
  /** It says what a run was like, in a unit of its own; nothing is compared. */
  readonly unit?: string
}

/** Who does the work; all but Flink in a fresh process for each run. */
export type Engine =
  'millrace' | 'millrace-words' | 'flink' | 'by-hand' | 'tables' | 'rxjs' | 'd2ts'

export interface Contender {
  readonly name: string
  readonly engine: Engine
  readonly backend: Task['backend']
  readonly parallelism: number
  /** It is given one record in so many, the first ones: it would take too long else. */
  readonly oneIn?: number
  /** Gives out the last result of each key in each batch, not each update. */
  readonly isBatched?: boolean
}

export interface Cell {
  readonly name: string
  readonly title: string
  readonly work: Work
  readonly records: number
  readonly keys: number
  /** Absent: the rate counts. */
  readonly measures?: readonly Measure[]
  /** The first is what others are compared with. */
  readonly contenders: readonly Contender[]
}

/** The order in which a contender's runs of a cell came out, or why it has none. */
export interface Runs {
  readonly contender: Contender
  readonly records: number
  readonly rounds: readonly Measured[]
  readonly problem?: string
}

export interface CellResult {
  readonly cell: Cell
  readonly runs: readonly Runs[]
}
