/**
 * State of an operator that belongs to no key: lists that are spread over the subtasks, lists that
 * every subtask gets whole, and broadcast maps that are the same everywhere. Held in memory,
 * written whole at every checkpoint, given out anew at every restore by Flink's rules.
 *
 * For authors of sources, sinks and operators:
 *
 *     snapshotState: () => store.snapshot()
 *     restoreState: (entries) => store.restore(entries)   // before the states are used
 */
import { MillraceError } from '../errors.ts'
import { readKey, writeKey } from '../types/keys.ts'
import { readIsolated } from '../types/isolated.ts'
import type { Type } from '../types/type.ts'
import { assert } from '../util/assert.ts'
import { ByteReader, ByteWriter } from '../util/bytes.ts'
import type { ListState, MapState } from './handles.ts'
import type { OperatorStateEntry } from './snapshot.ts'

export type OperatorStateKind = 'operator-list' | 'union-list' | 'broadcast'

interface Held {
  readonly kind: OperatorStateKind
  /** One value for each entry of the snapshot. */
  encode(out: ByteWriter): readonly Uint8Array[]
}

/** The non-keyed states of one operator in one subtask. */
export class OperatorStateStore {
  readonly #operatorId: number
  readonly #held = new Map<string, Held>()
  /** What was restored and is not declared yet; it stays part of every snapshot. */
  readonly #restored = new Map<string, OperatorStateEntry[]>()

  constructor(operatorId: number) {
    this.#operatorId = operatorId
  }

  /** A list whose elements are spread evenly over the subtasks when their number changes. */
  list<T>(name: string, type: Type<T>): ListState<T> {
    return this.#listOf('operator-list', name, type)
  }

  /** A list of which every subtask gets the elements of all, at each restore. */
  unionList<T>(name: string, type: Type<T>): ListState<T> {
    return this.#listOf('union-list', name, type)
  }

