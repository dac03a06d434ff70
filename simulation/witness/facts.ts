/**
 * What a snapshot says of state, as facts that are compared one by one: a scalar of a key, an entry
 * of a map, an element of a set, a whole list or deque, a timer. Merges runs by the rules of the
 * format, in the plainest way.
 */
import type { KeyGroupRange } from '../../src/state/key-groups.ts'
import { rowPrefixLength } from '../../src/state/runs/entry-key.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import { ByteReader } from '../../src/util/bytes.ts'
import { type RunEntry, type RunFile, textOf } from './run-file.ts'

export interface Fact {
  /** The bytes of a value, or of the elements of a deque. */
  readonly text: string | readonly string[]
  /** Of the types it is written under; `UNKNOWN` if only that it is there is known. */
  readonly age: number
  /** It may be gone because its time to live is over. */
  readonly isMortal: boolean
}

export const UNKNOWN = -1

export type Facts = ReadonlyMap<string, Fact>

/** What is known of a state of an operator. */
export interface StateFacts {
  readonly kind: 'scalar' | 'entries' | 'list' | 'deque'
  readonly isMortal: boolean
}

/** By the ids of operators and their states. */
export type KnownStates = ReadonlyMap<number, ReadonlyMap<number, StateFacts>>

/** What the facts of an operator's scalars, lists and deques have behind the bytes of their key. */
export const scalarFact = (row: string, stateId: number): string => `${row}\u0100${stateId}`
export const listFact = (collection: string): string => `${collection}\u0101`
export const dequeFact = (collection: string): string => `${collection}\u0102`
/** What the keys of a collection's entries begin with; no namespace. */
export const collectionOf = (row: string, stateId: number): string =>
  `${row}${String.fromCharCode(stateId >> 8, stateId & 0xff)}\0`

const SHOWN_MAX = 160
const SECTION_ROWS = 0
const SECTION_TIMERS = 1
const HEAD_BYTES = 5
/** Of the key of a timer, up to the key of who set it. */
const TIMER_HEAD_BYTES = HEAD_BYTES + 9

/** The live entries of some operators and key groups; `runs` are oldest first. */
export function mergedEntries(
  runs: readonly RunReference[],
  read: (run: RunReference) => RunFile,
  keyGroups: KeyGroupRange,
  known: KnownStates,
): ReadonlyMap<string, RunEntry> {
  const merged = new Map<string, RunEntry>()
  for (const run of runs) {
    const { start, end } = run.keyGroups
    const counts = ({ keyGroup, operatorId }: RunEntry): boolean =>
      keyGroup >= Math.max(start, keyGroups.start) &&
      keyGroup <= Math.min(end, keyGroups.end) &&
      known.has(operatorId) &&
      run.operators?.includes(operatorId) !== false
    const { entries, ranges } = read(run)
    const own = entries.filter(counts)
    if (ranges.length > 0 && merged.size > 0) {
      const clears = own.flatMap(({ key, isRange }) => (isRange ? [key] : []))
      for (const key of merged.keys()) {
        if (clears.some((clear) => key.startsWith(clear))) merged.delete(key)
      }
    }
    for (const entry of own) {
      if (entry.isTombstone) merged.delete(entry.key)
      else merged.set(entry.key, entry)
    }
  }
  return merged
}

/** What the keys of the rows begin with that facts tell of. */
export function rowsOf(facts: Facts): ReadonlySet<string> {
  const rows = new Set<string>()
  for (const name of facts.keys()) {
    if (name.charCodeAt(HEAD_BYTES - 1) !== SECTION_ROWS) continue
    rows.add(name.slice(0, rowPrefixLength(Buffer.from(name, 'latin1'))))
  }
  return rows
}

