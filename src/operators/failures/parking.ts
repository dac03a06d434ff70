/**
 * The keys of one subtask that are parked: a record at which the function threw waits, and so does
 * all that comes later for its key, in order, while other keys go on. What waits is tried again
 * when the job is restored, and before the input ends.
 */
import { MillraceError } from '../../errors.ts'
import type { KeyedStateTable } from '../../state/backend.ts'
import { describeKey, routeHash } from '../../types/keys.ts'
import { copyOf } from '../../types/owned.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import { ByteWriter } from '../../util/bytes.ts'
import type { KeyedTimers, Operator } from '../operator.ts'
import {
  keyOfTimer,
  type ParkedHandles,
  parkedHandles,
  type ParkedRecord,
  timerOfKey,
  type WaitingTimer,
} from './parked-states.ts'
import {
  type HeldKey,
  ParkedKeys,
  type ParkedKeyStatus,
  type ReleaseOutcome,
} from './parked-keys.ts'
import { ParkedTimers } from './parked-timers.ts'
import { type FailedCall, thrownAs } from './policy.ts'
import { ReleaseWish } from './release.ts'

export interface ParkingLimits {
  /** Records that wait, over all keys of a subtask. */
  readonly recordsMax: number
  readonly bytesMax: number
}

export interface ParkingOptions extends ParkingLimits {
  /** What messages call the operator. */
  readonly label: string
  /** Of the operator. */
  readonly table: KeyedStateTable
  readonly timers: KeyedTimers
  /** What is parked: `parkedStates`. */
  readonly parked: KeyedStateTable
  readonly recordType: Type<ParkedRecord>
}

type Failure = { readonly call: FailedCall; readonly error: unknown }

export class Parking {
  /** What the operator is to be made with. */
  readonly timers: ParkedTimers
  readonly #options: ParkingOptions
  readonly #states: ParkedHandles
  readonly #keys = new ParkedKeys()
  readonly #scratch = new ByteWriter()
  #operator: Operator | undefined
  /** In the order in which they are tried again. */
  readonly #trying = new Set<HeldKey>()
  #wishes: ReleaseWish[] = []
  #isReplaying = false
  #failure: Failure | undefined

