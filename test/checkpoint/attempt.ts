/** A coordinator that leads over a real store, with one worker of one task played by the test. */
import { fence, readChain } from '../../src/checkpoint/chain.ts'
import { Coordinator, type CoordinatorMessage } from '../../src/checkpoint/coordinator.ts'
import type { CrashPoint } from '../../src/checkpoint/crash-points.ts'
import { lineOf } from '../../src/checkpoint/line.ts'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import type {
  CheckpointReport,
  ProtocolOptions,
  RestoredCheckpoint,
} from '../../src/checkpoint/protocol.ts'
import { writeSavepoint } from '../../src/checkpoint/savepoint.ts'
import type { MillraceError } from '../../src/errors.ts'
import { silentLogger } from '../../src/metrics/log.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { ManualClock } from '../runtime/doubles.ts'
import { SMALL_PLAN, run, taskStatistics } from './links.ts'

const OPTIONS: ProtocolOptions = {
  intervalMs: 0,
  timeoutMs: 1000,
  minPauseMs: 0,
  tolerableFailures: 1,
  maxConcurrent: 1,
}

export interface AttemptSetup {
  readonly store?: BlobStore
  readonly keep?: number
  readonly options?: Partial<ProtocolOptions>
  readonly restored?: RestoredCheckpoint
  readonly firstCheckpointId?: number
}

/** The task answers at once, unless told not to. */
export class Attempt {
  readonly clock = new ManualClock()
  readonly sent: CoordinatorMessage[] = []
  readonly reports: CheckpointReport[] = []
  readonly points: CrashPoint[] = []
  readonly ends: string[] = []
  readonly failures: MillraceError[] = []
  readonly savepoints = new Map<string, MemoryBlobStore>()
  acknowledges = true
  commits = true
  declines = false
  /** Thrown when sources are cut. */
  cutError: Error | undefined
  /** Thrown when that point is reached. */
  crash: { readonly at: CrashPoint; readonly error: Error } | undefined
  readonly coordinator: Coordinator
  readonly leaderEpoch: number

  private constructor(coordinatorOf: (attempt: Attempt) => Coordinator, leaderEpoch: number) {
    this.leaderEpoch = leaderEpoch
    this.coordinator = coordinatorOf(this)
  }

  static async lead(setup: AttemptSetup = {}): Promise<Attempt> {
    const {
      store = new MemoryBlobStore(),
      keep = 2,
      options,
      restored,
      firstCheckpointId = 1,
    } = setup
    const { chain } = await fence(store, { jobName: 'test', writtenAt: 0 }, (seen) => ({
      restores: lineOf(seen.entries.map((entry) => entry.link)).at(-1)?.sequence ?? 0,
      lineage: 'a',
    }))
    const { leaderEpoch } = chain.head
    const job = {
      jobName: 'test',
      lineage: 'a',
      leaderEpoch,
      params: { input: 'x' },
      plan: SMALL_PLAN,
      operators: [],
    }
    const protocol = {
      options: { ...OPTIONS, ...options },
      tasks: [{ vertex: 0, subtaskIndex: 0, name: 'count' }],
      workers: 1,
      firstCheckpointId,
      restored,
    }
    const coordinatorOf = (attempt: Attempt) =>
      new Coordinator(
        { protocol, job, chain, keep },
        {
          store,
          clock: attempt.clock,
          logger: silentLogger,
          send: (message) => attempt.#receive(message),
          cutSources: () => {
            if (attempt.cutError !== undefined) throw attempt.cutError
            return [{ uid: 'in', pending: [{ id: 'rest' }], finished: [] }]
          },
          processingTime: () => 42,
          writeSavepoint: async (link, directory) => {
            const target = new MemoryBlobStore(directory)
            // Here runs are only names.
            await writeSavepoint(store, link, target, undefined, async () => undefined)
            attempt.savepoints.set(directory, target)
          },
          onEnded: (how, checkpointId) => void attempt.ends.push(`${how} ${checkpointId}`),
          onFailed: (error) => void attempt.failures.push(error),
          onReport: (report) => void attempt.reports.push(report),
          reach: (point) => {
            attempt.points.push(point)
            if (attempt.crash?.at === point) throw attempt.crash.error
          },
        },
      )
    const attempt = new Attempt(coordinatorOf, leaderEpoch)
    attempt.#store = store
    return attempt
  }

  #store: BlobStore | undefined

  /** Answers within the call, as a worker in the same thread would. */
  #receive(message: CoordinatorMessage): void {
    this.sent.push(message)
    const { checkpointId } = message
    if (message.kind === 'complete' && this.commits) {
      this.coordinator.receive(0, { kind: 'committed', checkpointId })
    }
    if (message.kind !== 'trigger') return
    if (this.declines) {
      const error = { code: 'STORAGE_FAILED', message: 'full', cure: '', retryable: true } as const
      const task = { vertex: 0, subtaskIndex: 0 }
      this.coordinator.receive(0, {
        kind: 'decline',
        checkpointId,
        ...task,
        error: { ...error, details: {} },
      })
    } else if (this.acknowledges) {
      void this.acknowledge(checkpointId)
    }
  }

  async acknowledge(checkpointId: number): Promise<void> {
    const name = `runs/${this.leaderEpoch}-${checkpointId}-v0-s0.run`
    const reference = { ...run(name), lengthBytes: 10 }
    await this.#store?.putIfAbsent(name, new Uint8Array(10)).catch(() => undefined)
    const keyGroups = { start: 0, end: 127 }
    this.coordinator.receive(0, {
      kind: 'acknowledge',
      checkpointId,
      task: { vertex: 0, subtaskIndex: 0, runs: [reference], keyGroups },
      statistics: taskStatistics(0, 0),
    })
  }
}

export const checkpointsIn = async (store: BlobStore): Promise<readonly CheckpointLink[]> =>
  lineOf((await readChain(store)).entries.map((entry) => entry.link))
