/**
 * Snapshots of a harness: cuts written as runs into a store in memory, as tasks write theirs. Each
 * snapshot names its runs, oldest first; harnesses restored from one go on in the same store.
 */
import { requireCompatible } from '../checkpoint/compatibility.ts'
import { operatorIds } from '../checkpoint/operator-ids.ts'
import { MillraceError } from '../errors.ts'
import type { JobPlan } from '../graph/plan.ts'
import type { Timestamp } from '../operators/functions.ts'
import { MIN_WATERMARK } from '../operators/operator.ts'
import type { EntryStream, KeyedStateBackend } from '../state/backend.ts'
import { restoreStream } from '../state/runs/run-set.ts'
import { readRecords } from '../state/runs/snapshot-reader.ts'
import { writeSnapshot, type WrittenSnapshot } from '../state/runs/snapshot-writer.ts'
import type { OperatorRecord, OperatorStateEntry, RunReference } from '../state/snapshot.ts'
import { MemoryBlobStore } from '../storage/memory.ts'
import { required } from '../util/assert.ts'
import { HARNESS_JOB } from './harness-node.ts'

/** A file name is never used twice, also not by several harnesses that share a store. */
interface RunStore {
  readonly blobs: MemoryBlobStore
  lastRun: number
}

const INSIDE: unique symbol = Symbol('millrace.harness-snapshot')

/** A snapshot of a harness, to be given to `restore` of others, as often as wanted. */
export interface HarnessSnapshot {
  readonly watermark: Timestamp
  readonly processingTime: Timestamp
  /** Of the run files that hold the state: what changed, if there was a snapshot before. */
  readonly runBytes: readonly number[]
  readonly [INSIDE]: {
    readonly store: RunStore
    readonly plan: JobPlan
    readonly operators: readonly OperatorRecord[]
    readonly runs: readonly RunReference[]
    /** The run that holds the operator state. */
    readonly records: RunReference | undefined
  }
}

export class HarnessSnapshots {
  readonly #plan: JobPlan
  readonly #store: RunStore
  readonly #operators: readonly OperatorRecord[]
  #runs: readonly RunReference[]
  #records: RunReference | undefined
  #writing: Promise<unknown> | undefined

  /** @throws `CHECKPOINT_INCOMPATIBLE` if the function does not fit what is restored. */
  constructor(plan: JobPlan, restore: HarnessSnapshot | undefined) {
    const inside = restore?.[INSIDE]
    if (inside !== undefined) {
      const { maxParallelism } = inside.plan
      const { lastRun } = inside.store
      const former = { checkpointId: lastRun, jobName: HARNESS_JOB, maxParallelism }
      requireCompatible({ ...former, plan: inside.plan }, plan)
    }
    this.#plan = plan
    this.#store = inside?.store ?? { blobs: new MemoryBlobStore('memory:harness'), lastRun: 0 }
    this.#operators = operatorIds(inside?.operators ?? [], plan, inside?.plan)
    this.#runs = inside?.runs ?? []
    this.#records = inside?.records
  }

  /** Resolves when nothing is being written any more. */
  get settled(): Promise<unknown> {
    return this.#writing?.catch(() => undefined) ?? Promise.resolve()
  }

  operator(uid: string): OperatorRecord {
    return required(
      this.#operators.find((record) => record.uid === uid && record.dropped !== true),
      `operator "${uid}" has no record`,
    )
  }

  /** What the backend starts from; undefined if there is nothing. */
  stream(): EntryStream | undefined {
    if (this.#runs.length === 0) return undefined
    const { maxParallelism } = this.#plan
    return restoreStream(this.#store.blobs, this.#runs, { start: 0, end: maxParallelism - 1 })
  }

  /** The operator state it starts from. */
  async operatorState(): Promise<readonly OperatorStateEntry[]> {
    return this.#records === undefined ? [] : readRecords(this.#store.blobs, this.#records)
  }

  /** Cuts now; records may go on while the cut is written. */
  async write(
    backend: KeyedStateBackend,
    records: readonly OperatorStateEntry[],
    watermark: Timestamp = MIN_WATERMARK,
    processingTime: Timestamp = 0,
  ): Promise<HarnessSnapshot> {
    if (this.#writing !== undefined) {
      const cure = 'await the former snapshot() first'
      throw new MillraceError('CHECKPOINT_FAILED', 'a snapshot is still being written', { cure })
    }
    const writing = this.#write(backend, records)
    this.#writing = writing
    try {
      const { keyed, records: ofOperator } = await writing
      if (keyed !== undefined) this.#runs = [...this.#runs, keyed]
      this.#records = ofOperator
    } finally {
      this.#writing = undefined
    }
    const inside = { store: this.#store, plan: this.#plan, operators: this.#operators }
    const runBytes = this.#runs.map((run) => run.lengthBytes)
    const runs = { runs: this.#runs, records: this.#records }
    return { watermark, processingTime, runBytes, [INSIDE]: { ...inside, ...runs } }
  }

  async #write(
    backend: KeyedStateBackend,
    records: readonly OperatorStateEntry[],
  ): Promise<WrittenSnapshot> {
    const cut = backend.cut()
    const checkpointId = ++this.#store.lastRun
    const { maxParallelism } = this.#plan
    try {
      const written = await writeSnapshot({
        cut,
        records,
        subtaskIndex: 0,
        store: this.#store.blobs,
        name: `runs/${checkpointId}.run`,
        metadata: {
          jobName: HARNESS_JOB,
          checkpointId,
          leaderEpoch: 1,
          maxParallelism,
          keyGroups: backend.keyGroups,
          operators: this.#operators,
        },
        // Nothing waits for the thread, and time is handed over by hand.
        slice: { monotonic: () => 0, budgetMs: 1, yield: () => Promise.resolve() },
      })
      cut.confirm()
      return written
    } catch (error) {
      cut.abort()
      throw error
    }
  }
}