  /** Finds what was restored, and is going to try it again. */
  constructor(options: ParkingOptions) {
    this.#options = options
    this.#states = parkedHandles(options.parked)
    this.timers = new ParkedTimers(options.timers, this.#states.timers)
    const { parked, records } = this.#states
    for (const { key, routeHash: hash } of options.parked.keys()) {
      options.parked.select(key, hash)
      const { message = '', since = 0 } = parked.value() ?? {}
      const held: HeldKey = { key, hash, since, waiting: records.length, bytes: 0, message }
      for (const { bytes } of records) held.bytes += bytes
      this.#keys.add(held)
    }
    options.parked.deselect()
    this.#tryAll()
  }

  /** @param operator with the guard around it. */
  serve(operator: Operator): void {
    this.#operator = operator
  }

  get parkedKeys(): number {
    return this.#keys.count
  }

  /** Records that wait. */
  get waiting(): number {
    return this.#keys.waiting
  }

  /** Some of them, for people. */
  shown(count: number): readonly ParkedKeyStatus[] {
    return this.#keys.shown(this.#options.label, count)
  }

  /** True if the current key of the operator is parked: what comes for it is to wait. */
  get holdsCurrent(): boolean {
    if (this.#keys.count === 0 || this.#isReplaying) return false
    const { currentKey } = this.#options.table
    return currentKey !== undefined && this.#keys.has(currentKey)
  }

  addRecord(input: number, value: unknown, timestamp: number): void {
    this.#addRecord(this.#current(), input, value, timestamp)
  }

  addTimer(timer: WaitingTimer): void {
    this.#addTimer(this.#current(), timer)
  }

  /** A call on the current key has failed, and is undone. */
  failed(call: FailedCall, error: unknown): void {
    if (this.#isReplaying) {
      this.#failure = { call, error }
      return
    }
    const { key, timer, input, value, timestamp, failedAt: since } = call
    const held: HeldKey = { key, hash: routeHash(key), since, waiting: 0, bytes: 0, message: '' }
    this.#keys.add(held)
    this.#note(held, { call, error })
    if (timer === undefined) this.#addRecord(held, input, value, timestamp)
    else this.#addTimer(held, timer)
  }

  /** While it is true, `tryAgain` has something to do. */
  get isTrying(): boolean {
    return this.#trying.size > 0
  }

  /** Tries keys again, each until it fails or nothing of it waits: at most so many calls. */
  tryAgain(callsMax: number): void {
    let calls = 0
    for (const held of this.#trying) {
      while (calls < callsMax && this.#trying.has(held)) {
        if (this.#tryNext(held)) calls++
        else this.#trying.delete(held)
      }
      if (calls >= callsMax) break
    }
    this.#options.table.deselect()
    this.#options.parked.deselect()
    if (this.#trying.size === 0) this.#answerWishes()
  }

  /**
   * Tries parked keys again, between two records; a key that is not parked here is none of them.
   *
   * @param only one key; all if undefined
   * @param done is told when each has failed again, or goes on; never if the task ends before
   */
  release(
    only: readonly [key: unknown] | undefined,
    done: (outcome: ReleaseOutcome) => void,
  ): void {
    const held = only === undefined ? this.#keys.all : [this.#keys.of(only[0])]
    const asked = held.filter((each) => each !== undefined)
    for (const each of asked) this.#trying.add(each)
    this.#wishes.push(new ReleaseWish(this.#options.label, asked, done))
    if (this.#trying.size === 0) this.#answerWishes()
  }

  /** Nothing comes any more: tries all for the last time. @throws `PARKED_KEYS_LEFT` */
  finish(): void {
    if (this.#keys.count === 0) return
    this.#tryAll()
    this.tryAgain(Number.POSITIVE_INFINITY)
    const [left] = this.#keys.all
    if (left === undefined) return
    const { label } = this.#options
    const what = `${label}: the input ends, and ${this.#keys.count} keys are parked`
    throw new MillraceError('PARKED_KEYS_LEFT', `${what}, such as ${this.#example(left)}`, {
      details: { operator: label, keys: this.#keys.count, waiting: this.waiting },
    })
  }

  #tryAll(): void {
    for (const held of this.#keys.all) this.#trying.add(held)
  }

  #answerWishes(): void {
    const wishes = this.#wishes
    this.#wishes = []
    for (const wish of wishes) wish.answer(this.#keys)
  }

  /** The next thing that waits; false if it failed, or there is none. */
  #tryNext(held: HeldKey): boolean {
    const { table, parked } = this.#options
    const { records, timers } = this.#states
    parked.select(held.key, held.hash)
    const record = records.first()
    const [timerKey, { payload } = {}] = this.#dueTimer(record?.watermark ?? Infinity) ?? []
    if (record === undefined && timerKey === undefined) {
      this.#states.parked.clear()
      this.#keys.remove(held)
      return false
    }
    table.select(held.key, held.hash)
    if (timerKey !== undefined) {
      // Before the call, which may set it anew.
      timers.delete(timerKey)
      const failure = this.#replay(timerKey[0], (operator) => {
        const { domain, time, name } = timerOfKey(timerKey, undefined)
        operator.onTimer?.(domain, time, name, payload)
      })
      if (failure === undefined) return true
      timers.set(timerKey, payload === undefined ? {} : { payload })
      return this.#note(held, failure)
    }
    const { input, timestamp, watermark, first, second, bytes } = copyOf(
      this.#options.recordType,
      required(record, 'a record or a timer waits'),
    )
    const failure = this.#replay(watermark, (operator) => {
      if (input === 1) operator.processElement(first, timestamp)
      else operator.processElement2?.(second, timestamp)
    })
    if (failure !== undefined) return this.#note(held, failure)
    records.popFirst()
    this.#keys.change(held, -1, -bytes)
    return true
  }

  /** The first timer that is due by then. */
  #dueTimer(watermark: number) {
    for (const entry of this.#states.timers.entries()) {
      return entry[0][0] <= watermark ? entry : undefined
    }
    return undefined
  }

  #replay(watermark: number, call: (operator: Operator) => void): Failure | undefined {
    this.#failure = undefined
    this.#isReplaying = true
    this.timers.replayed = watermark
    // At another parallelism event time may have gone back, and what waits is ahead of it.
    this.timers.reached = this.#states.records.last()?.watermark ?? watermark
    try {
      call(required(this.#operator, 'the operator is made'))
    } finally {
      this.#isReplaying = false
      this.timers.replayed = undefined
    }
    return this.#failure
  }

  #current(): HeldKey {
    const held = this.#keys.of(this.#options.table.currentKey)
    return required(held, 'the current key is parked')
  }

  #addRecord(held: HeldKey, input: number, value: unknown, timestamp: number): void {
    this.#options.parked.select(held.key, held.hash)
    const watermark = this.timers.currentWatermark
    const side = input === 1 ? { first: value } : { second: value }
    const record = { input, timestamp, watermark, bytes: 0, ...side }
    this.#scratch.reset()
    this.#options.recordType.write(record, this.#scratch)
    const { length: bytes } = this.#scratch
    this.#states.records.pushLast({ ...record, bytes })
    this.#keys.change(held, 1, bytes)
    const { recordsMax, bytesMax, label } = this.#options
    if (this.waiting <= recordsMax && this.#keys.bytes <= bytesMax) return
    const limit = this.waiting > recordsMax ? `${recordsMax} records` : `${bytesMax} bytes`
    const what = `${label}: more than ${limit} wait for ${this.#keys.count} parked keys`
    throw new MillraceError('PARKED_TOO_MANY', `${what}, such as ${this.#example(held)}`, {
      details: { operator: label, keys: this.#keys.count, waiting: this.waiting },
    })
  }

  #addTimer(held: HeldKey, timer: WaitingTimer): void {
    this.#options.parked.select(held.key, held.hash)
    const { payload } = timer
    const key = keyOfTimer(timer, this.timers.currentWatermark)
    this.#states.timers.set(key, payload === undefined ? {} : { payload })
  }

  /** Keeps why it is parked; false: it goes no further. */
  #note(held: HeldKey, { call, error }: Failure): false {
    this.#options.parked.select(held.key, held.hash)
    const { parked } = this.#states
    const before = parked.value()
    const { place, failedAt } = call
    const { code, message, stack } = thrownAs(error)
    const attempts = (before?.attempts ?? 0) + 1
    held.message = message
    const since = before?.since ?? failedAt
    parked.update({ since, failedAt, attempts, place, code, message, stack })
    return false
  }

  #example({ key, message }: HeldKey): string {
    return `${describeKey(key)}: ${message}`
  }
}
