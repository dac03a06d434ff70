/**
 * How values become one, whatever holds them: `reduce` and `aggregate` as the same steps. The
 * accumulator of an aggregate is its own: `add` and `merge` may change it in place. That of a
 * reduction is a record, which nobody changes.
 */
import type { Aggregate } from '../../state/descriptors.ts'
import { readIsolated } from '../../types/isolated.ts'
import type { OwnedType } from '../../types/owned.ts'
import type { Type } from '../../types/type.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'

export interface Fold {
  /** Type of the accumulator. */
  readonly type: Type<unknown>
  first(value: unknown): unknown
  add(accumulator: unknown, value: unknown): unknown
  /** May change both; undefined if two accumulators cannot become one. */
  readonly merge: ((a: unknown, b: unknown) => unknown) | undefined
  /** What is handed out; it shares nothing that the accumulator changes. */
  result(accumulator: unknown): unknown
  /** True if `add` may change the accumulator it gets. */
  readonly changesInPlace: boolean
  /** Checks an accumulator that is going to be kept; what it gives is shared with nobody. */
  hold(accumulator: unknown): unknown
  /** An equal one, for `merge` and `result` to change or give away. */
  copy(accumulator: unknown): unknown
}

export function reducing(reduce: (a: unknown, b: unknown) => unknown, type: Type<unknown>): Fold {
  return {
    type,
    changesInPlace: false,
    first: (value) => value,
    add: (held, value) => reduce(readIsolated(type, held), value),
    merge: reduce,
    result: (held) => held,
    hold: (held) => type.isolate(held),
    copy: (held) => readIsolated(type, held),
  }
}

export function aggregating(
  aggregate: Aggregate<unknown, unknown, unknown>,
  type: Type<unknown>,
): Fold {
  const scratch = new ByteWriter()
  return {
    type: ownedType(type),
    changesInPlace: true,
    first: (value) => aggregate.add(value, aggregate.createAccumulator()),
    add: (held, value) => aggregate.add(value, held),
    merge: aggregate.merge === undefined ? undefined : (a, b) => aggregate.merge?.(a, b),
    result(held) {
      const result = aggregate.getResult(held)
      return isObject(result) && result === held ? type.isolate(result) : result
    },
    hold: (held) => (isObject(held) ? held : type.isolate(held)),
    copy(held) {
      if (!isObject(held)) return held
      // What `isolate` gives would be frozen.
      scratch.reset()
      type.write(held, scratch)
      return type.read(new ByteReader(scratch.bytes, 0, scratch.length))
    },
  }
}

/** The type of values that only the operator holds: objects need no copy. */
function ownedType(type: Type<unknown>): Type<unknown> {
  return Object.freeze<OwnedType<unknown>>({
    changesInPlace: true,
    schema: type.schema,
    copyOnRead: false,
    write: (value, out) => type.write(value, out),
    read: (input) => type.read(input),
    isolate: (value) => (isObject(value) ? value : type.isolate(value)),
  })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
