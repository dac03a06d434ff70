/** Groups of faults that several themes leave out, or make rare or frequent together. */
import type { FaultKind } from './fault-kinds.ts'

export type Strengths = Partial<Record<FaultKind, number>>

export const QUIET_STORE = {
  storeErrorBefore: 0,
  storeErrorAfter: 0,
  storeUnavailable: 0,
  storeTimeoutBefore: 0,
  storeTimeoutAfter: 0,
  diskFull: 0,
  tooManyFiles: 0,
  diskError: 0,
} as const satisfies Strengths

/** Nobody goes down but where it matters. */
export const QUIET_PROCESSES = {
  crashAtPoint: 0,
  crashAnywhere: 0,
  workerCrashAtPoint: 0,
  workerCrashAnywhere: 0,
  workerOutOfMemory: 0,
  stallAtPoint: 0,
  poisonRecord: 0,
} as const satisfies Strengths

export const QUIET_CONNECTORS = {
  sourceError: 0,
  discoverError: 0,
  sinkWriteError: 0,
  sinkPrepareError: 0,
  commitErrorBefore: 0,
  commitErrorAfter: 0,
} as const satisfies Strengths

/** State is restored again and again, in one start: nothing takes long, and most goes well. */
export const RESTORED = {
  ...QUIET_STORE,
  storeSlow: 0.1,
  diskSlow: 0.1,
  messageSlow: 0.1,
  stallAtPoint: 0.1,
  crashAtPoint: 0.1,
  workerCrashAtPoint: 0.3,
  crashAnywhere: 0.3,
  powerLost: 0.3,
  sourceSlow: 0.1,
  sourceError: 0.1,
  sinkSlow: 0.1,
  sinkCongested: 0,
  slowConsumer: 0,
  requestStorm: 0.3,
  mergeSlow: 5,
  workerLostInComplete: 100,
  workerCrashAnywhere: 2,
  coordinatorLostInComplete: 3,
} as const satisfies Strengths

/** Disks keep what they have synced. */
export const SOUND_DISKS = {
  lostSync: 0,
  bitRot: 0,
  lostWrite: 0,
  misdirectedWrite: 0,
} as const satisfies Strengths
