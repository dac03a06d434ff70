// The plain model of keyed state: one JavaScript object for each key, and a set of timers. It knows
// nothing of epochs, runs or memory; a snapshot of it is a copy.
import { inspect } from 'node:util'
import type { Handles } from '../../../src/testing/conformance/backend-world.ts'
import { writeKey } from '../../../src/types/keys.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'

export interface PlainRow {
  /** An array of the value, for `undefined` is one. */
  value: [unknown] | undefined
  count: number | undefined
  list: unknown[]
  /** By the text of the key. */
  map: Map<string, { readonly key: unknown; readonly value: unknown }>
  largest: number | undefined
  all: number[] | undefined
  /** By the text of the key. */
  sorted: Map<string, { readonly key: unknown; readonly value: unknown }>
  set: Map<string, unknown>
  deque: unknown[]
  counter: number | undefined
}

export interface PlainTimer {
  readonly key: unknown
  readonly domain: 'event-time' | 'processing-time'
  readonly time: number
  readonly name: string
}

export function textOf(key: unknown): string {
  return `${typeof key} ${inspect(key)}`
}

function emptyRow(): PlainRow {
  return {
    value: undefined,
    count: undefined,
    list: [],
    map: new Map(),
    largest: undefined,
    all: undefined,
    sorted: new Map(),
    set: new Map(),
    deque: [],
    counter: undefined,
  }
}

export class PlainState {
  readonly rows = new Map<string, PlainRow>()
  readonly timers = new Map<string, PlainTimer>()

  row(key: unknown): PlainRow {
    const held = this.rows.get(textOf(key)) ?? emptyRow()
    this.rows.set(textOf(key), held)
    return held
  }

  copy(): PlainState {
    const copied = new PlainState()
    for (const [key, row] of this.rows) {
      const { list, map, all, sorted, set, deque } = row
      copied.rows.set(key, {
        ...row,
        list: [...list],
        map: new Map(map),
        all: all === undefined ? undefined : [...all],
        sorted: new Map(sorted),
        set: new Map(set),
        deque: [...deque],
      })
    }
    for (const [text, timer] of this.timers) copied.timers.set(text, timer)
    return copied
  }

  setTimer(timer: PlainTimer): void {
    this.timers.set(timerText(timer), timer)
  }

  deleteTimer(timer: PlainTimer): void {
    this.timers.delete(timerText(timer))
  }

  /** Removes and gives the timers that are due. */
  due(domain: PlainTimer['domain'], time: number): PlainTimer[] {
    const due = [...this.timers.values()].filter(
      (timer) => timer.domain === domain && timer.time <= time,
    )
    for (const timer of due) this.deleteTimer(timer)
    return due
  }
}

export function timerText({ key, domain, time, name }: PlainTimer): string {
  return `${domain} ${time} ${name} ${textOf(key)}`
}

/** True if a key is to be listed. */
export function hasState(row: PlainRow): boolean {
  const { value, count, largest, all, counter, list, deque, map, sorted, set } = row
  if ([value, count, largest, all, counter].some((held) => held !== undefined)) return true
  return list.length + deque.length + map.size + sorted.size + set.size > 0
}

/** What a row holds, in a form that can be compared. */
export function plainContent(row: PlainRow | undefined): unknown {
  const { value, count, list, map, largest, all, ...more } = row ?? emptyRow()
  return {
    value: value?.[0],
    count: count ?? 0,
    list,
    map: [...map].map(([text, entry]) => [text, entry.value]).toSorted(byText),
    largest,
    all:
      all === undefined ? undefined : `${all.reduce((sum, each) => sum + each, 0)}:${all.join()}`,
    sorted: [...more.sorted.values()]
      .toSorted((a, b) => bytesOf(a.key).compare(bytesOf(b.key)))
      .map(({ key, value: held }) => [key, held]),
    set: [...more.set.keys()].toSorted(),
    deque: more.deque,
    counter: more.counter ?? 0,
  }
}

/** The order of keys is that of their bytes. */
function bytesOf(key: unknown): Buffer {
  const out = new ByteWriter()
  writeKey(key, out)
  return out.copy()
}

/** The same of the handles of the current key. */
export function heldContent({ value, count, list, map, largest, all, ...more }: Handles): unknown {
  return {
    value: value.value(),
    count: count.value(),
    list: [...list.get()],
    map: [...map].map(([key, held]) => [textOf(key), held]).toSorted(byText),
    largest: largest.get(),
    all: all.get(),
    sorted: [...more.sorted],
    set: [...more.set].map(textOf).toSorted(),
    deque: [...more.deque],
    counter: more.counter.value(),
  }
}

function byText(a: unknown[], b: unknown[]): number {
  return String(a[0]) < String(b[0]) ? -1 : 1
}
