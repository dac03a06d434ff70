/**
 * Processes that stand by for the one that a start has begun: they take over when it crashes or
 * sleeps, and end or go on sleeping themselves at the end of the start.
 */
import type { JobHandle } from '../../src/runtime/job-handle.ts'
import type { Random } from '../../src/util/random.ts'
import type { SimClock } from '../sim-clock.ts'
import type { SimProcess } from '../sim-host.ts'

const STANDBYS_MAX = 2
/** A lease is shorter than that, and so is a stall; then they have led for a while. */
const LEAD_MS_MAX = 800

export interface StandbyWorld {
  readonly clock: SimClock
  start(name: string): { readonly process: SimProcess; readonly running: Promise<JobHandle> }
  onFinished(): void
  onError(process: SimProcess, error: unknown): void
}

export class Standbys {
  readonly #world: StandbyWorld
  #processes: SimProcess[] = []

  constructor(world: StandbyWorld) {
    this.#world = world
  }

  get exist(): boolean {
    return this.#processes.length > 0
  }

  /** Starts some beside a job that runs. */
  begin(random: Random, name: string): void {
    const count = Math.max(0, random.int(STANDBYS_MAX + 3) - 2)
    for (let at = 0; at < count; at++) {
      const { process, running } = this.#world.start(`${name}s${at}`)
      this.#processes.push(process)
      this.#run(running).catch((error: unknown) => this.#world.onError(process, error))
    }
  }

  /** Lets them lead for a while; those that are to be believed dead are left asleep. */
  async end(random: Random): Promise<readonly SimProcess[]> {
    if (!this.exist) return []
    const { clock } = this.#world
    await clock.sleep(random.next() * LEAD_MS_MAX * clock.scale.pace)
    const asleep: SimProcess[] = []
    for (const process of this.#processes.splice(0)) {
      if (!process.scope.isAlive) continue
      if (random.int(4) === 0) {
        process.stall()
        asleep.push(process)
      } else process.crash('at the end of the start')
    }
    return asleep
  }

  async #run(running: Promise<JobHandle>): Promise<void> {
    const handle = await running
    const { outcome } = await handle.finished
    if (outcome === 'finished') this.#world.onFinished()
  }
}
