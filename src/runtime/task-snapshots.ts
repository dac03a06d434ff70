/**
 * The runs of one task: writes a cut as the next run in the background, keeps the list of runs that
 * hold its state, merges them so that the list stays short, and follows the fate of each
 * checkpoint. A merged run replaces others only in the next manifest.
 */
import { required } from '../util/assert.ts'
import type { StateCut } from '../state/backend.ts'
import { EntryRenewal, type RenewedOperator } from '../state/runs/entry-renewal.ts'
import { type MergePlan, planMerge } from '../state/runs/run-set.ts'
import { writeSnapshot } from '../state/runs/snapshot-writer.ts'
import type { Slice } from '../state/runs/pace.ts'
import type { RunMetadata } from '../state/runs/run-format.ts'
import type {
  OperatorRecord,
  OperatorStateEntry,
  RunReference,
  TaskSnapshot,
} from '../state/snapshot.ts'
import { runName } from '../checkpoint/layout.ts'
import { RunRenewal } from './run-renewal.ts'
import { TaskMerges, type TaskMergesOptions } from './task-merges.ts'
import type { WorkerSettings } from '../checkpoint/settings.ts'

interface Attempt {
  readonly checkpointId: number
  readonly cut: StateCut | undefined
  /** All of the state is in runs written for it. */
  readonly full: boolean
  /** Settles when nothing reads the cut any more. */
  writing: Promise<TaskSnapshot> | undefined
  /** Set when the run is written. */
  runs: readonly RunReference[] | undefined
  written: readonly RunReference[]
  isAborted: boolean
}

export interface TaskSnapshotsOptions extends TaskMergesOptions {
  readonly operators: readonly OperatorRecord[]
  readonly settings: WorkerSettings
  readonly restored: readonly RunReference[]
  /** The keyed operators of the task: merges bring what they wrote before up to date. */
  readonly renewed?: readonly RenewedOperator[]
}

export class TaskSnapshots {
  /** Runs of the newest complete checkpoint, or those restored. */
  #runs: readonly RunReference[]
  /** Checkpoints whose fate is not known yet, oldest first; each builds on the one before it. */
  #attempts: readonly Attempt[] = []
  /** Written for the newest complete checkpoint; the runs of its records are among them. */
  #newest: readonly RunReference[] = []
  readonly #options: TaskSnapshotsOptions
  #merging: Promise<void> | undefined
  #merged: { readonly replaces: readonly RunReference[]; readonly by: RunReference } | undefined
  readonly #merges: TaskMerges
  readonly #renewal: RunRenewal

  constructor(options: TaskSnapshotsOptions) {
    const { store, restored, renewed = [], host } = options
    this.#options = options
    this.#runs = restored
    let isReported = false
    const renewal = new EntryRenewal(renewed, (error) => {
      if (!isReported) host.report('entry-not-converted', error)
      isReported = true
    })
    this.#renewal = new RunRenewal(store, restored, renewal)
    this.#merges = new TaskMerges(options, this.#renewal)
  }

  /** Bytes of files with entries of older types, which are still to be written anew. */
  get outdatedBytes(): number {
    return this.#renewal.bytesLeft
  }

  /**
   * False between a cut and the news of its checkpoint: if that is aborted, its changes have to be
   * in the next. A checkpoint that was begun `after` it, while it was under way, need not wait: it
   * builds on it, and is aborted with it. For good when the task has ended: news may come late.
   */
  mayCut(after?: number): boolean {
    if (this.#options.signal.aborted) return false
    const last = this.#attempts.at(-1)
    return last === undefined || (last.checkpointId === after && !last.isAborted)
  }

  /**
   * Writes what a cut holds; resolves with the task's part of the checkpoint.
   *
   * @param full whether the part is to refer to no run of an older checkpoint.
   */
  write(
    checkpointId: number,
    cut: StateCut | undefined,
    records: Promise<readonly OperatorStateEntry[]>,
    full = false,
  ): Promise<TaskSnapshot> {
    const former = this.#attempts.at(-1)
    const isFull = full || this.#options.settings.snapshotPolicy === 'full'
    const pending = { writing: undefined, runs: undefined, written: [], isAborted: false }
    const attempt: Attempt = { checkpointId, cut, full: isFull, ...pending }
    this.#attempts = [...this.#attempts, attempt]
    attempt.writing = this.#write(attempt, records, former)
    return attempt.writing
  }

  /** The checkpoint is complete: its list of runs is the truth. */
  complete(checkpointId: number): void {
    const [attempt, ...later] = this.#attempts
    if (attempt?.checkpointId !== checkpointId) return
    this.#attempts = later
    this.#runs = required(
      attempt.runs,
      `checkpoint ${checkpointId} completed before it was written`,
    )
    this.#newest = attempt.written
    attempt.cut?.confirm()
    this.#renewal.keepOnly(this.#runs)
    this.#settleMerge()
    this.#startMerge()
  }

  /** The checkpoint failed: its changes join the next, its file is nobody's. */
  async abort(checkpointId: number): Promise<void> {
    const attempt = this.#attempts.find((each) => each.checkpointId === checkpointId)
    if (attempt === undefined || attempt.isAborted) return
    attempt.isAborted = true
    await attempt.writing?.catch(() => undefined)
    attempt.cut?.abort()
    this.#attempts = this.#attempts.filter((each) => each !== attempt)
    const { store, host } = this.#options
    for (const name of new Set(attempt.written.map((run) => run.name))) {
      // If it stays, it is garbage that the next collection finds.
      await store.delete(name).catch((error: unknown) => host.report('run-not-deleted', error))
    }
  }

