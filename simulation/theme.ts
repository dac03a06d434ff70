/**
 * What a seed is mostly about. A rare bug needs several things at once, such as overtaking
 * barriers, full channels and a crash right after the checkpoint. Where each seed has a little of
 * everything, that hardly ever happens; so most seeds have a theme: what belongs together is
 * frequent in it, and what would end its lives early is left out. (Swarm testing: Groce, Zhang,
 * Eide, Chen, Regehr, ISSTA 2012.)
 */
import type { RunOptions } from '../src/runtime/run-options.ts'
import type { Random } from '../src/util/random.ts'
import type { FaultKind } from './faults.ts'
import type { ProcessOptions } from './sim-host.ts'
import type { StorageKind } from './sim-store.ts'
import { type TimeScale, timeScale } from './time-scale.ts'

export interface Theme {
  /** How many times likelier than usual a fault is; 0: it never strikes. Others are drawn. */
  readonly faults: Partial<Record<FaultKind, number>>
  /** Of every start. */
  readonly checkpointing?: NonNullable<RunOptions['checkpointing']>
  /** After which a checkpoint is given up, at the pace of seeds as dense as can be. */
  readonly timeoutMs?: number
  /** From one checkpoint to the next, at that pace. */
  readonly intervalMs?: number
  readonly process?: Partial<ProcessOptions>
  readonly storage?: StorageKind
  readonly scale?: TimeScale
  /** Of a start; drawn from these. */
  readonly parallelism?: readonly number[]
  /** The job has exchanges before sinks that cannot keep up; few records fill a channel. */
  readonly isCrowded?: boolean
}

const QUIET_STORE = {
  storeErrorBefore: 0,
  storeErrorAfter: 0,
  storeUnavailable: 0,
  storeTimeoutBefore: 0,
  storeTimeoutAfter: 0,
  diskFull: 0,
  tooManyFiles: 0,
  diskError: 0,
} as const satisfies Theme['faults']

/** Nobody goes down but where it matters. */
const QUIET_PROCESSES = {
  crashAtPoint: 0,
  crashAnywhere: 0,
  workerCrashAtPoint: 0,
  workerCrashAnywhere: 0,
  workerOutOfMemory: 0,
  stallAtPoint: 0,
  poisonRecord: 0,
} as const satisfies Theme['faults']

/** Attempts end soon after a checkpoint, and often: what it holds is needed. */
const MANY_RESTORES = {
  coordinatorLostInComplete: 10,
  workerCrashAtPoint: 2,
  workerCrashAnywhere: 4,
  functionError: 3,
} as const satisfies Theme['faults']

const THEMES = {
  /** Barriers overtake what has no room, and what was in flight is restored. */
  overtaking: {
    faults: {
      ...QUIET_STORE,
      ...QUIET_PROCESSES,
      lostAfterOvertaking: 5,
      functionError: 1,
      sinkPrepareError: 0,
      sinkCongested: 3,
      sinkSlow: 0,
      slowConsumer: 4,
    },
    checkpointing: {
      unaligned: 'always',
      alignmentTimeout: 0,
      minPause: 0,
      maxConcurrent: 1,
      tolerableFailures: 20,
    },
    process: { ringBytes: 4096, sinkValues: 1, sliceMs: 0 },
    intervalMs: 10,
    scale: { ...timeScale('milliseconds'), startMsMax: 600 },
    parallelism: [1, 2, 2, 3, 3],
    isCrowded: true,
  },
  /** Several checkpoints are under way, and some of them are given up. */
  overlapping: {
    faults: { ...MANY_RESTORES, storeSlow: 6, diskSlow: 6, storeErrorBefore: 2, diskError: 3 },
    checkpointing: { maxConcurrent: 3, minPause: 0, tolerableFailures: 20 },
    timeoutMs: 150,
  },
  /** The power fails while files are written. */
  power: {
    faults: {
      powerLost: 12,
      nameLost: 1.5,
      writeLost: 1.5,
      writeTorn: 1,
      shortWrite: 4,
      shortRead: 4,
      diskError: 0,
      crashAnywhere: 0,
    },
    storage: 'disk',
  },
  /** Output is committed, and it is doubtful whether it was. */
  commits: {
    faults: {
      ...QUIET_STORE,
      commitErrorBefore: 2,
      commitErrorAfter: 3,
      commitRetry: 3,
      withdrawError: 2,
      coordinatorLostInConfirm: 10,
      coordinatorLostInComplete: 10,
      crashAtPoint: 2,
    },
  },
  /** Leaders sleep, and others lead meanwhile. */
  leaders: {
    faults: { ...QUIET_STORE, stallAtPoint: 5, clockDrift: 2, timerLate: 4, staleList: 3 },
  },
  /** State that is larger than the memory is restored again and again. */
  restores: {
    faults: { ...QUIET_STORE, ...MANY_RESTORES, crashInMigration: 2 },
    checkpointing: { minPause: 0 },
    process: { memoryBytes: 64 * 1024, sliceMs: 0 },
  },
} as const satisfies Record<string, Theme>

export type ThemeName = keyof typeof THEMES

// Object.keys widens to string; the keys of the table are the names.
const NAMES = Object.keys(THEMES) as readonly ThemeName[]

const NONE: Theme = { faults: {} }

/** Of three seeds two have one. */
export function randomTheme(random: Random): Theme {
  if (random.int(3) === 0) return NONE
  const name = NAMES[random.int(NAMES.length)]
  return name === undefined ? NONE : THEMES[name]
}