  /** A map that must be equal in all subtasks; each gets one whole copy. */
  broadcast<K, V>(name: string, keyType: Type<K>, type: Type<V>): MapState<K, V> {
    const state = new BroadcastMap<K, V>(keyType, type)
    for (const value of this.#declare(name, state)) state.decode(value)
    return state
  }

  /** What a checkpoint is to hold; called when the barrier passes. */
  snapshot(): readonly OperatorStateEntry[] {
    const out = new ByteWriter()
    const entries = [...this.#restored.values()].flat()
    for (const [name, held] of this.#held) {
      for (const value of held.encode(out)) {
        entries.push({ operatorId: this.#operatorId, kind: held.kind, name, value })
      }
    }
    return entries
  }

  /** Takes this subtask's share of a snapshot (see `redistribute`); before any declaration. */
  restore(entries: readonly OperatorStateEntry[]): void {
    assert(this.#held.size === 0, 'operator state is restored before it is declared')
    for (const entry of entries) {
      const entriesOfName = this.#restored.get(entry.name) ?? []
      entriesOfName.push(entry)
      this.#restored.set(entry.name, entriesOfName)
    }
  }

  #listOf<T>(kind: OperatorStateKind, name: string, type: Type<T>): ListState<T> {
    const state = new ElementList<T>(kind, type)
    for (const value of this.#declare(name, state)) state.decode(value)
    return state
  }

  /** Adds a state; gives what was restored of it. */
  #declare(name: string, state: Held): readonly Uint8Array[] {
    assert(!this.#held.has(name), `operator state "${name}" is declared twice`)
    const restored = this.#restored.get(name) ?? []
    for (const { kind } of restored) {
      if (kind === state.kind) continue
      const message = `operator state "${name}" is ${state.kind}, the snapshot holds ${kind}`
      throw new MillraceError('CHECKPOINT_INCOMPATIBLE', message)
    }
    this.#restored.delete(name)
    this.#held.set(name, state)
    return restored.map(({ value }) => value)
  }
}

class ElementList<T> implements ListState<T>, Held {
  readonly kind: OperatorStateKind
  readonly #type: Type<T>
  #elements: T[] = []

  constructor(kind: OperatorStateKind, type: Type<T>) {
    this.kind = kind
    this.#type = type
  }

  get(): readonly T[] {
    return Object.freeze(this.#elements.map((element) => readIsolated(this.#type, element)))
  }

  get length(): number {
    return this.#elements.length
  }

  [Symbol.iterator](): Iterator<T> {
    return this.get()[Symbol.iterator]()
  }

  add(value: T): void {
    this.#elements.push(this.#type.isolate(value))
  }

  addAll(values: Iterable<T>): void {
    this.#elements = [...this.#elements, ...this.#isolated(values)]
  }

  update(values: Iterable<T>): void {
    this.#elements = this.#isolated(values)
  }

  clear(): void {
    this.#elements = []
  }

  encode(out: ByteWriter): readonly Uint8Array[] {
    return this.#elements.map((element) => {
      out.reset()
      this.#type.write(element, out)
      return out.copy()
    })
  }

  decode(value: Uint8Array): void {
    const input = new ByteReader(value)
    this.#elements.push(this.#type.isolate(this.#type.read(input)))
    expectEnd(input)
  }

  #isolated(values: Iterable<T>): T[] {
    return Array.from(values, (value) => this.#type.isolate(value))
  }
}

class BroadcastMap<K, V> implements MapState<K, V>, Held {
  readonly kind = 'broadcast'
  readonly #keyType: Type<K>
  readonly #type: Type<V>
  /** By canonical key bytes, as Latin-1 text. */
  readonly #entries = new Map<string, { readonly key: K; readonly value: V }>()
  readonly #out = new ByteWriter()

  constructor(keyType: Type<K>, type: Type<V>) {
    this.#keyType = keyType
    this.#type = type
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(this.#textOf(key))
    return entry === undefined ? undefined : readIsolated(this.#type, entry.value)
  }

  has(key: K): boolean {
    return this.#entries.has(this.#textOf(key))
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  set(key: K, value: V): void {
    const entry = { key: this.#keyType.isolate(key), value: this.#type.isolate(value) }
    this.#entries.set(this.#textOf(key), entry)
  }

  delete(key: K): void {
    this.#entries.delete(this.#textOf(key))
  }

  clear(): void {
    this.#entries.clear()
  }

  *keys(): Generator<K> {
    for (const { key } of this.#entries.values()) yield readIsolated(this.#keyType, key)
  }

  *values(): Generator<V> {
    for (const { value } of this.#entries.values()) yield readIsolated(this.#type, value)
  }

  *entries(): Generator<readonly [K, V]> {
    for (const { key, value } of this.#entries.values()) {
      yield [readIsolated(this.#keyType, key), readIsolated(this.#type, value)]
    }
  }

  [Symbol.iterator](): Iterator<readonly [K, V]> {
    return this.entries()
  }

  /** One value for the whole map, in key order: equal maps have equal bytes. */
  encode(out: ByteWriter): readonly Uint8Array[] {
    const sorted = [...this.#entries].toSorted(([a], [b]) => (a < b ? -1 : 1))
    out.reset()
    out.varuint(sorted.length)
    for (const [, { key, value }] of sorted) {
      writeKey(key, out)
      this.#type.write(value, out)
    }
    return [out.copy()]
  }

  decode(value: Uint8Array): void {
    const input = new ByteReader(value)
    for (let left = input.varuint(); left > 0; left--) {
      // The declared type made the key that was written; isolating checks it.
      const key = readKey(input) as K
      this.set(key, this.#type.read(input))
    }
    expectEnd(input)
  }

  #textOf(key: K): string {
    this.#out.reset()
    writeKey(key, this.#out)
    return this.#out.bytes.latin1Slice(0, this.#out.length)
  }
}

function expectEnd(input: ByteReader): void {
  if (input.remaining === 0) return
  throw new MillraceError('STORAGE_CORRUPT', `${input.remaining} bytes follow an operator state`)
}
