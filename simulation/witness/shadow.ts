/**
 * The memory of one operator's keyed state: what its function has written through its handles, and
 * its timers, kept beside the real table as facts. A handle does what it always does; what it was
 * told is noted behind it, and what it gives is compared with what is known.
 */
import type { KeyedStateTable, OperatorStateSpec } from '../../src/state/backend.ts'
import { keyGroupOf } from '../../src/state/key-groups.ts'
import {
  beginRowKey,
  beginTimeKey,
  DOMAIN_EVENT_TIME,
  DOMAIN_PROCESSING_TIME,
  SECTION_TIMERS,
  writeEscaped,
} from '../../src/state/runs/entry.ts'
import type { TimerDomain } from '../../src/time/timers.ts'
import { routeHash, writeKey } from '../../src/types/keys.ts'
import type { Type } from '../../src/types/type.ts'
import { ByteWriter } from '../../src/util/bytes.ts'
import { agree, type Fact, shown, UNKNOWN } from './facts.ts'
import { textOf } from './run-file.ts'

/** What all shadows of a task share. */
export interface Memory {
  readonly maxParallelism: number
  readonly facts: Map<string, Fact>
  /** False when it is not known any more what there is. */
  readonly isTold: boolean
  differs(what: string): void
}

const NO_KEY = Symbol('no key')

export class Shadow {
  readonly operatorId: number
  /** Of the types that values are written under now. */
  readonly age: number
  readonly memory: Memory
  readonly #table: KeyedStateTable
  readonly #spec: OperatorStateSpec
  readonly #out = new ByteWriter()
  /** Types of which values are not copied when they are written. */
  readonly #owned = new Map<Type<unknown>, boolean>()
  readonly #changing = new Map<
    string,
    { readonly value: unknown; readonly type: Type<unknown>; readonly fact: Fact }
  >()
  #lastKey: unknown = NO_KEY
  #lastRow = ''

  constructor(table: KeyedStateTable, spec: OperatorStateSpec, memory: Memory) {
    this.#table = table
    this.#spec = spec
    this.memory = memory
    this.operatorId = spec.record.id
    this.age = spec.record.schemaId ?? 0
    this.#followTimers()
  }

