/** The options of one start of a simulated job: random, small and short. */
import type { RunOptions } from '../../src/runtime/run-options.ts'
import type { Random } from '../../src/util/random.ts'
import type { ProcessOptions } from '../sim-host.ts'

export interface StartPlace {
  readonly storage: string
  readonly maxParallelism: number
  readonly deletesOnCancel: boolean
  /** No fault strikes, so a checkpoint that takes long is no reason to give up. */
  readonly isPatient: boolean
}

const UNALIGNED = ['auto', 'always', 'never'] as const
const STRATEGIES = ['fixed-delay', 'exponential-delay', 'failure-rate'] as const

export function randomOptions(random: Random, place: StartPlace): RunOptions {
  const ofBarriers = random.fork('barriers')
  const interval = 10 + random.int(40)
  return {
    parallelism: 1 + random.int(3),
    maxParallelism: place.maxParallelism,
    batchRecords: 1 + random.int(40),
    checkpointing: {
      storage: place.storage,
      onCancel: place.deletesOnCancel ? 'delete' : 'keep',
      interval,
      ...(random.int(4) === 0 ? { intervalDuringBacklog: interval * random.int(4) } : {}),
      recoveryTarget: random.int(4) === 0 ? 1 + random.int(5_000) : 0,
      timeout: place.isPatient ? 60_000 : 100 + random.int(2_000),
      minPause: random.int(2) * random.int(60),
      maxConcurrent: 1 + random.int(3),
      tolerableFailures: random.int(4),
      unaligned: UNALIGNED[ofBarriers.int(3)] ?? 'auto',
      alignmentTimeout: ofBarriers.int(20),
      keep: 1 + random.int(3),
      compression: random.int(8) === 0 ? 'zstd' : 'none',
    },
    highAvailability: { lease: 100 + random.int(300) },
    restart: {
      strategy: STRATEGIES[random.int(3)] ?? 'fixed-delay',
      delay: 1 + random.int(60),
      attempts: random.int(8),
      interval: 200,
    },
    state: { localRecovery: random.int(4) === 0 ? 'on' : 'off' },
  }
}

/** A process: mostly with little memory, sometimes on another machine. */
export function processOptions(name: string, random: Random): Omit<ProcessOptions, 'migrates'> {
  return {
    name,
    random,
    machine: random.int(2),
    memoryBytes: [64 * 1024, 1024 ** 2, 1024 ** 3][random.int(3)] ?? 1024 ** 3,
    // Little may wait, so that there is often no room.
    ringBytes: random.int(2) === 0 ? 4096 : 65_536,
    sinkValues: [8_192, 8, 1][random.fork('sinks').int(3)] ?? 1,
    yieldChance: [0.2, 0.6, 1][random.int(3)] ?? 1,
  }
}
