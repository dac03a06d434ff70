/**
 * Where a simulated job stands: the location of its checkpoints, what a start is told to go on
 * from, and which lines of checkpoints its visible output comes from.
 */
import type { PartOrder } from '../parts.ts'
import type { RunOptions } from '../../src/runtime/run-options.ts'
import type { Random } from '../../src/util/random.ts'
import type { SimStorage } from '../sim-store.ts'
import { type Cure, cureOf } from './cure.ts'
import { Lineages } from './lineages.ts'

export class Place {
  readonly #storage: SimStorage
  /** Where the job's checkpoints are; another place once it went on from a savepoint. */
  #location = 'sim/checkpoints'
  /** Whose output came before that of this location. */
  readonly #lineages = new Lineages()
  /** By location: the savepoint it began with. */
  readonly #origins = new Map<string, string>()
  /** What is done about damage. */
  #cure: Cure | undefined
  /** The savepoint the next start goes on from. */
  #savepoint: string | undefined

  constructor(storage: SimStorage) {
    this.#storage = storage
  }

  get location(): string {
    return this.#location
  }

  /** Ids of the checkpoints that a start could be told to go on from. */
  get checkpointIds(): readonly number[] {
    return this.#chain.checkpointIds
  }

  /** How many checkpoints have been confirmed here. */
  get confirmed(): number {
    return this.#chain.history.filter(({ kind }) => kind === 'checkpoint').length
  }

  /** Lines whose output counts, where the job stands now. */
  get lineages(): readonly string[] {
    const chain = this.#chain
    if (chain.beganAnew(chain.lineage)) return [chain.lineage]
    return this.#lineages.upTo(chain.lineage)
  }

  /** How the output that is visible now became so. */
  get order(): PartOrder {
    const chain = this.#chain
    return {
      lineages: this.lineages,
      confirming: (lineage, checkpointId) => chain.confirming(lineage, checkpointId),
    }
  }

  /** The job was stopped with this savepoint. */
  stoppedWith(savepoint: string): void {
    this.#savepoint = savepoint
  }

  /** This error ended a start: the next one does what it recommends, if it tells of damage. */
  cure(error: unknown): Cure {
    this.#cure = cureOf(error, this.checkpointIds, this.#cure)
    if (this.#cure.fresh === true) this.#lineages.leftBehind(this.#chain.lineage)
    return this.#cure
  }

  /** The start went well. */
  cured(): void {
    this.#cure = undefined
  }

  wentOnFrom(savepoint: string): boolean {
    return [...this.#origins.values()].includes(savepoint)
  }

  /** Mostly the newest checkpoint; sometimes an older one, a savepoint, or nothing. */
  origin(
    random: Random,
    isHealed: boolean,
    goesBack = false,
  ): Pick<RunOptions, 'from' | 'fresh' | 'claim'> {
    if (this.#cure !== undefined) return this.#cure
    const chain = this.#chain
    const savepoint = this.#savepoint
    this.#savepoint = undefined
    if (savepoint !== undefined && random.int(4) > 0) {
      this.#lineages.continued(this.lineages)
      this.#location = `${savepoint}-continued`
      this.#origins.set(this.#location, savepoint)
      return { from: savepoint, claim: random.int(2) === 0 ? 'claim' : 'no-claim' }
    }
    // What a start has begun to import, the next one goes on with; it may be told so again.
    const origin = this.#origins.get(this.#location)
    if (origin !== undefined && chain.checkpointIds.length === 0 && !chain.wasGivenUp) {
      return chain.history.length > 0 && random.int(2) === 0 ? {} : { from: origin }
    }
    if (isHealed) return {}
    if (random.int(goesBack ? 5 : 20) === 0) {
      this.#lineages.leftBehind(chain.lineage)
      return { fresh: true }
    }
    const ids = chain.checkpointIds
    if (ids.length < 2 || random.int(goesBack ? 5 : 2) === 0) return {}
    return { from: String(ids[random.int(ids.length - 1)]) }
  }

  get #chain() {
    return this.#storage.directory(this.#location).chain
  }
}
