/** The options of one start of a simulated job: random, small and short. */
import type { RunOptions } from '../../src/runtime/run-options.ts'
import type { Random } from '../../src/util/random.ts'
import type { ProcessOptions } from '../sim-host.ts'
import { KEYS_OF_SUBJECTS } from '../sim-keys.ts'
import type { Theme } from '../theme.ts'
import type { TimeScale } from '../time-scale.ts'

export interface StartPlace {
  readonly storage: string
  readonly isEncrypted: boolean
  /** The job has subjects that can be erased. */
  readonly hasSubjects: boolean
  readonly maxParallelism: number
  readonly deletesOnCancel: boolean
  /** No fault strikes, so a checkpoint that takes long is no reason to give up. */
  readonly isPatient: boolean
  readonly scale: TimeScale
  readonly theme: Theme
}

const UNALIGNED = ['auto', 'always', 'never'] as const
const SINK_VALUES = [8_192, 8, 1] as const
const PARALLELISM = [1, 2, 3] as const
const TIMERS_PER_STEP = [1, 2, 1024] as const
const STRATEGIES = ['fixed-delay', 'exponential-delay', 'failure-rate'] as const

export function randomOptions(random: Random, place: StartPlace): RunOptions {
  const ofBarriers = random.fork('barriers')
  const { pace, hasDefaults } = place.scale
  const { parallelism = PARALLELISM, intervalMs = 10 + random.int(40) } = place.theme
  const timeoutMs = 100 + random.fork('timeout').int(2_000)
  const interval = intervalMs * pace
  return {
    parallelism: parallelism[random.int(parallelism.length)] ?? 1,
    maxParallelism: place.maxParallelism,
    batchRecords: 1 + random.int(40),
    checkpointing: {
      storage: place.storage,
      onCancel: place.deletesOnCancel ? 'delete' : 'keep',
      interval,
      ...(random.int(4) === 0 ? { intervalDuringBacklog: interval * random.int(4) } : {}),
      recoveryTarget: random.int(4) === 0 ? 1 + random.int(5_000) * pace : 0,
      timeout: (place.isPatient ? 60_000 : (place.theme.timeoutMs ?? timeoutMs)) * pace,
      minPause: random.int(2) * random.int(60) * pace,
      maxConcurrent: 1 + random.int(3),
      tolerableFailures: random.int(4),
      unaligned: UNALIGNED[ofBarriers.int(3)] ?? 'auto',
      alignmentTimeout: ofBarriers.int(20) * (hasDefaults ? 50 : 1),
      keep: 1 + random.int(3),
      compression: random.int(8) === 0 ? 'zstd' : 'none',
      ...place.theme.checkpointing,
      // What barriers overtake is nobody's: where subjects can be erased they overtake nothing.
      ...(place.hasSubjects ? { unaligned: 'never' } : {}),
    },
    ...(place.isEncrypted ? { encryption: encryption(place) } : {}),
    highAvailability: lease(random, place.scale),
    restart: { ...restart(random, place.scale), ...place.theme.restart },
    state: { localRecovery: random.int(4) === 0 ? 'on' : 'off' },
  }
}

function encryption({ hasSubjects }: StartPlace): NonNullable<RunOptions['encryption']> {
  const keys = 'of the simulator'
  return hasSubjects ? { keys, subjects: KEYS_OF_SUBJECTS } : { keys }
}

/** What is drawn is the same in all scales, so that a seed differs in its times only. */
function lease(
  random: Random,
  { hasDefaults }: TimeScale,
): NonNullable<RunOptions['highAvailability']> {
  const leaseMs = 100 + random.int(300)
  return hasDefaults ? {} : { lease: leaseMs }
}

function restart(
  random: Random,
  { hasDefaults, pace }: TimeScale,
): NonNullable<RunOptions['restart']> {
  const strategy = STRATEGIES[random.int(3)] ?? 'fixed-delay'
  const [delay, attempts] = [1 + random.int(60), random.int(8)]
  return hasDefaults ? { strategy } : { strategy, delay, attempts, interval: 200 * pace }
}

/** A process: mostly with little memory, sometimes on another machine. */
export function processOptions(
  name: string,
  random: Random,
  { sinkValues = SINK_VALUES }: Theme,
): Omit<ProcessOptions, 'migrates'> {
  return {
    name,
    random,
    machine: random.int(2),
    memoryBytes: [64 * 1024, 1024 ** 2, 1024 ** 3][random.int(3)] ?? 1024 ** 3,
    // Little may wait, so that there is often no room.
    ringBytes: random.int(2) === 0 ? 4096 : 65_536,
    sinkValues: sinkValues[random.fork('sinks').int(sinkValues.length)] ?? 1,
    // Within an event no time passes: 0 gives way wherever that is possible.
    sliceMs: random.fork('slices').int(2) === 0 ? 0 : 5,
    // One record can make a burst of timers that a barrier interrupts.
    timersPerStep: TIMERS_PER_STEP[random.fork('timers').int(TIMERS_PER_STEP.length)] ?? 1,
    restoresLazily: false,
    yieldChance: [0.2, 0.6, 1][random.int(3)] ?? 1,
  }
}
