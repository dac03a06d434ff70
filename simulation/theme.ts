/**
 * What a seed is mostly about. A rare bug needs several things at once, such as overtaking
 * barriers, full channels and a crash right after the checkpoint. Where each seed has a little of
 * everything, that hardly ever happens; so most seeds have a theme: what belongs together is
 * frequent in it, and what would end its lives early is left out. (Swarm testing: Groce, Zhang,
 * Eide, Chen, Regehr, ISSTA 2012.)
 */
import type { RunOptions } from '../src/runtime/run-options.ts'
import type { Random } from '../src/util/random.ts'
import type { ProcessOptions } from './sim-host.ts'
import type { StorageKind } from './sim-store.ts'
import {
  QUIET_CONNECTORS,
  QUIET_PROCESSES,
  QUIET_STORE,
  RESTORED,
  SOUND_DISKS,
  type Strengths,
} from './theme-faults.ts'
import { type TimeScale, timeScale } from './time-scale.ts'

export interface Theme {
  /** How many times likelier than usual a fault is; 0: it never strikes. Others are drawn. */
  readonly faults: Strengths
  /** Of every start. */
  readonly checkpointing?: NonNullable<RunOptions['checkpointing']>
  /** After which a checkpoint is given up, at the pace of seeds as dense as can be. */
  readonly timeoutMs?: number
  /** From one checkpoint to the next, at that pace. */
  readonly intervalMs?: number
  readonly process?: Partial<ProcessOptions>
  /** So many values may wait for a writer; drawn from these for each process. */
  readonly sinkValues?: readonly number[]
  readonly storage?: StorageKind
  readonly scale?: TimeScale
  /** Of a start; drawn from these. */
  readonly parallelism?: readonly number[]
  /** Every other start has fewer subtasks than the one before it. */
  readonly shrinks?: boolean
  /** The job has exchanges before sinks that cannot keep up; few records fill a channel. */
  readonly isCrowded?: boolean
  /** Few operations with much state, of keys that change often and of others that hardly do. */
  readonly isStateful?: boolean
  readonly backend?: BackendNeeds
  readonly restart?: NonNullable<RunOptions['restart']>
  /** Starts end by a cancel, mostly. */
  readonly cancels?: boolean
  /** Starts end by a stop with a savepoint, mostly, and the next one goes on from that. */
  readonly stops?: boolean
  /** Whoever is next begins while the former process has hardly begun, or is at its end. */
  readonly isImpatient?: boolean
  /** Starts are told to go on from an older checkpoint, or to begin anew. */
  readonly goesBack?: boolean
  /** Key groups: with few of them the tables of a subtask have few parts, and grow. */
  readonly maxParallelism?: number
  /** There is at least one start under faults, in which mostly nobody asks for anything. */
  readonly isLeftAlone?: boolean
}

/** What a theme wants of the state backends of a seed. */
export interface BackendNeeds {
  /** There is always a store below. */
  readonly isLayered?: boolean
  /** Tables begin small. */
  readonly growsOften?: boolean
  /** Memory is for a handful of rows. */
  readonly hasNoRoom?: boolean
  /** What was restored is long not loaded. */
  readonly loadsSlowly?: boolean
}

const PATIENT = { strategy: 'fixed-delay', attempts: 1_000, delay: 1 } as const

