/**
 * `twoInputHarness`: one function over two keyed streams on a real state backend, for unit tests.
 * As `keyedHarness`, with an entrance and a watermark for each input.
 */
import type { KeyedCoProcess } from '../operators/connected-functions.ts'
import type { Timestamp } from '../operators/functions.ts'
import { NO_TIMESTAMP } from '../operators/operator.ts'
import type { StateSchema } from '../state/descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { OperatorStateSchema } from '../state/operator-descriptors.ts'
import { type HarnessNode, twoInputNode } from './harness-node.ts'
import {
  type Harness,
  type HarnessOptions,
  openHarness,
  OperatorHarness,
} from './operator-harness.ts'

export interface TwoInputHarness<K, A, B, O, S> extends Harness<K, O, S> {
  /** Runs the function on a record of the first input. What it throws is `FUNCTION_FAILED`. */
  processElement1(key: K, value: A, timestamp?: Timestamp): void
  /** Runs it on a record of the second. */
  processElement2(key: K, value: B, timestamp?: Timestamp): void
  /** Event time of the first input: the function's is the lesser of both. */
  processWatermark1(timestamp: Timestamp): void
  processWatermark2(timestamp: Timestamp): void
}

/**
 * Makes a harness for a function made by `keyedCoProcess`. Close it, or declare it `await using`.
 *
 * @throws as `keyedHarness`.
 * @example
 * await using harness = await twoInputHarness(match)
 * harness.processElement1('o-1', order)
 * harness.processElement2('o-1', payment)
 * assert.deepEqual(harness.output, [{ order, payment }])
 */
export async function twoInputHarness<
  K,
  A,
  B,
  O,
  S extends StateSchema = {},
  R = undefined,
  T extends TimerSchema = {},
  P extends OperatorStateSchema = {},
>(
  fn: KeyedCoProcess<K, A, B, O, S, R, T, P>,
  options: HarnessOptions = {},
): Promise<TwoInputHarness<K, A, B, O, S>> {
  const { uid = 'function' } = options
  const node = twoInputNode<K, A, B, O>(uid, fn.key, (first, second) =>
    first.connect(second).process(uid, fn),
  )
  return twoInputHarnessOf(node, options)
}

/** The harness of any operator over two keyed streams; `uid` must be that of its node. */
export async function twoInputHarnessOf<K, A, B, O, S>(
  node: HarnessNode,
  options: HarnessOptions,
): Promise<TwoInputHarness<K, A, B, O, S>> {
  return openHarness(node, options, (parts) => new KeyedTwoInputHarness<K, A, B, O, S>(parts))
}

class KeyedTwoInputHarness<K, A, B, O, S>
  extends OperatorHarness<K, O, S>
  implements TwoInputHarness<K, A, B, O, S>
{
  processElement1(key: K, value: A, timestamp: Timestamp = NO_TIMESTAMP): void {
    this.take(0, key, value, timestamp)
  }

  processElement2(key: K, value: B, timestamp: Timestamp = NO_TIMESTAMP): void {
    this.take(1, key, value, timestamp)
  }

  processWatermark1(timestamp: Timestamp): void {
    this.advance(0, timestamp)
  }

  processWatermark2(timestamp: Timestamp): void {
    this.advance(1, timestamp)
  }
}
