/** What a test author has of a whole job under test: how it is made, and what it can be told. */
import type { ReleaseOutcome } from '../../operators/failures/parked-keys.ts'
import type { Timestamp } from '../../operators/functions.ts'
import type { JobStatus } from '../../runtime/job-status.ts'
import type { RunOptions } from '../../runtime/run-options.ts'
import type { Snapshot } from '../../savepoint/snapshot.ts'
import type { Duration } from '../../util/duration.ts'
import type { Recorded } from './recorded-sink.ts'
import type { ScriptedSource } from './scripted-source.ts'

/** A savepoint of a job under test, to be given to `restore` of other harnesses. */
export interface JobSnapshot {
  /** Opens it, to read its state; close it, or declare it `await using`. */
  open(): Promise<Snapshot>
  readonly blobs: ReadonlyMap<string, Uint8Array>
}

export interface JobHarnessOptions {
  /** Values of the job's parameters. */
  readonly params?: Readonly<Record<string, unknown>>
  /** Default: 1. More run in the same thread, each with its own rings and state. */
  readonly parallelism?: number
  /** Default: `hashmap`. */
  readonly backend?: 'hashmap' | 'rocksdb'
  /** Splits of each source. Default: 1. */
  readonly splits?: number
  /** Sources and sinks, by uid, that stay what they are. */
  readonly keep?: readonly string[]
  /** What `snapshot()` of another harness gave; parallelism and backend may differ. */
  readonly restore?: JobSnapshot
  /** Where time begins. Default: the start of 2026. */
  readonly now?: Timestamp
  /** Anything else that `run` takes. By default nothing restarts, and time triggers checkpoints. */
  readonly options?: Omit<RunOptions, 'params' | 'parallelism' | 'backend' | 'from' | 'signal'>
}

export interface JobHarness extends AsyncDisposable {
  /** The script of a source. Its records must be those of the source. */
  source<T>(uid: string): ScriptedSource<T>
  /** What has reached a sink: what a reader of exactly-once output gets in the end. */
  output<T>(uid: string): readonly T[]
  /** As `output`, with timestamps. */
  records<T>(uid: string): readonly Recorded<T>[]
  /** What of it is visible, because a checkpoint is complete that holds it. */
  committed<T>(uid: string): readonly T[]
  /** Virtual time. */
  readonly now: Timestamp
  readonly status: JobStatus
  /** Lets time pass: processing-time timers, checkpoints by interval, timeouts, restarts. */
  advanceTime(duration: Duration): Promise<void>
  /** Waits until the job has nothing left to do. */
  settle(): Promise<void>
  /**
   * Waits until something is so that depends on the real world, such as an asynchronous call.
   *
   * @throws `FUNCTION_FAILED` after ten seconds, naming `what`.
   */
  until(condition: () => boolean, what?: string): Promise<void>
  /** Takes a checkpoint; when it resolves, its output is committed. */
  checkpoint(options?: { readonly full?: boolean }): Promise<void>
  /**
   * Tries again what an operator has parked, all of its keys or one.
   *
   * @throws as `JobHandle.release`.
   */
  release(operator: string, options?: { readonly key?: unknown }): Promise<ReleaseOutcome>
  /** Takes a savepoint. */
  snapshot(): Promise<JobSnapshot>
  /** As `kill -9` and a new start: what no checkpoint holds is done again. */
  crash(): Promise<void>
  /** Stops the job and goes on at another parallelism. */
  rescale(parallelism: number): Promise<void>
  /** Ends all sources and waits until the job has finished. */
  finish(): Promise<void>
}