/** Entries of states that are no longer declared say nothing. */
export function factsOf(entries: ReadonlyMap<string, RunEntry>, known: KnownStates): Facts {
  const facts = new Map<string, Fact>()
  const lists = new Map<string, RunEntry[]>()
  for (const entry of entries.values()) {
    const section = entry.key.charCodeAt(HEAD_BYTES - 1)
    if (section === SECTION_TIMERS) addTimer(facts, entry)
    if (section !== SECTION_ROWS) continue
    const row = rowPrefixLength(Buffer.from(entry.key, 'latin1'))
    const stateId = (entry.key.charCodeAt(row) << 8) | entry.key.charCodeAt(row + 1)
    const states = known.get(entry.operatorId)
    const state = states?.get(stateId)
    if (stateId === 0 && states !== undefined) {
      addScalars(facts, entry, entry.key.slice(0, row), states)
    } else if (state?.kind === 'entries') {
      const { payload: text, age } = entry
      facts.set(entry.key, { text, age, isMortal: state.isMortal })
    } else if (state !== undefined && !state.isMortal) {
      const collection = entry.key.slice(0, row + 3)
      const name = state.kind === 'list' ? listFact(collection) : dequeFact(collection)
      lists.set(name, [...(lists.get(name) ?? []), entry])
    }
  }
  for (const [name, parts] of lists) facts.set(name, sequenceOf(name, parts))
  return facts
}

function addTimer(facts: Map<string, Fact>, { key, payload: text, age }: RunEntry): void {
  const behindKey = rowPrefixLength(Buffer.from(key.slice(TIMER_HEAD_BYTES - HEAD_BYTES), 'latin1'))
  // A mark of time to live: no timer of the job's.
  if (key.startsWith('\x01\x01', behindKey + TIMER_HEAD_BYTES - HEAD_BYTES)) return
  facts.set(key, { text, age, isMortal: false })
}

function addScalars(
  facts: Map<string, Fact>,
  { payload, age }: RunEntry,
  row: string,
  states: ReadonlyMap<number, StateFacts>,
): void {
  const input = new ByteReader(Buffer.from(payload, 'latin1'))
  while (input.remaining > 0) {
    const stateId = input.varuint()
    if (stateId === 0) return // stamps follow
    const text = textOf(input.block())
    const isMortal = states.get(stateId)?.isMortal
    if (isMortal !== undefined) facts.set(scalarFact(row, stateId), { text, age, isMortal })
  }
}

/** A list lies in chunks, a deque in elements, both in the order of their keys. */
function sequenceOf(name: string, parts: readonly RunEntry[]): Fact {
  const sorted = parts.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const first = parts[0]?.age ?? 0
  const age = parts.every((part) => part.age === first) ? first : UNKNOWN
  if (name.endsWith('\u0102'))
    return { text: sorted.map(({ payload }) => payload), age, isMortal: false }
  const texts = sorted.map(({ payload }) => {
    const input = new ByteReader(Buffer.from(payload, 'latin1'))
    input.varuint() // the number of elements
    return textOf(input.raw(input.remaining))
  })
  return { text: texts.join(''), age, isMortal: false }
}

/** The first fact in which a snapshot is not what it should be, and how; undefined if none. */
export function firstDifference(expected: Facts, found: Facts): string | undefined {
  for (const [name, fact] of found) {
    const should = expected.get(name)
    if (should === undefined) return `${shown(name)} is there and should not be`
    if (should !== fact && !agree(should, fact)) {
      return `${shown(name)} is ${shown(fact.text)} and should be ${shown(should.text)}`
    }
  }
  for (const [name, { isMortal }] of expected) {
    if (!isMortal && !found.has(name)) return `${shown(name)} is missing`
  }
  return undefined
}

/** Of facts written under different types only that they are there is compared. */
export function agree(a: Fact, b: Fact): boolean {
  if (a.age !== b.age || a.age === UNKNOWN || a.text === b.text) return true
  return (
    Array.isArray(a.text) &&
    Array.isArray(b.text) &&
    a.text.join('\u0103') === b.text.join('\u0103')
  )
}

/** As JSON, cut short. */
export function shown(text: string | readonly string[] | undefined): string {
  const json = JSON.stringify(text) ?? 'nothing'
  return json.length > SHOWN_MAX ? `${json.slice(0, SHOWN_MAX)}… (${json.length})` : json
}
