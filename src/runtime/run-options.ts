/** Options of `run()`, and how they become what workers need to know. */
import { join } from 'node:path'
import type { OptionValues } from '../config/options.ts'
import type { OptionsInput } from '../config/values.ts'
import type { ResolvedOptions } from '../config/resolve.ts'
import type { WorkerSettings } from '../checkpoint/settings.ts'
import type { Logger } from '../metrics/log.ts'
import { isLocalDisk } from '../storage/open.ts'
import type { ProfileOptions } from './profile/job-profile.ts'
import { TIMERS_PER_STEP } from './stages.ts'

/** Everything `run()` takes; the same keys as the flags and the config file. */
export interface RunOptions extends OptionsInput {
  /** Values of the job's declared parameters; text is parsed as on the command line. */
  readonly params?: Readonly<Record<string, unknown>>
  /** Aborting it cancels the job; its state is kept. */
  readonly signal?: AbortSignal
  /** Default: silent. A pino logger fits. */
  readonly logger?: Logger
  /** A config file; default: the usual names in the working directory. */
  readonly config?: string
  /** Where does the time go? Answered by `handle.profile` when the job has ended. */
  readonly profile?: boolean | ProfileOptions
}

/** In a job's folder: one folder of throw-away files for each start. */
export const STATE_FOLDER = 'state'

/** In a job's folder, beside it: copies that outlive a start. */
const COPIES_FOLDER = 'copies'

/** Where the files of a job are. */
export interface JobPaths {
  readonly directory: string
  /** `<directory>/<job>`: control file, local state. */
  readonly job: string
  readonly storage: string
  /** Throw-away files: of this start alone, for a former one may only have been asleep. */
  readonly state: string
  /** Copies of runs, for the next restore on this machine. */
  readonly copies: string
}

/** @param id of this start */
export function jobPaths({ values }: ResolvedOptions, jobName: string, id: string): JobPaths {
  const { directory } = values
  const job = join(directory, jobName)
  const storage = values['checkpointing.storage'] ?? join(job, 'checkpoints')
  const state = join(job, STATE_FOLDER, id)
  return { directory, job, storage, state, copies: join(job, COPIES_FOLDER) }
}

/** Rings are small: what does not fit waits in the sender's outbox, where it is accounted. */
const RING_BYTES = 1024 * 1024
/** A task takes no new record while this many values wait for the writer of a sink of its own. */
const SINK_VALUES = 8_192
const SLICE_MS = 2

/** What the options alone do not say. */
export interface GrantedResources {
  readonly paths: JobPaths
  /** Of the process's budget. */
  readonly memoryBytes: number
  readonly ringBytes?: number
  readonly sinkValues?: number
  readonly sliceMs?: number
  readonly timersPerStep?: number
  /** Whether a damaged block was found, in a file or in a copy of it. */
  readonly hasDamage?: boolean
}

function hasLocalCopies(choice: 'auto' | 'on' | 'off', storage: string): boolean {
  return choice === 'auto' ? !isLocalDisk(storage) : choice === 'on'
}

export function workerSettings(
  { values }: ResolvedOptions,
  jobName: string,
  granted: GrantedResources,
): WorkerSettings {
  const { paths, memoryBytes, hasDamage = false } = granted
  const { ringBytes = RING_BYTES, sinkValues = SINK_VALUES, sliceMs = SLICE_MS } = granted
  const { timersPerStep = TIMERS_PER_STEP } = granted
  return {
    jobName,
    parallelism: values.parallelism,
    maxParallelism: values.maxParallelism,
    backend: values.backend,
    memoryBytes,
    storage: paths.storage,
    encryptionKeys: values['encryption.keys'],
    hasSubjects: values['encryption.subjects'] !== undefined,
    isSigned: values['signing.keys'] !== undefined,
    stateDirectory: paths.state,
    batchRecords: values.batchRecords,
    callTimeoutMs: values.callTimeout,
    outboxBytes: values.outboxBytes,
    ringBytes,
    sinkValues,
    sliceMs,
    timersPerStep,
    compression: values['checkpointing.compression'],
    snapshotPolicy: values['state.snapshotPolicy'],
    exactlyOnce: values['checkpointing.mode'] === 'exactly-once',
    alignmentTimeoutMs: alignmentTimeoutMs(values),
    localCopies: {
      isOn: hasLocalCopies(values['state.localRecovery'], paths.storage),
      directory: paths.copies,
      bytesMax: values['state.localRecoverySize'],
      isTrusted: !hasDamage,
    },
    blockCacheBytes: values['state.blockCache'],
    writeBufferBytes: values['state.writeBufferSize'],
  }
}

/** How long barriers keep their place. Without exactly-once no task waits, so nothing overtakes. */
function alignmentTimeoutMs(values: OptionValues): number {
  const unaligned = values['checkpointing.unaligned']
  const isOff = unaligned === 'never' || values['checkpointing.mode'] !== 'exactly-once'
  if (isOff) return Number.POSITIVE_INFINITY
  return unaligned === 'always' ? 0 : values['checkpointing.alignmentTimeout']
}
