/**
 * Handles of value, reducing and aggregating states. What runs for each record, a number in a row
 * that was changed in this epoch already, is written out and short, so that it can be inlined;
 * everything else goes through `ScalarHandle`.
 */
import { type Codec, isCodec } from '../../types/codec.ts'
import { readIsolated } from '../../types/isolated.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Aggregate } from '../descriptors.ts'
import type { CounterState } from '../collection-handles.ts'
import type { FoldingState, ValueState } from '../handles.ts'
import { A_NUMBER, type Scalar, WORD_EPOCH } from './layout.ts'
import type { ScalarLife } from './lives.ts'
import { ABSENT } from './records.ts'
import type { RowStore } from './row-store.ts'

/** Reads and writes one scalar of the current row. */
abstract class ScalarHandle {
  protected readonly store: RowStore
  protected readonly type: Type<unknown>
  protected readonly lane: number
  protected readonly word: number
  protected readonly shift: number
  /** Only of states with a time to live. */
  protected readonly life: ScalarLife | undefined
  /** Any number is a value of the type as it is, and a write is nothing more. */
  readonly #takesNumbers: boolean
  readonly #scalar: Scalar

  constructor(store: RowStore, scalar: Scalar, life: ScalarLife | undefined) {
    this.store = store
    this.#scalar = scalar
    this.life = life
    this.type = scalar.type
    this.lane = scalar.lane
    this.word = scalar.presenceWord
    this.shift = scalar.presenceShift
    const { kind } = scalar.type.schema
    this.#takesNumbers = life === undefined && (kind === 'float64' || kind === 'dynamic')
  }

  /** False also for a key that has only the initial value. */
  get isSet(): boolean {
    return this.held() !== ABSENT
  }

  clear(): void {
    if (this.held() === ABSENT) return
    this.hold(ABSENT)
    this.store.thin()
  }

  /** The lane of the number that a read gives; -1 if that takes more. */
  protected laneToRead(): number {
    const { shard, at, words } = this.store
    if (shard !== undefined && this.life === undefined) {
      const presence = words[at * 2 + this.word] as number // within the record
      if (((presence >>> this.shift) & 3) === A_NUMBER) return at + this.lane
    }
    return -1
  }

  /** The lane of the number that any other may take the place of; -1 if that takes more. */
  protected laneToWrite(): number {
    const { shard, at, words, epoch } = this.store
    if (this.#takesNumbers && shard !== undefined) {
      const presence = words[at * 2 + this.word] as number // within the record
      const isNumber = ((presence >>> this.shift) & 3) === A_NUMBER
      if (isNumber && words[at * 2 + WORD_EPOCH] === epoch) return at + this.lane
    }
    return -1
  }

