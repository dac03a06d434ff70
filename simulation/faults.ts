/**
 * Which faults may strike, how often, and how often each has: one plan per seed. All chance comes
 * from the seed. A plan can be healed, and then nothing strikes any more.
 */
import type { Random } from '../src/util/random.ts'

/** Every kind of fault that the simulator knows, with the chance that it strikes where it can. */
export interface FaultChances {
  /** At a named point: the whole process is gone. */
  readonly crashAtPoint: number
  /** At a named point of a worker: that worker is gone. */
  readonly workerCrashAtPoint: number
  /** At a named point: the process or worker stands still for a while. */
  readonly stallAtPoint: number
  /** A storage operation fails and did nothing. */
  readonly storeErrorBefore: number
  /** A storage operation fails although it was done. */
  readonly storeErrorAfter: number
  /** A storage operation takes long. */
  readonly storeSlow: number
  /** One bit of what is read is another one; read again, it is right. */
  readonly readFlip: number
  /** What a crashed process had asked of the storage is done all the same. */
  readonly landsAfterCrash: number
  /** A message between master and worker, or a doorbell, takes long. */
  readonly messageSlow: number
  readonly sourceError: number
  readonly callError: number
  readonly callSlow: number
  readonly sourceSlow: number
  readonly discoverError: number
  readonly sinkWriteError: number
  readonly sinkPrepareError: number
  readonly commitErrorBefore: number
  readonly commitErrorAfter: number
  readonly commitRetry: number
  readonly withdrawError: number
  readonly sinkSlow: number
  /** A write takes a while: with a chance so high, tasks before the sink have no room. */
  readonly sinkCongested: number
  /** The user's function throws, once. */
  readonly functionError: number
  /** The wall clock is set forward or back. */
  readonly clockJump: number
}

export type FaultKind = keyof FaultChances

/** Chances at which a job still gets on; a plan uses each of them at its own strength. */
const USUAL: FaultChances = {
  crashAtPoint: 0.02,
  workerCrashAtPoint: 0.015,
  stallAtPoint: 0.015,
  storeErrorBefore: 0.015,
  storeErrorAfter: 0.015,
  storeSlow: 0.03,
  readFlip: 0.006,
  landsAfterCrash: 0.5,
  messageSlow: 0.04,
  sourceError: 0.02,
  callError: 0.05,
  callSlow: 0.02,
  sourceSlow: 0.05,
  discoverError: 0.05,
  sinkWriteError: 0.01,
  sinkPrepareError: 0.05,
  commitErrorBefore: 0.08,
  commitErrorAfter: 0.08,
  commitRetry: 0.1,
  withdrawError: 0.1,
  sinkSlow: 0.05,
  sinkCongested: 0.3,
  functionError: 0.003,
  clockJump: 0.02,
}

// Object.keys widens to string; the keys of the table are the kinds.
export const FAULT_KINDS = Object.keys(USUAL) as readonly FaultKind[]

export class FaultPlan {
  readonly fired = new Map<FaultKind, number>()
  /** How often each named point was reached. */
  readonly pointsReached = new Map<string, number>()
  /** How often a process or worker crashed there. */
  readonly pointsCrashed = new Map<string, number>()
  readonly chances: FaultChances
  readonly #random: Random
  #healed = false

  /** Half of the kinds are left out of a plan, the others are weak or strong in it. */
  constructor(random: Random) {
    this.#random = random
    const chances: Record<FaultKind, number> = { ...USUAL }
    for (const kind of FAULT_KINDS) {
      chances[kind] *= random.int(2) === 0 ? 0 : ([0.3, 1, 3][random.int(3)] ?? 1)
    }
    this.chances = chances
  }

  get isHealed(): boolean {
    return this.#healed
  }

  /** Whether bits were read wrongly, and may be again. */
  get hasFlips(): boolean {
    return !this.#healed && this.fired.has('readFlip')
  }

  /** From now on nothing strikes. */
  heal(): void {
    this.#healed = true
  }

  strikes(kind: FaultKind): boolean {
    const chance = this.chances[kind]
    if (this.#healed || chance === 0 || this.#random.next() >= chance) return false
    this.count(kind)
    return true
  }

  count(kind: FaultKind): void {
    increment(this.fired, kind)
  }
}

export function increment<K>(counts: Map<K, number>, key: K, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by)
}
