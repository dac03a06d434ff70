/**
 * What a window holds for a key: a folded value, an accumulator, or all its values. Each kind keeps
 * its state under the slot of a window, a number that tells it from the other windows of the key.
 */
import { mapState } from '../../state/descriptors.ts'
import type { StateSchema } from '../../state/descriptors.ts'
import type { FoldedMap, MapState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import { tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import type { OperatorContext } from '../operator.ts'
import type { MergingWindowAssigner, WindowAssigner } from './assigners.ts'
import type { Fold } from './fold.ts'
import type { Window } from './window.ts'

/**
 * Names of the states of windows; in every snapshot, so they never change. Those of sessions are
 * others, for their slots mean something else: a snapshot of one does not restore the other.
 */
const namesOf = (kind: WindowKind, side = '') =>
  kind === 'session'
    ? { contents: `${side}session-contents`, elements: `${side}session-elements` }
    : { contents: `${side}window-contents`, elements: `${side}window-elements` }

export type WindowKind = (WindowAssigner | MergingWindowAssigner<unknown>)['kind']

export interface WindowContents {
  has(slot: number): boolean
  /** True if it is the first value of the slot. */
  add(slot: number, value: unknown, timestamp: Timestamp): boolean
  /** What is handed to the function; only of slots that hold something. */
  result(slot: number): unknown
  /** The values, or the accumulator: for dead letters. */
  held(slot: number): unknown
  clear(slot: number): void
  /** Contents with an evictor: removes what it does not keep. */
  evict?(when: 'before' | 'after', slot: number, window: Window): void
  /** Moves what `from` holds into `into`; both are slots of the same key. */
  merge(into: number, from: number): void
  /** How costly it is to move it. */
  size(slot: number): number
}

/** A kind of contents: its state, and how a subtask works on it. */
export interface ContentsKind {
  readonly states: StateSchema
  readonly evicts: boolean
  create(context: OperatorContext): WindowContents
}

type Contents = FoldedMap<number, unknown>

export function foldedContents(kind: WindowKind, fold: Fold): ContentsKind {
  const names = namesOf(kind)
  return {
    states: { [names.contents]: mapState(t.float64, fold.type) },
    evicts: false,
    create(context) {
      // The handle is of the state declared above.
      return new FoldedContents(tableOf(context).handles[names.contents] as Contents, fold)
    },
  }
}

/** @param side which of two streams, where windows hold those of both apart. */
export function listedContents(
  kind: WindowKind,
  type: Type<unknown>,
  side?: 'left' | 'right',
): ContentsKind {
  const names = namesOf(kind, side === undefined ? '' : `${side}-`)
  return {
    states: {
      [names.contents]: mapState(t.float64, t.float64),
      [names.elements]: mapState(t.tuple(t.float64, t.float64), type),
    },
    evicts: false,
    create(context) {
      const table = tableOf(context)
      // The handles are of the states declared above.
      const counts = table.handles[names.contents] as MapState<number, number>
      const elements = table.handles[names.elements] as MapState<[number, number], unknown>
      return new ListedContents(counts, elements)
    },
  }
}

class FoldedContents implements WindowContents {
  readonly #accumulators: Contents
  readonly #fold: Fold

  constructor(accumulators: Contents, fold: Fold) {
    this.#accumulators = accumulators
    this.#fold = fold
  }

  has(slot: number): boolean {
    return this.#accumulators.has(slot)
  }

  add(slot: number, value: unknown): boolean {
    return this.#accumulators.fold(slot, this.#fold, value)
  }

  result(slot: number): unknown {
    return this.#fold.result(this.#accumulators.get(slot))
  }

  held(slot: number): unknown {
    return this.#accumulators.get(slot)
  }

  clear(slot: number): void {
    this.#accumulators.delete(slot)
  }

  merge(into: number, from: number): void {
    if (!this.has(from)) return
    const other = this.#own(from)
    if (this.has(into)) {
      const held = this.#own(into)
      const merge = required(this.#fold.merge, 'windows that merge have a fold that merges')
      this.#hold(into, held, merge(held, other))
    } else this.#accumulators.set(into, other)
    this.clear(from)
  }

  size(): number {
    return 1
  }

  /** An accumulator that may be changed: a pending snapshot has taken the old one before. */
  #own(slot: number): unknown {
    const held = this.#accumulators.get(slot)
    const isObject = typeof held === 'object' && held !== null
    if (isObject && this.#fold.changesInPlace) this.#accumulators.set(slot, held)
    return held
  }

  #hold(slot: number, held: unknown, next: unknown): void {
    if (typeof next !== 'object' || next !== held) this.#accumulators.set(slot, next)
  }
}

/** All values in order of arrival, each an entry of its own, behind their count. */
class ListedContents implements WindowContents {
  readonly #counts: MapState<number, number>
  readonly #elements: MapState<[number, number], unknown>

  constructor(counts: MapState<number, number>, elements: MapState<[number, number], unknown>) {
    this.#counts = counts
    this.#elements = elements
  }

  has(slot: number): boolean {
    return this.#counts.has(slot)
  }

  add(slot: number, value: unknown): boolean {
    const count = this.size(slot)
    this.#elements.set([slot, count], value)
    this.#counts.set(slot, count + 1)
    return count === 0
  }

  result(slot: number): readonly unknown[] {
    const all: unknown[] = []
    const count = this.size(slot)
    for (let at = 0; at < count; at++) all.push(this.#elements.get([slot, at]))
    return Object.freeze(all)
  }

  held(slot: number): readonly unknown[] {
    return this.result(slot)
  }

  clear(slot: number): void {
    for (let at = this.size(slot) - 1; at >= 0; at--) this.#elements.delete([slot, at])
    this.#counts.delete(slot)
  }

  merge(into: number, from: number): void {
    const count = this.size(from)
    for (let at = 0; at < count; at++) this.add(into, this.#elements.get([from, at]))
    this.clear(from)
  }

  size(slot: number): number {
    return this.#counts.get(slot) ?? 0
  }
}
