// What a savepoint is to hold, as plain maps: random keys with states of all kinds and timers, and
// whether an operator of a snapshot holds just these, however it is asked.
import assert from 'node:assert/strict'
import {
  counterState,
  dequeState,
  eventTimer,
  keyedProcess,
  listState,
  mapState,
  processingTimer,
  reducingState,
  setState,
  sortedMapState,
  t,
  valueState,
} from 'millrace'
import {
  fromIterable,
  inventory,
  type OperatorChange,
  Snapshot,
  writeSavepoint,
} from 'millrace/savepoint'
import { keyGroupOf } from '../../src/state/key-groups.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { compareKeys } from '../../src/types/keys-order.ts'
import { routeHash } from '../../src/types/keys.ts'
import { SeededRandom } from '../../src/util/random.ts'

export const declared = {
  input: t.string,
  state: {
    number: valueState(t.float64),
    text: valueState(t.string),
    list: listState(t.int32),
    map: mapState(t.string, t.float64),
    sorted: sortedMapState(t.int32, t.string),
    set: setState(t.string),
    deque: dequeState(t.string),
    count: counterState(),
    sum: reducingState((a: number, b: number) => a + b, t.float64),
  },
  timers: { close: eventTimer(t.string), wake: processingTimer() },
  processElement: () => undefined,
  onTimer: () => undefined,
}
export const byText = keyedProcess({ key: t.string, ...declared })
export const byNumber = keyedProcess({ key: t.int64, ...declared })

type Contents = Record<string, unknown>
interface Timer {
  readonly name: 'close' | 'wake'
  readonly timeMs: number
  readonly payload?: string
}
export interface Row {
  readonly states: Contents
  readonly timers: readonly Timer[]
}
export type Model = ReadonlyMap<string, Row>

export const GROUPS = 16
const word = (random: SeededRandom): string => 'x'.repeat(random.int(4)) + random.int(50)

/** Each state is there or not; some lists take several entries. */
function randomStates(random: SeededRandom): Contents {
  const some = <T>(most: number, of: (at: number) => T): T[] =>
    Array.from({ length: 1 + random.int(most) }, (_, at) => of(at))
  const all: Contents = {
    number: random.int(3) === 0 ? -0.5 : random.int(1000),
    text: word(random),
    list: some(random.int(5) === 0 ? 200 : 5, () => random.int(1000)),
    map: new Map(some(5, (at) => [`${word(random)}${at}`, random.int(9)])),
    sorted: new Map(some(5, (at) => [at * 7 - 9, word(random)])),
    set: new Set(some(5, () => word(random))),
    deque: some(5, () => word(random)),
    count: random.int(100),
    sum: random.int(100) + 0.25,
  }
  return Object.fromEntries(Object.entries(all).filter(() => random.int(3) > 0))
}

export function randomModel(seed: number, keys = 40): Model {
  const random = new SeededRandom(seed)
  const rows = new Map<string, Row>()
  for (let at = 0; at < keys; at++) {
    const timers = new Map<number, Timer>()
    for (let count = random.int(3); count > 0; count--) {
      const timeMs = random.int(1000) - 300
      const close = { name: 'close', timeMs, payload: word(random) } as const
      timers.set(timeMs, random.int(3) > 0 ? close : { name: 'wake', timeMs })
    }
    rows.set(`${random.int(1000)}`, { states: randomStates(random), timers: [...timers.values()] })
  }
  return rows
}

export const entriesOf = (model: Model) =>
  Array.from(model, ([key, { states, timers }]) => ({ key, states, timers }))

export async function written(
  operators: Readonly<Record<string, OperatorChange>>,
  from?: Snapshot,
  memoryBytes?: number,
): Promise<Snapshot> {
  const store = new MemoryBlobStore()
  await writeSavepoint(store, {
    operators,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(from === undefined ? { jobName: 'model', maxParallelism: GROUPS } : { from }),
  })
  return await Snapshot.open(store)
}

export const saved = (model: Model): Promise<Snapshot> =>
  written({ totals: fromIterable(byText, entriesOf(model)) })

export const sortedTexts = (texts: readonly string[]): readonly string[] =>
  texts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))

/** Maps and sets without the order in which they were filled. */
export function plain(states: Contents): Contents {
  const entries = Object.entries(states).map(([name, held]) => {
    if (held instanceof Map) return [name, [...held].toSorted(([a], [b]) => compareKeys(a, b))]
    return [name, held instanceof Set ? [...held].toSorted(compareKeys) : held]
  })
  return Object.fromEntries(entries.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
}

const timerText = (key: unknown, { name, timeMs, payload }: Timer, domain: string): string =>
  `${String(key)} ${name} ${domain} ${timeMs} ${payload}`

const DOMAINS = { close: 'event-time', wake: 'processing-time' }

/** The operator holds these rows and timers and nothing else, however it is asked. */
export async function assertHolds(snapshot: Snapshot, uid: string, model: Model): Promise<void> {
  const state = snapshot.state(uid)
  const groups: number[] = []
  const rows = new Map<string, unknown>()
  for await (const { key, keyGroup, states, stampMs } of state.rows()) {
    assert.equal(keyGroup, keyGroupOf(routeHash(key), snapshot.maxParallelism))
    assert.equal(stampMs, undefined)
    groups.push(keyGroup)
    rows.set(String(key), plain(states))
  }
  const full = [...model].filter(([, { states }]) => Object.keys(states).length > 0)
  const expected = full.map(([key, { states }]) => [key, plain(states)] as const)
  assert.deepEqual(rows, new Map(expected))
  assert.deepEqual(
    groups,
    groups.toSorted((a, b) => a - b),
  )
  const timers: string[] = []
  const due: { readonly place: number; readonly timeMs: number }[] = []
  for await (const { key, domain, timeMs, name, payload } of state.timers()) {
    // As declared.
    timers.push(timerText(key, { name, timeMs, payload } as Timer, domain))
    const group = keyGroupOf(routeHash(key), snapshot.maxParallelism)
    due.push({ place: 2 * group + (domain === 'event-time' ? 0 : 1), timeMs })
  }
  const given = [...model].flatMap(([key, row]) =>
    row.timers.map((timer) => timerText(key, timer, DOMAINS[timer.name])),
  )
  assert.deepEqual(sortedTexts(timers), sortedTexts(given))
  const inOrder = due.toSorted((a, b) => a.place - b.place || a.timeMs - b.timeMs)
  assert.deepEqual(due, inOrder)
  const counted = (await inventory(snapshot)).find((each) => each.uid === uid)
  assert.equal(counted?.timers, given.length)
  assert.equal(counted.keys, full.length)
  for (const { name, keys } of counted.states) {
    assert.equal(keys, full.filter(([, { states }]) => name in states).length, name)
  }
}
