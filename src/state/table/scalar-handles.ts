/**
 * Handles of value, reducing and aggregating states. The paths for numbers are written out, for
 * they run for each record; everything else goes through `Records`.
 */
import { readIsolated } from '../../types/isolated.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import type { Aggregate } from '../descriptors.ts'
import type { FoldingState, ValueState } from '../handles.ts'
import { A_NUMBER, type Scalar, WORD_EPOCH } from './layout.ts'
import { ABSENT } from './records.ts'
import type { RowStore } from './row-store.ts'

/** Reads and writes one scalar of the current row. */
class ScalarAccess {
  readonly #store: RowStore
  readonly #scalar: Scalar
  readonly #type: Type<unknown>
  readonly #lane: number
  readonly #word: number
  readonly #shift: number
  /** Any number is a value of the type as it is. */
  readonly #takesNumbers: boolean

  constructor(store: RowStore, scalar: Scalar) {
    this.#store = store
    this.#scalar = scalar
    this.#type = scalar.type
    this.#lane = scalar.lane
    this.#word = scalar.presenceWord
    this.#shift = scalar.presenceShift
    const { kind } = scalar.type.schema
    this.#takesNumbers = kind === 'float64' || kind === 'dynamic'
  }

  /** The value as it is held, or `ABSENT`. */
  get(): unknown {
    const store = this.#store
    const { shard } = store
    if (shard === undefined) {
      store.expectKey()
      return ABSENT
    }
    const presence = shard.words[store.at * 2 + this.#word] as number // within the record
    if (((presence >>> this.#shift) & 3) === A_NUMBER) return shard.lanes[store.at + this.#lane]
    return store.records.get(shard, store.slot, this.#scalar)
  }

  /** Holds what its owner may change afterwards. */
  set(value: unknown): void {
    const takesIt = typeof value === 'number' && this.#takesNumbers
    this.setOwn(takesIt ? value : this.#type.isolate(value))
  }

  /** Holds a value that nobody else changes. */
  setOwn(value: unknown): void {
    const shard = this.prepare()
    const store = this.#store
    const word = store.at * 2 + this.#word
    if (typeof value === 'number') {
      const presence = shard.words[word] as number // within the record
      if (((presence >>> this.#shift) & 3) === A_NUMBER) {
        shard.lanes[store.at + this.#lane] = value
        return
      }
    }
    store.records.set(shard, store.slot, this.#scalar, value)
  }

  /** Makes the row ready for a change; before an accumulator is changed in place. */
  prepare(): NonNullable<RowStore['shard']> {
    const store = this.#store
    const shard = store.shard ?? store.create()
    if (shard.words[store.at * 2 + WORD_EPOCH] !== store.epoch) store.touch()
    return shard
  }

  clear(): void {
    if (this.get() === ABSENT) return
    const store = this.#store
    store.records.set(this.prepare(), store.slot, this.#scalar, ABSENT)
    store.thin()
  }
}

export class ValueHandle implements ValueState<unknown, unknown> {
  readonly #access: ScalarAccess
  readonly #type: Type<unknown>
  readonly #initial: unknown

  constructor(store: RowStore, scalar: Scalar) {
    this.#access = new ScalarAccess(store, scalar)
    this.#type = scalar.type
    this.#initial = scalar.descriptor.initial
  }

  value(): unknown {
    const held = this.#access.get()
    if (typeof held === 'number') return held
    return readIsolated(this.#type, held === ABSENT ? this.#initial : held)
  }

  update(value: unknown): void {
    this.#access.set(value)
  }

  clear(): void {
    this.#access.clear()
  }
}

export class ReducingHandle implements FoldingState<unknown, unknown> {
  readonly #access: ScalarAccess
  readonly #type: Type<unknown>
  readonly #reduce: (a: unknown, b: unknown) => unknown

  constructor(store: RowStore, scalar: Scalar) {
    this.#access = new ScalarAccess(store, scalar)
    this.#type = scalar.type
    this.#reduce = required(scalar.descriptor.reduce, `${scalar.name} has no reduce`)
  }

  get(): unknown {
    const held = this.#access.get()
    return held === ABSENT ? undefined : readIsolated(this.#type, held)
  }

  add(value: unknown): void {
    const held = this.#access.get()
    if (held === ABSENT) return this.#access.set(value)
    const reduce = this.#reduce
    this.#access.set(reduce(readIsolated(this.#type, held), value))
  }

  clear(): void {
    this.#access.clear()
  }
}

/**
 * The accumulator is the aggregate's own: `add` may change it in place, nobody else sees it. A
 * result that is the accumulator itself is handed out as an isolated copy.
 */
export class AggregatingHandle implements FoldingState<unknown, unknown> {
  readonly #access: ScalarAccess
  readonly #type: Type<unknown>
  readonly #aggregate: Aggregate<unknown, unknown, unknown>

  constructor(store: RowStore, scalar: Scalar) {
    this.#access = new ScalarAccess(store, scalar)
    this.#type = scalar.type
    this.#aggregate = required(scalar.descriptor.aggregate, `${scalar.name} has no aggregate`)
  }

  get(): unknown {
    const held = this.#access.get()
    if (held === ABSENT) return undefined
    const result = this.#aggregate.getResult(held)
    return typeof result === 'object' && result === held ? this.#type.isolate(result) : result
  }

  add(value: unknown): void {
    const access = this.#access
    const held = access.get()
    // The old bytes have to be taken before `add` changes what they are made of.
    access.prepare()
    const accumulator = held === ABSENT ? this.#aggregate.createAccumulator() : held
    const next = this.#aggregate.add(value, accumulator)
    // Checked where it costs nothing; an object is checked when it is written.
    access.setOwn(typeof next === 'object' ? next : this.#type.isolate(next))
  }

  clear(): void {
    this.#access.clear()
  }
}
