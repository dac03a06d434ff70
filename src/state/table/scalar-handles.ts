/**
 * Handles of value, reducing and aggregating states. What runs for each record, a number in a row
 * that was changed in this epoch already, is written out and short, so that it can be inlined;
 * everything else goes through `ScalarHandle`.
 */
import { readIsolated } from '../../types/isolated.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import type { Aggregate } from '../descriptors.ts'
import type { CounterState } from '../collection-handles.ts'
import type { FoldingState, ValueState } from '../handles.ts'
import { A_NUMBER, type Scalar, WORD_EPOCH } from './layout.ts'
import { ABSENT } from './records.ts'
import type { RowStore } from './row-store.ts'

/** Reads and writes one scalar of the current row. */
abstract class ScalarHandle {
  protected readonly store: RowStore
  protected readonly type: Type<unknown>
  protected readonly lane: number
  protected readonly word: number
  protected readonly shift: number
  readonly #scalar: Scalar

  constructor(store: RowStore, scalar: Scalar) {
    this.store = store
    this.#scalar = scalar
    this.type = scalar.type
    this.lane = scalar.lane
    this.word = scalar.presenceWord
    this.shift = scalar.presenceShift
  }

  clear(): void {
    if (this.held() === ABSENT) return
    this.hold(ABSENT)
    this.store.thin()
  }

  /** The value as it is held, or `ABSENT`. */
  protected held(): unknown {
    const { shard, slot, records } = this.store
    if (shard !== undefined) return records.get(shard, slot, this.#scalar)
    this.store.expectKey()
    return ABSENT
  }

  /** Holds a value that nobody else changes. */
  protected hold(value: unknown): void {
    this.store.prepare()
    const { shard, slot, records } = this.store
    records.set(required(shard, 'the row was prepared'), slot, this.#scalar, value)
  }
}

export class ValueHandle extends ScalarHandle implements ValueState<unknown, unknown> {
  readonly #initial: unknown
  /** Any number is a value of the type as it is. */
  readonly #takesNumbers: boolean

  constructor(store: RowStore, scalar: Scalar) {
    super(store, scalar)
    this.#initial = scalar.descriptor.initial
    const { kind } = scalar.type.schema
    this.#takesNumbers = kind === 'float64' || kind === 'dynamic'
  }

  value(): unknown {
    const { store } = this
    const { shard, at } = store
    if (shard !== undefined) {
      const presence = shard.words[at * 2 + this.word] as number // within the record
      if (((presence >>> this.shift) & 3) === A_NUMBER) return shard.lanes[at + this.lane]
    }
    return this.#valueOf(this.held())
  }

  update(value: unknown): void {
    const { store } = this
    const { shard, at } = store
    if (typeof value === 'number' && this.#takesNumbers && shard !== undefined) {
      const { words } = shard
      const presence = words[at * 2 + this.word] as number // within the record
      const isNumber = ((presence >>> this.shift) & 3) === A_NUMBER
      if (isNumber && words[at * 2 + WORD_EPOCH] === store.epoch) {
        shard.lanes[at + this.lane] = value
        return
      }
    }
    this.hold(this.type.isolate(value))
  }

  #valueOf(held: unknown): unknown {
    return readIsolated(this.type, held === ABSENT ? this.#initial : held)
  }
}

export class ReducingHandle extends ScalarHandle implements FoldingState<unknown, unknown> {
  readonly #reduce: (a: unknown, b: unknown) => unknown

  constructor(store: RowStore, scalar: Scalar) {
    super(store, scalar)
    this.#reduce = required(scalar.descriptor.reduce, `${scalar.name} has no reduce`)
  }

  get(): unknown {
    const held = this.held()
    return held === ABSENT ? undefined : readIsolated(this.type, held)
  }

  add(value: unknown): void {
    const held = this.held()
    if (held === ABSENT) return this.hold(this.type.isolate(value))
    const reduce = this.#reduce
    this.hold(this.type.isolate(reduce(readIsolated(this.type, held), value)))
  }
}

/**
 * The accumulator is the aggregate's own: `add` may change it in place, nobody else sees it. A
 * result that is the accumulator itself is handed out as an isolated copy.
 */
export class AggregatingHandle extends ScalarHandle implements FoldingState<unknown, unknown> {
  readonly #aggregate: Aggregate<unknown, unknown, unknown>

  constructor(store: RowStore, scalar: Scalar) {
    super(store, scalar)
    this.#aggregate = required(scalar.descriptor.aggregate, `${scalar.name} has no aggregate`)
  }

  get(): unknown {
    const held = this.held()
    if (held === ABSENT) return undefined
    const result = this.#aggregate.getResult(held)
    return typeof result === 'object' && result === held ? this.type.isolate(result) : result
  }

  add(value: unknown): void {
    // The old bytes have to be taken before `add` changes what they are made of.
    this.store.prepare()
    const held = this.held()
    const accumulator = held === ABSENT ? this.#aggregate.createAccumulator() : held
    const next = this.#aggregate.add(value, accumulator)
    // Checked where it costs nothing; an object is checked when it is written.
    this.hold(typeof next === 'object' ? next : this.type.isolate(next))
  }
}

export class CounterHandle extends ScalarHandle implements CounterState {
  value(): number {
    const { store } = this
    const { shard, at } = store
    if (shard !== undefined) {
      const presence = shard.words[at * 2 + this.word] as number // within the record
      if (((presence >>> this.shift) & 3) === A_NUMBER) return shard.lanes[at + this.lane] as number
    }
    if (shard === undefined) store.expectKey()
    return 0 // all that a counter holds is numbers
  }

  add(amount: number): number {
    if (typeof amount !== 'number') this.type.isolate(amount)
    const sum = this.type.isolate(this.value() + amount) as number // the type is one of numbers
    this.hold(sum)
    return sum
  }

  increment(): number {
    return this.add(1)
  }
}
