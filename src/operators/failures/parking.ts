/**
 * The keys of one subtask that are parked: a record at which the function threw waits, and so does
 * all that comes later for its key, in order, while other keys go on. What waits is tried again
 * when the job is restored, and before the input ends.
 */
import { MillraceError } from '../../errors.ts'
import type { KeyedStateTable } from '../../state/backend.ts'
import { describeKey, routeHash, writeKey } from '../../types/keys.ts'
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
import { ParkedTimers } from './parked-timers.ts'
import { type FailedCall, thrownAs } from './policy.ts'

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

/** A parked key, for people. */
export interface ParkedKeyStatus {
  readonly operator: string
  readonly key: string
  /** Records that wait. */
  readonly waiting: number
  readonly message: string
}

interface Held {
  readonly key: unknown
  readonly hash: number
  waiting: number
  bytes: number
  message: string
}

type Failure = { readonly call: FailedCall; readonly error: unknown }

export class Parking {
  /** What the operator is to be made with. */
  readonly timers: ParkedTimers
  /** Records that wait. */
  waiting = 0
  readonly #options: ParkingOptions
  readonly #states: ParkedHandles
  readonly #keys = new Map<string, Held>()
  readonly #keyBytes = new ByteWriter(64)
  readonly #scratch = new ByteWriter()
  #operator: Operator | undefined
  #bytes = 0
  #trying: Held[] = []
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
      const { message = '' } = parked.value() ?? {}
      const held: Held = { key, hash, waiting: records.length, bytes: 0, message }
      for (const { bytes } of records) held.bytes += bytes
      this.#keys.set(this.#textOf(key), held)
      this.waiting += held.waiting
      this.#bytes += held.bytes
    }
    options.parked.deselect()
    this.#tryAll()
  }

  /** @param operator with the guard around it. */
  serve(operator: Operator): void {
    this.#operator = operator
  }

  get parkedKeys(): number {
    return this.#keys.size
  }

  /** Some of them, for people. */
  shown(count: number): readonly ParkedKeyStatus[] {
    const { label: operator } = this.#options
    return Array.from(this.#keys.values().take(count), ({ key, waiting, message }) => {
      return { operator, key: describeKey(key), waiting, message }
    })
  }

  /** True if the current key of the operator is parked: what comes for it is to wait. */
  get holdsCurrent(): boolean {
    if (this.#keys.size === 0 || this.#isReplaying) return false
    const { currentKey } = this.#options.table
    return currentKey !== undefined && this.#keys.has(this.#textOf(currentKey))
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
    const { key, timer, input, value, timestamp } = call
    const held: Held = { key, hash: routeHash(key), waiting: 0, bytes: 0, message: '' }
    this.#keys.set(this.#textOf(key), held)
    this.#note(held, { call, error })
    if (timer === undefined) this.#addRecord(held, input, value, timestamp)
    else this.#addTimer(held, timer)
  }

  /** While it is true, `tryAgain` has something to do. */
  get isTrying(): boolean {
    return this.#trying.length > 0
  }

  /** Tries keys again, each until it fails or nothing of it waits: at most so many calls. */
  tryAgain(callsMax: number): void {
    let calls = 0
    for (let [held] = this.#trying; held !== undefined && calls < callsMax; [held] = this.#trying) {
      if (this.#tryNext(held)) calls++
      else this.#trying.shift()
    }
    this.#options.table.deselect()
    this.#options.parked.deselect()
  }

  /** Nothing comes any more: tries all for the last time. @throws `PARKED_KEYS_LEFT` */
  finish(): void {
    if (this.#keys.size === 0) return
    this.#tryAll()
    this.tryAgain(Number.POSITIVE_INFINITY)
    const [left] = this.#keys.values()
    if (left === undefined) return
    const { label } = this.#options
    const what = `${label}: the input ends, and ${this.#keys.size} keys are parked`
    throw new MillraceError('PARKED_KEYS_LEFT', `${what}, such as ${this.#example(left)}`, {
      details: { operator: label, keys: this.#keys.size, waiting: this.waiting },
    })
  }

  #tryAll(): void {
    this.#trying = [...this.#keys.values()]
  }

  /** The next thing that waits; false if it failed, or there is none. */
  #tryNext(held: Held): boolean {
    const { table, parked } = this.#options
    const { records, timers } = this.#states
    parked.select(held.key, held.hash)
    const record = records.first()
    const [timerKey, { payload } = {}] = this.#dueTimer(record?.watermark ?? Infinity) ?? []
    if (record === undefined && timerKey === undefined) {
      this.#release(held)
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
    return this.#count(held, -1, -bytes)
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
    try {
      call(required(this.#operator, 'the operator is made'))
    } finally {
      this.#isReplaying = false
      this.timers.replayed = undefined
    }
    return this.#failure
  }

  #current(): Held {
    const held = this.#keys.get(this.#textOf(this.#options.table.currentKey))
    return required(held, 'the current key is parked')
  }

  #addRecord(held: Held, input: number, value: unknown, timestamp: number): void {
    this.#options.parked.select(held.key, held.hash)
    const watermark = this.timers.currentWatermark
    const side = input === 1 ? { first: value } : { second: value }
    const record = { input, timestamp, watermark, bytes: 0, ...side }
    this.#scratch.reset()
    this.#options.recordType.write(record, this.#scratch)
    const { length: bytes } = this.#scratch
    this.#states.records.pushLast({ ...record, bytes })
    this.#count(held, 1, bytes)
    const { recordsMax, bytesMax, label } = this.#options
    if (this.waiting <= recordsMax && this.#bytes <= bytesMax) return
    const limit = this.waiting > recordsMax ? `${recordsMax} records` : `${bytesMax} bytes`
    const what = `${label}: more than ${limit} wait for ${this.#keys.size} parked keys`
    throw new MillraceError('PARKED_TOO_MANY', `${what}, such as ${this.#example(held)}`, {
      details: { operator: label, keys: this.#keys.size, waiting: this.waiting },
    })
  }

  #addTimer(held: Held, timer: WaitingTimer): void {
    this.#options.parked.select(held.key, held.hash)
    const { payload } = timer
    const key = keyOfTimer(timer, this.timers.currentWatermark)
    this.#states.timers.set(key, payload === undefined ? {} : { payload })
  }

  /** Keeps why it is parked; false: it goes no further. */
  #note(held: Held, { call, error }: Failure): false {
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

  #release(held: Held): void {
    this.#states.parked.clear()
    this.#keys.delete(this.#textOf(held.key))
  }

  #count(held: Held, records: number, bytes: number): true {
    held.waiting += records
    held.bytes += bytes
    this.waiting += records
    this.#bytes += bytes
    return true
  }

  #example({ key, message }: Held): string {
    return `${describeKey(key)}: ${message}`
  }

  #textOf(key: unknown): string {
    this.#keyBytes.reset()
    writeKey(key, this.#keyBytes)
    return this.#keyBytes.bytes.latin1Slice(0, this.#keyBytes.length)
  }
}
