/** How the processes of a life are started: the command line of a start, its options dealt anew. */
import { join } from 'node:path'
import type { Random } from '../../src/util/random.ts'
import type { InputSize } from './job/input.ts'
import type { Place } from './place.ts'
import { BACKENDS, type Backend, type LifePlan } from './plan.ts'
import { RunningProcess } from './process.ts'

export const SIZE: InputSize = {
  payments: 4_000,
  ordersPerFile: 500,
  distinctWords: 2_500,
  rules: 200,
}
/** At this rate of payments the input lasts for 27 seconds, if nothing is done twice. */
const RATE = 150
const FULL_RATE = 1_000_000
/** So little that RocksDB evicts rows, and reads them back. */
const ROCKSDB_MEMORY = '8MB'
const HASHMAP_MEMORY = '128MB'
const LEASE = '1 s'

const jobModule = join(import.meta.dirname, 'job/job.ts')
const littleMemory = join(import.meta.dirname, 'hooks/little-memory.ts')
const slowFiles = join(import.meta.dirname, 'hooks/slow-files.ts')

export interface StartOptions {
  readonly backend: Backend
  readonly parallelism: number
  readonly killAt?: string
  readonly isSlow?: boolean
  readonly isFast?: boolean
  /** So many files may be open. */
  readonly handles?: number
  readonly flags?: readonly string[]
}

/** What may differ from start to start without changing the output, by the dice. */
function dealtOptions(random: Random): string[] {
  const settings = [
    `checkpointing.unaligned=${random.int(2) === 0 ? 'always' : 'auto'}`,
    `checkpointing.interval=${random.int(2) === 0 ? 80 : 250} ms`,
    `checkpointing.maxConcurrent=${random.int(3) === 0 ? 2 : 1}`,
    `checkpointing.keep=${2 + random.int(3)}`,
    `checkpointing.compression=${random.int(3) === 0 ? 'none' : 'zstd'}`,
    `state.snapshotPolicy=${random.int(6) === 0 ? 'full' : 'incremental'}`,
    `state.localRecovery=${random.int(4) === 0 ? 'on' : 'auto'}`,
    `batchRecords=${random.int(2) === 0 ? 16 : 64}`,
  ]
  return settings.flatMap((setting) => ['--set', setting])
}

export function startJob(
  plan: LifePlan,
  place: Place,
  options: StartOptions,
  random: Random,
): RunningProcess {
  const {
    backend,
    parallelism,
    killAt,
    isSlow = false,
    isFast = false,
    flags = [],
    handles,
  } = options
  const params = {
    input: place.input,
    output: place.output,
    seed: plan.seed,
    payments: SIZE.payments,
    rules: SIZE.rules,
    rate: isFast ? FULL_RATE : RATE,
    isAging: random.int(2) === 0,
    trap: place.trap,
  }
  const settings = [
    'restart.strategy=fixed-delay',
    'restart.delay=50 ms',
    'restart.attempts=1000',
    `highAvailability.lease=${LEASE}`,
    'checkpointing.tolerableFailures=1000',
  ]
  const args = ['run', jobModule, '--json', '--directory', place.directory]
  for (const [name, value] of Object.entries(params)) args.push('--param', `${name}=${value}`)
  for (const setting of settings) args.push('--set', setting)
  args.push('--parallelism', String(parallelism), '--backend', backend)
  args.push('--memory', backend === 'rocksdb' ? ROCKSDB_MEMORY : HASHMAP_MEMORY)
  return new RunningProcess([...args, ...dealtOptions(random), ...flags], {
    ...(handles === undefined ? {} : { handles }),
    environment: killAt === undefined ? {} : { MILLRACE_TEST_KILL_AT: killAt },
    imports: [littleMemory, ...(isSlow ? [slowFiles] : [])],
  })
}

/** Another command of the command line on the job of a life. */
export async function command(place: Place, ...args: readonly string[]): Promise<RunningProcess> {
  const called = new RunningProcess([...args, '--directory', place.directory])
  await called.ended
  return called
}

/** Another parallelism, and every other time the other backend. */
export function changed(
  { backend, parallelism }: { readonly backend: Backend; readonly parallelism: number },
  random: Random,
): { readonly backend: Backend; readonly parallelism: number } {
  const other = BACKENDS.find((each) => each !== backend) ?? backend
  return {
    backend: random.int(2) === 0 ? other : backend,
    parallelism: 1 + ((parallelism + random.int(2)) % 3),
  }
}
