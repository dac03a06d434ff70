// The stage of a keyed operator that passes everything on, over the real table of a backend.
import assert from 'node:assert/strict'
import type { Operator, Output, TimeDomain } from '../../src/operators/operator.ts'
import { KeyedStage, TIMERS_PER_STEP } from '../../src/runtime/stages.ts'
import type { KeyedStateTable } from '../../src/state/backend.ts'
import { hashmap } from '../../src/state/hashmap/index.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import { dynamicType } from '../../src/types/dynamic.ts'
import { routeHash } from '../../src/types/keys.ts'
import { Recorder } from './doubles.ts'

/** Passes everything on, with the key that is selected. */
class KeyedEcho implements Operator {
  readonly #output: Output
  readonly #table: KeyedStateTable
  onRecord: (value: unknown) => void = () => undefined

  constructor(output: Output, table: KeyedStateTable) {
    this.#output = output
    this.#table = table
  }
  open(): void {}
  close(): void {}
  processElement(value: unknown, timestamp: number): void {
    this.onRecord(value)
    this.#output.collect(`${String(this.#table.currentKey)}=${String(value)}`, timestamp)
  }
  processElement2(value: unknown, timestamp: number): void {
    this.onRecord(value)
    this.#output.collect(`second ${String(this.#table.currentKey)}=${String(value)}`, timestamp)
  }
  processWatermark(timestamp: number): void {
    this.#output.watermark(timestamp)
  }
  onTimer(domain: TimeDomain, time: number, name: string): void {
    this.onRecord(name)
    this.#output.collect(`${String(this.#table.currentKey)} ${domain} ${time} ${name}`, time)
  }
  endInput(): void {
    this.#output.endInput()
  }
}

interface Given {
  readonly prefetches?: boolean
  readonly secondIsKeyed?: boolean
  readonly guard?: ConstructorParameters<typeof KeyedStage>[6]
}

/** The real table of a backend, and what it was asked to prefetch. */
export async function stageOf({ prefetches = false, secondIsKeyed = false, guard }: Given = {}) {
  const backend = hashmap().create({
    keyGroups: { start: 0, end: 127 },
    maxParallelism: 128,
    memoryBytes: 1024 ** 2,
    scratch: new MemoryScratch(),
    monotonic: () => 0,
  })
  const real = backend.register({
    record: { id: 1, uid: 'echo', states: [] },
    keyType: dynamicType<unknown>(),
    descriptors: {},
  })
  await backend.open()
  const fetched: unknown[][] = []
  const table: KeyedStateTable = {
    handles: real.handles,
    timers: real.timers,
    prefetches,
    get currentKey() {
      return real.currentKey
    },
    select: (key, hash) => real.select(key, hash),
    deselect: () => real.deselect(),
    fireMark: (key, hash, name, time) => real.fireMark(key, hash, name, time),
    keys: () => real.keys(),
    prefetch(keys, hashes, count) {
      fetched.push(keys.slice(0, count))
      for (let at = 0; at < count; at++) assert.equal(hashes[at], routeHash(keys[at]))
    },
  }
  const output = new Recorder()
  const operator = new KeyedEcho(output, table)
  const select = (value: unknown): unknown => {
    if (String(value).startsWith('!')) throw new Error('no key')
    return String(value)[0]
  }
  const key = { select, type: dynamicType<unknown>() }
  const lastLetter = { select: (value: unknown) => String(value).at(-1), type: key.type }
  const secondKey = secondIsKeyed ? lastLetter : undefined
  const stage = new KeyedStage('echo', operator, table, key, secondKey, TIMERS_PER_STEP, guard)
  const timer = (name: string, domain: TimeDomain, time: number): void => {
    table.select(name[0], routeHash(name[0]))
    table.timers.register(domain, time, name)
    table.deselect()
  }
  return { stage, operator, output, table, fetched, timer }
}
