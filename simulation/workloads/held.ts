/**
 * The types of a workload's states from version to version of its job: the same numbers, declared
 * otherwise. A job of a later age goes on from checkpoints of all earlier ones.
 */
import { t } from '../../src/index.ts'
import type { Type } from '../../src/index.ts'
import type { Random } from '../../src/util/random.ts'

/** How a number is held. */
export interface Held<T> {
  readonly type: Type<T>
  readonly of: (number: number) => T
  readonly number: (held: T) => number
}

const AGES = 3

/** Of the starts of one seed: some jobs are deployed anew with other types now and then. */
export class Ages {
  readonly #random: Random
  #age = -1

  constructor(random: Random) {
    this.#random = random
  }

  /** Of the newest start. */
  get now(): number {
    return this.#age
  }

  /** The first start of all has the first types. */
  next(): number {
    if (this.#age < 0) return (this.#age = 0)
    const grows = this.#random.int(2) === 0
    if (grows) this.#age = Math.min(this.#age + 1 + this.#random.int(2), AGES - 1)
    return this.#age
  }
}

const Boxed = t.versioned(2, t.struct({ n: t.float64 })).from(t.float64, (n) => ({ n }))
const Named = t
  .versioned(
    2,
    t.struct({
      unit: t.field(t.string, { default: 'one' }),
      amount: t.field(t.float64, { renamedFrom: 'n' }),
    }),
  )
  .from(t.float64, (amount) => ({ unit: 'one', amount }))

const bare = (type: Type<number>): Held<number> => {
  return { type, of: (number) => number, number: (held) => held }
}
const boxed: Held<{ n: number }> = { type: Boxed, of: (n) => ({ n }), number: ({ n }) => n }
const named: Held<{ unit: string; amount: number }> = {
  type: Named,
  of: (amount) => ({ unit: 'one', amount }),
  number: ({ unit, amount }) => (unit === 'one' ? amount : Number.NaN),
}

/** Calls `make` with how the numbers of this age are held; undeclared types stay what they are. */
export function withHeld<R>(typed: boolean, age: number, make: <T>(held: Held<T>) => R): R {
  if (!typed) return make(bare(t.dynamic<number>()))
  if (age === 0) return make(bare(t.float64))
  return age === 1 ? make(boxed) : make(named)
}
