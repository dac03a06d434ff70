/** What one seed is run with, and what is known of it afterwards. */
import type { NativeStoreFactory, StateBackend } from '../src/state/backend.ts'
import type { Random } from '../src/util/random.ts'
import type { BankEvent } from './checks/history.ts'
import type { FaultPlan } from './faults.ts'
import type { Shrunk } from './shrink/shrunk.ts'
import type { BackendNeeds } from './theme.ts'
import type { Rec, Workload } from './workloads/workload.ts'

export interface SeedOptions {
  readonly seed: number
  readonly onTrace?: ((line: string) => void) | undefined
  readonly backends: readonly ((random: Random, needs?: BackendNeeds) => StateBackend)[]
  readonly nativeStore?: NativeStoreFactory | undefined
  /** Take the place of the last backend in some of the starts that have it. */
  readonly remotes?: readonly RemoteOption[] | undefined
  /** Runs a bank instead of a random job, and is told its history in the end. */
  readonly onHistory?: ((history: readonly BankEvent[]) => void) | undefined
  /** What the seed is reduced by. */
  readonly shrunk?: Shrunk | undefined
  /** More events mean that the job does not come to an end; not given: very many. */
  readonly eventsMax?: number | undefined
  /** For tests of the simulator itself: changes each record that a source reads. */
  readonly tamper?: ((record: Rec) => Rec) | undefined
}

/** A backend with its state on servers. */
export interface RemoteOption {
  /** What chance knows it by. */
  readonly name: string
  /** Of so many starts with a store below memory one has it. */
  readonly of: number
  readonly make: SeedOptions['backends'][number]
}

export interface SeedReport {
  readonly seed: number
  readonly traceHash: string
  readonly events: number
  readonly virtualMs: number
  readonly starts: number
  /** Attempts that went on from a checkpoint in the middle of the input. */
  readonly resumed: number
  readonly faults: FaultPlan
  readonly workload: Workload
  /** What was violated; undefined if all went well. */
  readonly violation: Error | undefined
}
