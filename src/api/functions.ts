/** Functions as values: declared outside a job, with all their types inferred from the object. */
import type { KeyedBroadcastProcess } from '../operators/broadcast-functions.ts'
import type { KeyedCoProcess } from '../operators/connected-functions.ts'
import type { KeyedProcess, ProcessFunction } from '../operators/functions.ts'
import type { StateSchema } from '../state/descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../state/operator-descriptors.ts'
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
  P extends OperatorStateSchema = {},
>(fn: KeyedProcess<K, I, O, S, R, T, P>): KeyedProcess<K, I, O, S, R, T, P> {
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
  P extends OperatorStateSchema = {},
>(fn: KeyedCoProcess<K, A, B, O, S, R, T, P>): KeyedCoProcess<K, A, B, O, S, R, T, P> {
  return Object.freeze({ ...fn })
}

/**
 * A function over a keyed and a broadcast stream with its schemas, to be used in jobs and in tests
 * (`broadcastHarness`).
 *
 * @example
 * const limits = keyedBroadcastProcess({
 *   key: t.string,
 *   input: Payment,
 *   broadcastInput: Rule,
 *   broadcast: { byMerchant: mapState(t.string, Rule) },
 *   processElement(payment, ctx, out) {
 *     const rule = ctx.broadcast.byMerchant.get(payment.merchant)
 *     if (rule !== undefined && payment.amount > rule.limit) out.collect(payment)
 *   },
 *   processBroadcastElement: (rule, ctx) => ctx.broadcast.byMerchant.set(rule.merchant, rule),
 * })
 */
export function keyedBroadcastProcess<
  K,
  A,
  B,
  BS extends BroadcastStateSchema,
  O = unknown,
  S extends StateSchema = {},
  R = undefined,
  T extends TimerSchema = {},
  P extends OperatorStateSchema = {},
>(
  fn: KeyedBroadcastProcess<K, A, B, O, BS, S, R, T, P>,
): KeyedBroadcastProcess<K, A, B, O, BS, S, R, T, P> {
  return Object.freeze({ ...fn })
}

/** A process function for a stream without keys, declared outside a job. */
export function processFunction<I, O = unknown, R = undefined, P extends OperatorStateSchema = {}>(
  fn: ProcessFunction<I, O, R, P> & { readonly input?: Type<I> },
): ProcessFunction<I, O, R, P> {
  return Object.freeze({ ...fn })
}
