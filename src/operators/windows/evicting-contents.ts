/**
 * Contents of windows with an evictor: all values with their timestamps, each an entry of its own
 * between the numbers of the first and the next. What leaves at the front costs only itself.
 */
import { MillraceError } from '../../errors.ts'
import { mapState } from '../../state/descriptors.ts'
import type { MapState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import { tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import { NO_TIMESTAMP, type OperatorContext } from '../operator.ts'
import type { ContentsKind, WindowContents, WindowKind } from './contents.ts'
import type { Evictor, WindowElement } from './evictors.ts'
import type { Fold } from './fold.ts'
import type { Window } from './window.ts'

type Kept = readonly [timestamp: number, value: unknown]
/** Numbers of the first element and of the one to come. */
type Span = readonly [first: number, next: number]

interface Handles {
  readonly spans: MapState<number, Span>
  readonly elements: MapState<readonly [slot: number, at: number], Kept>
}

/** @param fold what becomes of the values; without it they are the result, as a list. */
export function evictingContents(
  kind: WindowKind,
  evictor: Evictor,
  fold: Fold | undefined,
  type: Type<unknown>,
): ContentsKind {
  // In every snapshot, so they never change.
  const prefix = kind === 'session' ? 'session' : 'window'
  const [spans, elements] = [`${prefix}-spans`, `${prefix}-timed-elements`]
  return {
    states: {
      [spans]: mapState(t.float64, t.tuple(t.float64, t.float64)),
      [elements]: mapState(t.tuple(t.float64, t.float64), t.tuple(t.float64, type)),
    },
    evicts: true,
    create(context) {
      const { handles } = tableOf(context)
      // The handles are of the states declared above.
      const own = { spans: handles[spans], elements: handles[elements] } as Handles
      return new EvictingContents(own, evictor, fold, context)
    },
  }
}

class EvictingContents implements WindowContents {
  readonly #spans: Handles['spans']
  readonly #elements: Handles['elements']
  readonly #evictor: Evictor
  readonly #fold: Fold | undefined
  readonly #host: OperatorContext

  constructor(handles: Handles, evictor: Evictor, fold: Fold | undefined, host: OperatorContext) {
    this.#spans = handles.spans
    this.#elements = handles.elements
    this.#evictor = evictor
    this.#fold = fold
    this.#host = host
  }

  has(slot: number): boolean {
    return this.#spans.has(slot)
  }

  add(slot: number, value: unknown, timestamp: Timestamp): boolean {
    const span = this.#spans.get(slot)
    const [first, next] = span ?? [0, 0]
    this.#elements.set([slot, next], [timestamp, value])
    this.#spans.set(slot, [first, next + 1])
    return span === undefined
  }

  result(slot: number): unknown {
    const values = this.#all(slot).map(({ value }) => value)
    const fold = this.#fold
    if (fold === undefined) return Object.freeze(values)
    const [first, ...others] = values
    let accumulator = fold.first(first)
    for (const value of others) accumulator = fold.add(accumulator, value)
    return fold.result(accumulator)
  }

  held(slot: number): readonly unknown[] {
    return this.#all(slot).map(({ value }) => value)
  }

  evict(when: 'before' | 'after', slot: number, { start, end }: Window): void {
    const keep = this.#evictor[when]
    if (keep === undefined) return
    const elements = this.#all(slot)
    const kept = keep(Object.freeze(elements), {
      window: Object.freeze({ start, end }),
      currentWatermark: this.#host.timers?.currentWatermark ?? NO_TIMESTAMP,
      currentProcessingTime: this.#host.processingTime(),
    })
    const places = placesOf(kept, elements, this.#host.uid)
    if (places.length < elements.length) this.#keep(slot, elements, places)
  }

  clear(slot: number): void {
    const [first, next] = this.#spans.get(slot) ?? [0, 0]
    for (let at = next - 1; at >= first; at--) this.#elements.delete([slot, at])
    this.#spans.delete(slot)
  }

  merge(into: number, from: number): void {
    for (const { value, timestamp = NO_TIMESTAMP } of this.#all(from)) {
      this.add(into, value, timestamp)
    }
    this.clear(from)
  }

  size(slot: number): number {
    const [first, next] = this.#spans.get(slot) ?? [0, 0]
    return next - first
  }

  #all(slot: number): WindowElement<unknown>[] {
    const [first, next] = this.#spans.get(slot) ?? [0, 0]
    const all: WindowElement<unknown>[] = []
    for (let at = first; at < next; at++) {
      const kept = this.#elements.get([slot, at])
      if (kept === undefined) continue // none is missing
      const [timestamp, value] = kept
      all.push({ value, timestamp: timestamp === NO_TIMESTAMP ? undefined : timestamp })
    }
    return all
  }

  #keep(
    slot: number,
    elements: readonly WindowElement<unknown>[],
    places: readonly number[],
  ): void {
    const [first = 0, next = 0] = this.#spans.get(slot) ?? []
    const gone = elements.length - places.length
    if (places.length > 0 && places[0] === gone) {
      for (let at = first; at < first + gone; at++) this.#elements.delete([slot, at])
      return this.#spans.set(slot, [first + gone, next])
    }
    this.clear(slot)
    for (const place of places) {
      const { value, timestamp = NO_TIMESTAMP } = elements[place] as WindowElement<unknown> // found
      this.add(slot, value, timestamp)
    }
  }
}

/** Where those that stay were; each must be one of them, after the one before. */
function placesOf(
  kept: unknown,
  elements: readonly WindowElement<unknown>[],
  uid: string,
): readonly number[] {
  const places: number[] = []
  let place = -1
  for (const element of Array.isArray(kept) ? kept : [undefined]) {
    place = elements.indexOf(element, place + 1)
    if (place < 0) {
      throw new MillraceError(
        'TYPE_MISMATCH',
        `the evictor of "${uid}" gave something else than some of the elements in their order`,
        { cure: 'return elements.filter(…) or elements.slice(…)' },
      )
    }
    places.push(place)
  }
  return places
}
