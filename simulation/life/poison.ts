/**
 * Records at which a user's function throws each time: restarts do not help, only another version
 * of the job does, which its user deploys sooner or later.
 */
import type { Random } from '../../src/util/random.ts'
import type { FaultPlan } from '../faults.ts'
import type { Rec } from '../workloads/workload.ts'

/** Of calls with an error policy that have failed: what is tried again fails again at times. */
const STUCK_CHANCE = 0.5

export class Poison {
  readonly #faults: FaultPlan
  readonly #random: Random
  readonly #records = new Set<string>()
  readonly #stuck = new Set<string>()

  constructor(faults: FaultPlan, random: Random) {
    this.#faults = faults
    this.#random = random
  }

  /** Whether a call that has failed before fails again; and if it does now, it may later. */
  sticks(call: string, chance: number, random: Random): boolean {
    const fails = random.next() < (this.#stuck.has(call) ? STUCK_CHANCE : chance)
    if (fails) this.#stuck.add(call)
    else this.#stuck.delete(call)
    return fails
  }

  /** Another version runs: mostly it can do with what the former one could not. */
  deployed(): void {
    if (this.#random.int(3) > 0) this.#records.clear()
  }

  /** Throws for a record that is poison, or becomes so. */
  taste({ k, v, at }: Rec): void {
    if (this.#faults.isHealed) return
    const id = `${k}/${v}/${at}`
    if (this.#records.has(id)) this.#faults.count('poisonRecord')
    else if (this.#faults.strikes('poisonRecord')) this.#records.add(id)
    else return
    throw new Error(`injected: the function cannot do with ${id}`)
  }
}
