/**
 * Which faults may strike, how often, and how often each has: one plan per seed. All chance comes
 * from the seed. A plan can be healed, and then nothing strikes any more.
 */
import type { Random } from '../src/util/random.ts'
import { type FaultChances, FAULT_KINDS, type FaultKind, groupOf, USUAL } from './fault-kinds.ts'
import type { Situation } from './situations.ts'

const STALLS: readonly FaultKind[] = [
  'stallAtPoint',
  'stallInGivingUp',
  'workerOutOfMemory',
  'callSlow',
]
const DAMAGES: readonly FaultKind[] = ['lostSync', 'bitRot', 'lostWrite', 'misdirectedWrite']

export class FaultPlan {
  readonly fired = new Map<FaultKind | Situation, number>()
  /** How often each named point was reached. */
  readonly pointsReached = new Map<string, number>()
  /** How often a process or worker crashed there. */
  readonly pointsCrashed = new Map<string, number>()
  readonly chances: FaultChances
  readonly #random: Random
  /** Of servers: seeds without any live as they would if there were none. */
  readonly #ofServers: Readonly<Record<'tables' | 'objects' | 'regions', Random>>
  #healed = false
  /** Strikes the next time that it can, whatever the plan is. */
  #armed: FaultKind | undefined

  /**
   * Half of the kinds are left out of a plan, the others are weak or strong in it.
   *
   * @param only for tests: these strike, so often, and no others; `without` never strike.
   * @param strengths of those that are not drawn.
   */
  constructor(
    random: Random,
    only?: Partial<FaultChances>,
    without: readonly FaultKind[] | 'all' = [],
    strengths: Partial<Record<FaultKind, number>> = {},
  ) {
    this.#random = random
    this.#ofServers = {
      tables: random.fork('tables'),
      objects: random.fork('objects'),
      regions: random.fork('regions'),
    }
    const chances: Record<FaultKind, number> = { ...USUAL }
    for (const kind of FAULT_KINDS) {
      const own = this.#randomOf(kind)
      const drawn = own.int(2) === 0 ? 0 : ([0.3, 1, 3][own.int(3)] ?? 1)
      chances[kind] *= strengths[kind] ?? drawn
      if (only !== undefined) chances[kind] = only[kind] ?? 0
      if (without === 'all' || without.includes(kind)) chances[kind] = 0
    }
    this.chances = chances
  }

  get kinds(): readonly FaultKind[] {
    return FAULT_KINDS.filter((kind) => this.chances[kind] > 0)
  }

  get isHealed(): boolean {
    return this.#healed
  }

  /** Whether bits were read wrongly, and may be again. */
  get hasFlips(): boolean {
    return this.hasDamage || (!this.#healed && this.fired.has('readFlip'))
  }

  /** Whether somebody stood still, or a call took long. */
  get hasStalled(): boolean {
    return STALLS.some((kind) => this.fired.has(kind))
  }

  /** Whether a disk has broken its promises: what it holds stays wrong when all is healed. */
  get hasDamage(): boolean {
    return DAMAGES.some((kind) => this.fired.has(kind))
  }

  /** From now on nothing strikes. */
  heal(): void {
    this.#healed = true
  }

  /** Once, and then no more; undefined: not even that. */
  arm(kind: FaultKind | undefined): void {
    this.#armed = kind
  }

  strikes(kind: FaultKind): boolean {
    if (this.#armed === kind) {
      this.#armed = undefined
      this.count(kind)
      return true
    }
    const chance = this.chances[kind]
    if (this.#healed || chance === 0 || this.#randomOf(kind).next() >= chance) return false
    this.count(kind)
    return true
  }

  /** Whether a fault is to strike later; it counts only when it does, by `strike`. */
  wouldStrike(kind: FaultKind): boolean {
    return !this.#healed && this.chances[kind] > this.#random.next()
  }

  /** What was decided before strikes now, unless all is healed. */
  strike(kind: FaultKind, effect: () => void): void {
    if (this.#healed) return
    this.count(kind)
    effect()
  }

  count(kind: FaultKind | Situation): void {
    increment(this.fired, kind)
  }

  #randomOf(kind: FaultKind): Random {
    const group = groupOf(kind)
    return group === undefined ? this.#random : this.#ofServers[group]
  }
}

export function increment<K>(counts: Map<K, number>, key: K, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by)
}