  /** What is held, whether it has expired or not; `ABSENT` also of a key without a row. */
  protected asItLies(): unknown {
    const { shard, at, records } = this.store
    return shard === undefined ? ABSENT : records.getAt(shard, at, this.#scalar)
  }

  /** The value as it is held, or `ABSENT`, for a write to build on. */
  protected held(): unknown {
    const { shard, at, records } = this.store
    if (shard === undefined) return this.#none()
    const held = records.getAt(shard, at, this.#scalar)
    return this.life === undefined ? held : this.life.fresh(held)
  }

  /** The same for a read. */
  protected readable(): unknown {
    const { shard, at, records } = this.store
    if (shard === undefined) return this.#none()
    const held = records.getAt(shard, at, this.#scalar)
    return this.life === undefined ? held : this.life.read(held)
  }

  /** Holds a value that nobody else changes. */
  protected hold(value: unknown): void {
    if (this.life !== undefined) return this.#holdMortal(this.life, value)
    this.store.prepare()
    const { shard, slot, records } = this.store
    records.set(required(shard, 'the row was prepared'), slot, this.#scalar, value)
  }

  #holdMortal(life: ScalarLife, value: unknown): void {
    life.settle()
    this.store.prepare()
    const { shard, slot, records } = this.store
    records.set(required(shard, 'the row was prepared'), slot, this.#scalar, value)
    if (value !== ABSENT) life.touch()
  }

  /** Of a key without a row. */
  #none(): typeof ABSENT {
    this.store.expectKey()
    return ABSENT
  }
}

export class ValueHandle extends ScalarHandle implements ValueState<unknown, unknown> {
  readonly #initial: unknown
  /** Of a type that need not copy again what is held already. */
  readonly #copier: Codec<unknown> | undefined

  constructor(store: RowStore, scalar: Scalar, life: ScalarLife | undefined) {
    super(store, scalar, life)
    this.#initial = scalar.descriptor.initial
    const { type } = scalar
    this.#copier = isCodec(type) ? type : undefined
  }

  value(): unknown {
    const lane = this.laneToRead()
    return lane >= 0 ? this.store.lanes[lane] : this.#valueOf(this.readable())
  }

  update(value: unknown): void {
    if (typeof value === 'number') {
      const lane = this.laneToWrite()
      if (lane >= 0) {
        this.store.lanes[lane] = value
        return
      }
    }
    this.hold(this.#isolated(value))
  }

  #isolated(value: unknown): unknown {
    const copier = this.#copier
    if (copier?.isolateAfter === undefined) return this.type.isolate(value)
    const held = this.asItLies()
    return held === ABSENT ? copier.isolate(value) : copier.isolateAfter(value, held)
  }

  #valueOf(held: unknown): unknown {
    return readIsolated(this.type, held === ABSENT ? this.#initial : held)
  }
}

export class ReducingHandle extends ScalarHandle implements FoldingState<unknown, unknown> {
  readonly #reduce: (a: unknown, b: unknown) => unknown

  constructor(store: RowStore, scalar: Scalar, life: ScalarLife | undefined) {
    super(store, scalar, life)
    this.#reduce = required(scalar.descriptor.reduce, `${scalar.name} has no reduce`)
  }

  get(): unknown {
    const held = this.readable()
    return held === ABSENT ? undefined : readIsolated(this.type, held)
  }

  add(value: unknown): void {
    const held = this.held()
    if (held === ABSENT) return this.hold(this.type.isolate(value))
    const reduce = this.#reduce
    const before = readIsolated(this.type, held)
    const next = reduce(before, value)
    // What state holds and nobody can change is isolated already.
    const isHeld = next === before && !this.type.copyOnRead
    this.hold(isHeld ? next : this.type.isolate(next))
  }
}

/**
 * The accumulator is the aggregate's own: `add` may change it in place, nobody else sees it. A
 * result that is the accumulator itself is handed out as an isolated copy.
 */
export class AggregatingHandle extends ScalarHandle implements FoldingState<unknown, unknown> {
  readonly #aggregate: Aggregate<unknown, unknown, unknown>

  constructor(store: RowStore, scalar: Scalar, life: ScalarLife | undefined) {
    super(store, scalar, life)
    this.#aggregate = required(scalar.descriptor.aggregate, `${scalar.name} has no aggregate`)
  }

  get(): unknown {
    const held = this.readable()
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

  /** What puts the accumulator back as it is now: `add` may change it in place. */
  keep(): () => void {
    const held = this.held()
    if (held === ABSENT) return () => this.clear()
    const out = new ByteWriter()
    this.type.write(held, out)
    return () => this.hold(this.type.read(new ByteReader(out.bytes, 0, out.length)))
  }
}

export class CounterHandle extends ScalarHandle implements CounterState {
  value(): number {
    const lane = this.laneToRead()
    return lane >= 0 ? (this.store.lanes[lane] as number) : numberOf(this.readable())
  }

  add(amount: number): number {
    if (typeof amount !== 'number') this.type.isolate(amount)
    const lane = this.laneToWrite()
    if (lane >= 0) return (this.store.lanes[lane] = (this.store.lanes[lane] as number) + amount)
    const sum = this.type.isolate(numberOf(this.held()) + amount) as number // of a type of numbers
    this.hold(sum)
    return sum
  }

  increment(): number {
    return this.add(1)
  }
}

function numberOf(held: unknown): number {
  return typeof held === 'number' ? held : 0
}
