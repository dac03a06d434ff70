/**
 * The contract of sinks. A writer gets records in order and never sees a barrier: at a cut the host
 * asks it for committables, which travel in the checkpoint and are committed once it is complete.
 * Writers run behind a bounded outbox, so they may be asynchronous without holding up the chain.
 */
import type { Clock } from '../util/clock.ts'
import type { Type } from '../types/type.ts'

/** Who commits what: with it a commit can be recognised after a crash, and a fork refused. */
export interface CommitScope {
  readonly jobName: string
  /** Of this line of checkpoints; a fork or a fresh start has another one. */
  readonly lineage: string
  /** Of the leader that wrote the committable. */
  readonly leaderEpoch: number
  readonly checkpointId: number
}

export interface WriterContext {
  readonly scope: CommitScope
  readonly uid: string
  readonly subtaskIndex: number
  readonly clock: Clock
  readonly signal: AbortSignal
  /**
   * True if what the job keeps is encrypted (`encryption.keys`): what a writer leaves on a disk
   * before it is committed should be, too. The key to it may travel in the committable.
   */
  readonly isEncrypted?: boolean
}

export interface SinkWriter<T, Committable> extends AsyncDisposable {
  /** Takes records in order; resolves when more may come. */
  write(values: readonly T[], timestamps: Float64Array): void | Promise<void>
  /** Makes what was written since the last call safe, and says how to make it visible. */
  prepareCommit(scope: CommitScope): Promise<readonly Committable[]>
}

export interface CommitRequest<Committable> {
  readonly committable: Committable
  readonly scope: CommitScope
  /** 1 for the first try. */
  readonly attempt: number
}

/** `committed` also when a former try did it; `retry` asks to be called again later. */
export type CommitOutcome = 'committed' | 'retry'

export interface Committer<Committable> extends AsyncDisposable {
  /** May be repeated for the same committable after a crash; must then find it already visible. */
  commit(request: CommitRequest<Committable>): Promise<CommitOutcome>
  /** Undoes visible output, for a return below its checkpoint; absent if the sink cannot. */
  withdraw?(request: CommitRequest<Committable>): Promise<void>
}

/** How exact a sink is, for `plan`, `status` and the promise to the user. */
export type DeliveryGuarantee = 'exactly-once' | 'at-least-once'

export interface Sink<T, Committable = unknown> {
  readonly [sinkBrand]: true
  /** Keeps `Sink<Dog>` and `Sink<Cat>` apart; never there at run time. */
  readonly element?: (value: T) => void
  readonly name: string
  readonly guarantee: DeliveryGuarantee
  readonly committable: Type<Committable>
  /** True if its committers have `withdraw`: a return to an older checkpoint needs no asking. */
  readonly canWithdraw?: boolean
  /**
   * True if `recover` itself finds visible output of its lineage that is newer than its scope's
   * checkpoint and takes it back. Then a return needs no asking even where damage has taken the
   * committables that name that output.
   */
  readonly findsNewerOutput?: boolean
  createWriter(context: WriterContext): Promise<SinkWriter<T, Committable>>
  /** Absent for sinks whose writes are visible at once. */
  createCommitter?(context: WriterContext): Promise<Committer<Committable>>
  /**
   * Called once per attempt, by the first subtask, before it writes: leftovers of dead attempts can
   * be removed. `alive` are the committables of all subtasks that are yet to be committed. Writers
   * of this attempt (this leader epoch) may be at work already.
   */
  recover?(context: WriterContext, alive: readonly Committable[]): Promise<void>
}

export const sinkBrand: unique symbol = Symbol.for('millrace.sink') as never
