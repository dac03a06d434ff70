/** Functions as values: declared outside a job, with all their types inferred from the object. */
import type { KeyedCoProcess } from '../operators/connected-functions.ts'
import type { KeyedProcess, ProcessFunction } from '../operators/functions.ts'
import type { StateSchema } from '../state/descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { Type } from '../types/type.ts'

/**
 * A keyed process function with its schema, to be used in jobs, in tests (`keyedHarness`) and to
 * read its state from snapshots. `open` returns what the function needs besides state; it is
 * `ctx.resources` in the other functions.
 *
 * @example
 * const counter = keyedProcess({
 *   key: t.string,
 *   input: Click,
 *   output: t.string,
 *   state: { seen: valueState(t.int32, { initial: 0 }) },
 *   processElement(click, ctx, out) {
 *     ctx.state.seen.update(ctx.state.seen.value() + 1)
 *     if (ctx.state.seen.value() === 3) out.collect(`${ctx.currentKey} came back`)
 *   },
 * })
 */
export function keyedProcess<
  K,
  I,
  O = unknown,
  S extends StateSchema = {},
  R = undefined,
  T extends TimerSchema = {},
>(fn: KeyedProcess<K, I, O, S, R, T>): KeyedProcess<K, I, O, S, R, T> {
  return Object.freeze({ ...fn })
}

/**
 * A function over two connected keyed streams with its schema, to be used in jobs and in tests
 * (`twoInputHarness`).
 *
 * @example
 * const match = keyedCoProcess({
 *   key: t.string,
 *   input1: Order,
 *   input2: Payment,
 *   state: { order: valueState(Order) },
 *   processElement1: (order, ctx) => ctx.state.order.update(order),
 *   processElement2: (payment, ctx, out) => out.collect([ctx.state.order.value(), payment]),
 * })
 */
export function keyedCoProcess<
  K,
  A,
  B,
  O = unknown,
  S extends StateSchema = {},
  R = undefined,
  T extends TimerSchema = {},
>(fn: KeyedCoProcess<K, A, B, O, S, R, T>): KeyedCoProcess<K, A, B, O, S, R, T> {
  return Object.freeze({ ...fn })
}

/** A process function for a stream without keys, declared outside a job. */
export function processFunction<I, O = unknown, R = undefined>(
  fn: ProcessFunction<I, O, R> & { readonly input?: Type<I> },
): ProcessFunction<I, O, R> {
  return Object.freeze({ ...fn })
}