  /** What a restore from the newest complete checkpoint would read, and what is being written. */
  get files(): readonly string[] {
    const written = this.#attempts.flatMap((attempt) => attempt.written)
    const merged = this.#merged === undefined ? [] : [this.#merged.by]
    return [...this.#runs, ...this.#newest, ...written, ...merged].map(({ name }) => name)
  }

  /** Resolves when nothing is written any more, and nothing reads a cut. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#merging, ...this.#attempts.map(({ writing }) => writing)])
  }

  async #write(
    attempt: Attempt,
    records: Promise<readonly OperatorStateEntry[]>,
    former: Attempt | undefined,
  ): Promise<TaskSnapshot> {
    const { store, scope, vertex, subtaskIndex, keyGroups } = this.#options
    const { checkpointId } = attempt
    // One after the other: the list of runs of the former is where this one goes on.
    const [entries] = await Promise.all([records, former?.writing])
    const written = await writeSnapshot({
      cut: attempt.cut,
      records: entries,
      subtaskIndex,
      store,
      name: runName({ leaderEpoch: scope.leaderEpoch, checkpointId, vertex, subtaskIndex }),
      metadata: this.#metadata(checkpointId),
      ...this.#how(),
    })
    attempt.written = [written.keyed, written.records].filter((run) => run !== undefined)
    const base = this.#withMerge(former?.runs ?? this.#runs)
    const runs = written.keyed === undefined ? base : [...base, written.keyed]
    attempt.runs = await this.#inWhole(attempt, runs)
    return {
      runs: attempt.runs,
      ...(written.records === undefined ? {} : { records: written.records }),
      keyGroups,
    }
  }

  /** A full checkpoint holds one run, written for it: all of the state. */
  async #inWhole(
    attempt: Attempt,
    runs: readonly RunReference[],
  ): Promise<readonly RunReference[]> {
    if (!attempt.full || runs.every((run) => attempt.written.includes(run))) return runs
    const whole = await this.#mergeInto(runs, true, attempt.checkpointId)
    attempt.written = [...attempt.written, whole]
    return [whole]
  }

  #withMerge(runs: readonly RunReference[]): readonly RunReference[] {
    const merged = this.#merged
    if (merged === undefined) return runs
    const from = runs.indexOf(merged.replaces[0] as RunReference) // a merge replaces some
    if (from < 0) return runs
    return [...runs.slice(0, from), merged.by, ...runs.slice(from + merged.replaces.length)]
  }

  #startMerge(): void {
    const { signal, host } = this.#options
    if (this.#merging !== undefined || this.#merged !== undefined || signal.aborted) return
    if (this.#renewal.isKnown && this.#plan() === undefined) return
    this.#merging = this.#mergeNext()
      .catch((error: unknown) => (signal.aborted ? undefined : host.report('merge-failed', error)))
      .finally(() => (this.#merging = undefined))
  }

  /** What is due by size, else what is to be brought up to date. */
  #plan(): MergePlan | undefined {
    return planMerge(this.#runs) ?? this.#renewal.plan(this.#runs)
  }

  async #mergeNext(): Promise<void> {
    if (!this.#renewal.isKnown) await this.#renewal.look(this.#runs)
    const plan = this.#plan()
    if (plan === undefined) return
    await this.#merge(this.#runs.slice(plan.from, plan.to), plan.from === 0)
  }

  async #merge(runs: readonly RunReference[], dropTombstones: boolean): Promise<void> {
    const by = await this.#mergeInto(runs, dropTombstones, this.#options.scope.checkpointId)
    this.#merged = { replaces: runs, by }
    this.#settleMerge()
  }

  /** A merge has taken effect, or came too late: a full checkpoint has replaced its runs. */
  #settleMerge(): void {
    const merged = this.#merged
    if (merged === undefined || this.#runs.includes(merged.replaces[0] as RunReference)) return
    this.#merged = undefined
    if (this.#runs.includes(merged.by)) return
    const { store, host } = this.#options
    const failed = (error: unknown): void => host.report('run-not-deleted', error)
    void store.delete(merged.by.name).catch(failed) // nobody will ever name it
  }

  #mergeInto(
    runs: readonly RunReference[],
    dropTombstones: boolean,
    checkpointId: number,
  ): Promise<RunReference> {
    const written = { ...this.#how(), metadata: this.#metadata(checkpointId) }
    return this.#merges.merge(runs, dropTombstones, checkpointId, written)
  }

  /** How all runs of the task are written. */
  #how() {
    const { settings, signal, host } = this.#options
    const { clock, sealer, blockBytes } = host
    const slice: Slice = {
      monotonic: () => clock.monotonic(),
      budgetMs: settings.sliceMs,
      async yield() {
        await clock.yield()
        signal.throwIfAborted() // a worker that ends does not finish what nobody will name
      },
      hasTimeToSpare: () => host.hasTimeToSpare?.() === true,
    }
    const at = (point: string): void | Promise<void> => host.at(point)
    return { compression: settings.compression, sealer, blockBytes, slice, at }
  }

  #metadata(checkpointId: number): RunMetadata {
    const { settings, scope, operators, keyGroups } = this.#options
    return {
      jobName: settings.jobName,
      checkpointId,
      leaderEpoch: scope.leaderEpoch,
      maxParallelism: settings.maxParallelism,
      keyGroups,
      operators,
    }
  }
}