  /** What the keys of all entries of the current key begin with. */
  row(): string {
    return this.rowOf(this.#table.currentKey)
  }

  /**
   * A row or timer that is in the table and should not be; undefined if there is none. To be asked
   * of tables that are in memory in whole, between records.
   *
   * @param rows all there should be; undefined if that is not certain.
   */
  surplus(rows: ReadonlySet<string> | undefined): string | undefined {
    for (const { key } of rows === undefined ? [] : this.#table.keys()) {
      const row = this.rowOf(key)
      if (rows?.has(row) === false) return `the row ${shown(row)} is in memory and should not be`
    }
    for (const { domain, time, key, name } of this.#table.timers.pending()) {
      const timer = this.#timer(domain, time, key, name)
      if (isMark(name) || this.memory.facts.has(timer)) continue
      return `the timer ${shown(timer)} is set and should not be`
    }
    return undefined
  }

  rowOf(key: unknown): string {
    if (key === this.#lastKey && typeof key !== 'object') return this.#lastRow
    const out = this.#out
    out.reset()
    beginRowKey(out, this.#groupOf(key), this.operatorId)
    writeKey(key, out)
    this.#lastKey = key
    return (this.#lastRow = textOf(out.view()))
  }

  keyText(key: unknown): string {
    this.#out.reset()
    writeKey(key, this.#out)
    return textOf(this.#out.view())
  }

  textOf(value: unknown, type: Type<unknown>): string {
    this.#out.reset()
    type.write(value, this.#out)
    return textOf(this.#out.view())
  }

  note(name: string, text: Fact['text'], isMortal: boolean, age = this.age): void {
    this.memory.facts.set(name, { text, age, isMortal })
  }

  /** The same of a value. What its operator alone holds may still change until the next cut. */
  noteValue(name: string, value: unknown, type: Type<unknown>, isMortal: boolean): void {
    if (!this.#isOwn(value, type)) return this.note(name, this.textOf(value, type), isMortal)
    const fact = { text: '', age: UNKNOWN, isMortal }
    this.memory.facts.set(name, fact)
    this.#changing.set(name, { value, type, fact })
  }

  /** What such values are by now, for a cut. */
  *settled(): Generator<readonly [string, Fact]> {
    for (const [name, { value, type, fact }] of this.#changing) {
      if (this.memory.facts.get(name) !== fact) this.#changing.delete(name)
      else yield [name, { ...fact, text: this.textOf(value, type), age: this.age }]
    }
  }

  forget(name: string): void {
    this.memory.facts.delete(name)
  }

  /** Forgets all whose names begin like this. */
  forgetAll(beginning: string): void {
    const { facts } = this.memory
    for (const name of facts.keys()) if (name.startsWith(beginning)) facts.delete(name)
  }

  /** A value that was read; undefined if there was none. */
  compare(name: string, text: string | undefined): void {
    const { facts, isTold } = this.memory
    if (!isTold) return
    const should = facts.get(name)
    const found = text === undefined ? undefined : { text, age: this.age, isMortal: false }
    if (should === undefined && found === undefined) return
    if (should !== undefined && found !== undefined && agree(should, found)) return
    this.memory.differs(`${shown(name)} is read as ${shown(text)}, not ${shown(should?.text)}`)
  }

  #isOwn(value: unknown, type: Type<unknown>): boolean {
    if (typeof value !== 'object' || value === null) return false
    let isOwn = this.#owned.get(type)
    if (isOwn === undefined) {
      isOwn = type.isolate(value) === value && !Object.isFrozen(value)
      this.#owned.set(type, isOwn)
    }
    return isOwn
  }

  #groupOf(key: unknown): number {
    return keyGroupOf(routeHash(key), this.memory.maxParallelism)
  }

  #timer(domain: TimerDomain, time: number, key: unknown, name: string): string {
    const out = this.#out
    out.reset()
    const clock = domain === 'event-time' ? DOMAIN_EVENT_TIME : DOMAIN_PROCESSING_TIME
    beginTimeKey(out, SECTION_TIMERS, this.#groupOf(key), this.operatorId, clock, time + 0)
    writeKey(key, out)
    writeEscaped(out, Buffer.from(name, 'utf8'))
    return textOf(out.view())
  }

  #followTimers(): void {
    const table = this.#table
    const { timers } = table
    const register = timers.register.bind(timers)
    timers.register = (domain, time, name, payload) => {
      register(domain, time, name, payload)
      if (isMark(name)) return
      const type = this.#spec.timers?.[name]?.payload
      const carries = payload !== undefined && type !== undefined
      const text = carries ? `\x01${this.textOf(payload, type)}` : ''
      this.note(this.#timer(domain, time, table.currentKey, name), text, false)
    }
    const remove = timers.delete.bind(timers)
    timers.delete = (domain, time, name) => {
      remove(domain, time, name)
      if (!isMark(name)) this.forget(this.#timer(domain, time, table.currentKey, name))
    }
    const advance = timers.advance.bind(timers)
    timers.advance = (clock, until, limit, onTimer) =>
      advance(clock, until, limit, (domain, key, hash, time, name, payload) => {
        if (!isMark(name)) this.#fired(this.#timer(domain, time, key, name))
        onTimer(domain, key, hash, time, name, payload)
      })
  }

  #fired(timer: string): void {
    const { facts, isTold } = this.memory
    if (facts.delete(timer) || !isTold) return
    this.memory.differs(`the timer ${shown(timer)} fired and was not set`)
  }
}

/** Timers of the table's own, for time to live. */
const isMark = (name: string): boolean => name.startsWith('\0')
