/**
 * What happens once at the start of a job: its options are resolved, its storage is opened, and it
 * gets its share of memory.
 */
import type { ProtocolOptions } from '../checkpoint/protocol.ts'
import type { OptionValues } from '../config/options.ts'
import { layerFromObject, resolveOptions, type ResolvedOptions } from '../config/resolve.ts'
import { MillraceError } from '../errors.ts'
import type { Logger } from '../metrics/log.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { AttemptSetup } from './attempt-setup.ts'
import type { PaceOptions } from './checkpoint-pace.ts'
import { encryptedHost } from './encryption.ts'
import { openVaults, type Vaults } from './subject-keys.ts'
import { signedHost } from './signing.ts'
import type { Host } from './host.ts'
import type { LeadRequest } from './lead.ts'
import { memoryBudgetOf, type MemoryGrant } from './memory.ts'
import { jobPaths, type JobPaths, type RunOptions } from './run-options.ts'

export interface JobMasterOptions {
  readonly host: Host
  /** URL of the job's module, or undefined for a job value that runs in this thread. */
  readonly moduleUrl: string | undefined
  readonly job: unknown
  readonly options: RunOptions
  readonly logger: Logger
}

export interface ConfiguredJob {
  /** The host, whose stores are encrypted and signed if the options say so. */
  readonly host: Host
  readonly resolved: ResolvedOptions
  readonly paths: JobPaths
  readonly store: BlobStore
  /** Where the keys of subjects are; undefined: there are none. */
  readonly vaults: Vaults | undefined
  /** Copies of runs on the local disk. */
  openCopies(): Promise<BlobStore>
  /** Of this process: of its claim, its fences and its marks. */
  readonly id: string
  readonly memory: MemoryGrant
  /** Closes the stores. */
  close(): Promise<void>
}

/**
 * @param code the options that the job states in code.
 * @throws `CONFIG_…`, `JOB_NEEDS_MODULE`, `JOB_OWNED`, and what the storage throws.
 */
export async function configureJob(
  { host: plainHost, options, moduleUrl }: JobMasterOptions,
  jobName: string,
  code: object,
): Promise<ConfiguredJob> {
  const { params: _params, signal: _signal, logger: _logger, ...others } = options
  const { profile: _profile, config, ...given } = others
  const resolved = resolveOptions(
    [
      layerFromObject('code', `job "${jobName}"`, code),
      ...(await plainHost.machineLayers(config)),
      layerFromObject('run', 'run()', given),
    ],
    plainHost.memoryBytes,
  )
  const { parallelism } = resolved.values
  if (moduleUrl === undefined && parallelism > 1 && !plainHost.runsValuesInParallel) {
    throw new MillraceError(
      'JOB_NEEDS_MODULE',
      `job "${jobName}" was given as a value, which cannot cross into ${parallelism} threads`,
    )
  }
  const { standby, from, fresh } = resolved.values
  if (standby && (fresh || from !== undefined)) {
    const given = fresh ? '--fresh' : '--from'
    throw new MillraceError('CONFIG_INVALID', `a standby goes on where the leader was: no ${given}`)
  }
  const {
    'encryption.keys': keys,
    'encryption.subjects': subjects,
    'signing.keys': signingKeys,
  } = resolved.values
  const host = await signedHost(await encryptedHost(plainHost, keys), signingKeys)
  const id = host.random.id()
  const paths = jobPaths(resolved, jobName, id)
  const vaults = await openVaults(plainHost, { keys, subjects }, paths.storage)
  const store = await host.openStore(paths.storage)
  const isStated = resolved.origins.memory !== 'default'
  const memory = memoryBudgetOf(host).claim(resolved.values.memory, isStated)
  const openCopies = (): Promise<BlobStore> => host.openStore(paths.copies)
  const close = async (): Promise<void> => {
    await store.close()
    await vaults?.store.close()
  }
  return { host, resolved, paths, store, vaults, openCopies, id, memory, close }
}

/** What the job is told to go on from; attempts after the first go on from where that led. */
export function startOf(
  { from, fresh, claim, acceptDuplicates }: OptionValues,
  isFirst: boolean,
): Pick<LeadRequest, 'from' | 'fresh' | 'claims' | 'acceptDuplicates'> {
  if (!isFirst) return { from: undefined, fresh: false, claims: false, acceptDuplicates }
  return { from, fresh, claims: claim === 'claim', acceptDuplicates }
}

/** What an attempt is told of its checkpoints. */
export function checkpointOptions(
  values: OptionValues,
): Pick<AttemptSetup, 'protocol' | 'pace' | 'keep'> {
  const keep = values['checkpointing.keep']
  return { protocol: protocolOptions(values), pace: paceOptions(values), keep }
}

function protocolOptions(values: OptionValues): ProtocolOptions {
  return {
    intervalMs: values['checkpointing.interval'],
    intervalDuringBacklogMs: values['checkpointing.intervalDuringBacklog'],
    timeoutMs: values['checkpointing.timeout'],
    minPauseMs: values['checkpointing.minPause'],
    tolerableFailures: values['checkpointing.tolerableFailures'],
    // A pause between two is the end of one before the start of the next.
    maxConcurrent: values['checkpointing.minPause'] > 0 ? 1 : values['checkpointing.maxConcurrent'],
  }
}

/** Opens a store for as long as `work` takes. */
export async function withStore<T>(
  host: Host,
  location: string,
  work: (store: BlobStore) => Promise<T>,
): Promise<T> {
  const store = await host.openStore(location)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

function paceOptions(values: OptionValues): PaceOptions {
  return {
    intervalMs: values['checkpointing.interval'],
    recoveryTargetMs: values['checkpointing.recoveryTarget'],
    restartDelayMs: values['restart.delay'],
    intervalDuringBacklogMs: values['checkpointing.intervalDuringBacklog'],
  }
}
