/**
 * What is going to be done, from the seed alone: the lives of jobs, and the rounds of each. When
 * exactly a round strikes a process is not in the seed: real processes do not run alike twice.
 */
import { SeededRandom, type Random } from '../../src/util/random.ts'
import { KINDS, KIND_NAMES, type KindName } from './kinds.ts'

export interface LifePlan {
  readonly index: number
  readonly seed: number
  readonly backend: Backend
  readonly parallelism: number
  /** The whole job lies on a small disk of its own, which can be full. */
  readonly hasSmallDisk: boolean
  readonly rounds: readonly RoundPlan[]
}

export interface RoundPlan {
  readonly kind: KindName
  /** Counts the rounds of this kind over all lives: what goes in turn goes by it. */
  readonly turn: number
  readonly random: Random
}

export const BACKENDS = ['hashmap', 'rocksdb'] as const
export type Backend = (typeof BACKENDS)[number]

export interface PlanOptions {
  readonly seed: number
  readonly backends: readonly Backend[]
  readonly parallelisms: readonly number[]
  readonly only: readonly KindName[]
}

export const ROUNDS_PER_LIFE = 8
/** One life of so many lies on a small disk, and has this round as every third one. */
const SMALL_DISK_EVERY = 5

/** The lives from the first one on, without end. */
export function* lives(options: PlanOptions): Generator<LifePlan, never> {
  const random = new SeededRandom(options.seed)
  const cards = new Deck(options.only, random.fork('kinds'))
  const configurations = new Shuffled(
    options.parallelisms.flatMap((parallelism) =>
      options.backends.map((backend) => ({ backend, parallelism })),
    ),
    random.fork('configurations'),
  )
  const turns = new Map<KindName, number>()
  for (let index = 0; ; index++) {
    const own = random.fork(`life ${index}`)
    const hasSmallDisk =
      cards.isOnly('full') || (cards.has('full') && index % SMALL_DISK_EVERY === 2)
    const rounds = Array.from({ length: ROUNDS_PER_LIFE }, (_, round) => {
      const isFull = hasSmallDisk && (cards.isOnly('full') || round % 3 === 1)
      const kind = isFull ? 'full' : cards.next()
      const turn = turns.get(kind) ?? 0
      turns.set(kind, turn + 1)
      return { kind, turn, random: own.fork(`round ${round}`) }
    })
    yield { index, seed: own.uint32() >>> 1, ...configurations.next(), hasSmallDisk, rounds }
  }
}

/** Hands out all of them in a random order, then again in another. */
class Shuffled<T> {
  readonly #all: readonly T[]
  readonly #random: Random
  #left: T[] = []

  constructor(all: readonly T[], random: Random) {
    this.#all = all
    this.#random = random
  }

  next(): T {
    if (this.#left.length === 0) this.#left = [...this.#all]
    const [next] = this.#left.splice(this.#random.int(this.#left.length), 1)
    if (next === undefined) throw new Error('there is nothing to choose from')
    return next
  }
}

class Deck {
  readonly #only: readonly KindName[]
  readonly #cards: Shuffled<KindName>

  constructor(only: readonly KindName[], random: Random) {
    this.#only = only
    const cards = KIND_NAMES.filter((name) => this.has(name)).flatMap((name) =>
      Array.from({ length: KINDS[name].cards }, () => name),
    )
    this.#cards = new Shuffled(cards, random)
  }

  has(name: KindName): boolean {
    return this.#only.length === 0 || this.#only.includes(name)
  }

  isOnly(name: KindName): boolean {
    return this.#only.length === 1 && this.#only[0] === name
  }

  next(): KindName {
    return this.#cards.next()
  }
}