const THEMES = {
  /** Barriers overtake what has no room, and what was in flight is restored. */
  overtaking: {
    faults: {
      ...QUIET_STORE,
      ...QUIET_PROCESSES,
      lostWhenNeeded: 5,
      functionError: 1,
      sinkPrepareError: 0,
      sinkCongested: 3,
      sinkSlow: 0,
      slowConsumer: 4,
      // Some tasks learn of a barrier late, when others have long let it overtake.
      messageSlow: 5,
    },
    checkpointing: {
      unaligned: 'always',
      alignmentTimeout: 0,
      minPause: 0,
      maxConcurrent: 1,
      tolerableFailures: 20,
    },
    process: { ringBytes: 4096, sliceMs: 0 },
    sinkValues: [1, 2, 8],
    intervalMs: 10,
    scale: { ...timeScale('milliseconds'), startMsMax: 600 },
    shrinks: true,
    isCrowded: true,
    isLeftAlone: true,
    restart: PATIENT,
  },
  /** Several checkpoints are under way, and some of them are given up. */
  overlapping: {
    faults: {
      ...QUIET_STORE,
      ...QUIET_PROCESSES,
      ...QUIET_CONNECTORS,
      lostWhenNeeded: 5,
      functionError: 1,
      runError: 8,
      storeSlow: 0.5,
      sinkCongested: 2,
      sinkSlow: 0.5,
    },
    checkpointing: { maxConcurrent: 3, minPause: 0, tolerableFailures: 100, unaligned: 'always' },
    intervalMs: 20,
    timeoutMs: 100,
    scale: { ...timeScale('milliseconds'), startMsMax: 1_000 },
    storage: 'far',
    isCrowded: true,
    isLeftAlone: true,
    restart: PATIENT,
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
  /** Operations of a disk fail, and soon after the power does. */
  disks: {
    faults: { ...SOUND_DISKS, diskError: 2, tooManyFiles: 1, powerLost: 6, nameLost: 2 },
    storage: 'disk',
  },
  /** A store far away does what it says that it did not, or late; who asked sleeps, or is gone. */
  services: {
    faults: {
      ...SOUND_DISKS,
      storeErrorAfter: 3,
      storeTimeoutAfter: 5,
      landsAfterCrash: 2,
      staleList: 3,
      stallAtPoint: 3,
      clockDrift: 2,
      requestStorm: 2,
    },
    storage: 'far',
  },
  /** Output is committed, and it is doubtful whether it was. */
  commits: {
    faults: {
      ...QUIET_STORE,
      commitErrorBefore: 1,
      commitErrorAfter: 2,
      // What was tried in vain is still to be committed when its process is gone.
      commitRetry: 6,
      withdrawError: 2,
      coordinatorLostInConfirm: 10,
      coordinatorLostInComplete: 20,
      crashAtPoint: 2,
    },
    scale: { ...timeScale('milliseconds'), startMsMax: 600 },
    shrinks: true,
  },
  /** Leaders sleep, and others lead meanwhile. */
  leaders: {
    faults: {
      ...QUIET_STORE,
      stallAtPoint: 5,
      fenceSlow: 5,
      clockDrift: 2,
      timerLate: 4,
      staleList: 3,
    },
  },
  /** Jobs are cancelled and give their checkpoints up, while others sleep, stand by or begin. */
  cancels: {
    faults: {
      ...QUIET_STORE,
      ...QUIET_PROCESSES,
      ...QUIET_CONNECTORS,
      crashAnywhere: 1,
      functionError: 0,
      powerLost: 0.3,
      requestStorm: 0.3,
      sinkSlow: 0,
      sinkCongested: 0,
      slowConsumer: 0,
      stallAtPoint: 2,
      stallInGivingUp: 8,
      fenceSlow: 15,
      staleList: 3,
    },
    checkpointing: { onCancel: 'delete', keep: 3 },
    // Who sleeps wakes up when a successor has just written something.
    scale: { ...timeScale('milliseconds'), startMsMax: 150, stallMsMax: 250 },
    cancels: true,
    isImpatient: true,
    isLeftAlone: true,
  },
  /** Jobs go on from savepoints and make them their own, with the next one and the next. */
  savepoints: {
    faults: {
      ...QUIET_STORE,
      ...QUIET_PROCESSES,
      ...QUIET_CONNECTORS,
      functionError: 0,
      powerLost: 0.3,
      requestStorm: 0.3,
      crashInImport: 8,
    },
    stops: true,
    scale: { ...timeScale('milliseconds'), startMsMax: 150 },
  },
  /** Starts do not go on from the newest checkpoint, and others lead or begin beside them. */
  choices: {
    faults: {
      ...QUIET_STORE,
      ...QUIET_PROCESSES,
      ...QUIET_CONNECTORS,
      functionError: 0,
      powerLost: 0.3,
      requestStorm: 0.3,
      stallInCollecting: 80,
      fenceSlow: 15,
      staleList: 3,
    },
    // What is merged is in no newer checkpoint: it is missed when it goes too early.
    checkpointing: { keep: 2, minPause: 0 },
    intervalMs: 15,
    isStateful: true,
    maxParallelism: 3,
    goesBack: true,
    isImpatient: true,
    scale: { ...timeScale('milliseconds'), startMsMax: 400, stallMsMax: 250 },
    isLeftAlone: true,
  },
  /** State is restored, merged and restored again and again. */
  restores: {
    faults: { ...RESTORED, crashInMigration: 2, readFlip: 3 },
    checkpointing: { minPause: 0 },
    intervalMs: 15,
    storage: 'disk',
    process: { sliceMs: 0, restoresLazily: true, timersPerStep: 1 },
    isStateful: true,
    backend: { growsOften: true, loadsSlowly: true },
    restart: PATIENT,
    maxParallelism: 3,
    scale: { ...timeScale('milliseconds'), startMsMax: 1_000 },
    isLeftAlone: true,
  },
  /** Rows and timers leave memory while checkpoints are written, and some of those fail. */
  evictions: {
    faults: { ...RESTORED, storeSlow: 0.3, diskSlow: 1, shortRead: 3, readFlip: 0 },
    checkpointing: { minPause: 0, tolerableFailures: 20 },
    timeoutMs: 150,
    process: { memoryBytes: 64 * 1024, sliceMs: 0 },
    isStateful: true,
    backend: { isLayered: true, growsOften: true, hasNoRoom: true },
    restart: PATIENT,
    scale: { ...timeScale('milliseconds'), startMsMax: 1_000 },
    isLeftAlone: true,
  },
} as const satisfies Record<string, Theme>

export type ThemeName = keyof typeof THEMES

// Object.keys widens to string. Those that need most at once are twice among them.
const NAMES = [...Object.keys(THEMES), 'overtaking', 'restores', 'evictions'] as ThemeName[]

const NONE: Theme = { faults: {} }

/** Of five seeds four have one. */
export function randomTheme(random: Random): Theme {
  if (random.int(5) === 0) return NONE
  const name = NAMES[random.int(NAMES.length)]
  return name === undefined ? NONE : THEMES[name]
}
