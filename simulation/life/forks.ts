/**
 * What an acknowledged savepoint promises: whatever becomes of the job, another one can begin with
 * it at any later time, and both together give what the oracle demands.
 */
import type { Random } from '../../src/util/random.ts'
import type { SimOutput, Written } from '../sim-connectors.ts'
import type { Place } from './place.ts'

/** A savepoint, and what was visible when it was acknowledged. */
export interface Fork {
  readonly savepoint: string
  readonly lineages: readonly string[]
  readonly visible: Written
}

const FORKS_EVERY = 3

export class Forks {
  readonly #output: SimOutput
  readonly #place: Place
  readonly #random: Random
  readonly #forks: Fork[] = []

  constructor(output: SimOutput, place: Place, random: Random) {
    this.#output = output
    this.#place = place
    this.#random = random
  }

  /** A leader that nobody has succeeded yet has written it. */
  acknowledged(savepoint: string, checkpointId: number): void {
    const { lineages } = this.#place
    const visible = this.#output.visibleUpTo(lineages, checkpointId)
    this.#forks.push({ savepoint, lineages, visible })
  }

  /** One that a job is to begin with; mostly there is none. */
  chosen(): Fork | undefined {
    // A savepoint that the job has gone on from may be its own now.
    const free = this.#forks.filter(({ savepoint }) => !this.#place.wentOnFrom(savepoint))
    return this.#random.int(FORKS_EVERY) === 0 ? free[this.#random.int(free.length)] : undefined
  }
}
