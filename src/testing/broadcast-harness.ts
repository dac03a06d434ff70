/**
 * `broadcastHarness`: one function over a keyed and a broadcast stream on a real state backend, for
 * unit tests: one of the subtasks that the broadcast records come to.
 */
import type { KeyedBroadcastProcess } from '../operators/broadcast-functions.ts'
import type { Timestamp } from '../operators/functions.ts'
import { NO_TIMESTAMP } from '../operators/operator.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { StateSchema } from '../state/descriptors.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../state/operator-descriptors.ts'
import { broadcastNode } from './harness-node.ts'
import {
  type Harness,
  type HarnessOptions,
  openHarness,
  OperatorHarness,
} from './operator-harness.ts'

export interface BroadcastHarness<K, A, B, O, S> extends Harness<K, O, S> {
  /** Runs the function on a record of the keyed stream. What it throws is `FUNCTION_FAILED`. */
  processElement(key: K, value: A, timestamp?: Timestamp): void
  /** Runs it on a record of the broadcast stream. */
  processBroadcastElement(value: B, timestamp?: Timestamp): void
}

/**
 * Makes a harness for a function made by `keyedBroadcastProcess`. Close it, or declare it
 * `await using`.
 *
 * @throws as `keyedHarness`.
 * @example
 * await using harness = await broadcastHarness(limits)
 * harness.processBroadcastElement({ merchant: 'm', limit: 10 })
 * harness.processElement('ann', { merchant: 'm', amount: 11 })
 * assert.equal(harness.output.length, 1)
 */
export async function broadcastHarness<
  K,
  A,
  B,
  O,
  BS extends BroadcastStateSchema,
  S extends StateSchema = {},
  R = undefined,
  T extends TimerSchema = {},
  P extends OperatorStateSchema = {},
>(
  fn: KeyedBroadcastProcess<K, A, B, O, BS, S, R, T, P>,
  options: HarnessOptions = {},
): Promise<BroadcastHarness<K, A, B, O, S>> {
  const { uid = 'function' } = options
  const node = broadcastNode<K, A, B, O, BS>(uid, fn.key, fn.broadcast, (streams) =>
    streams.process(uid, fn),
  )
  return openHarness(node, options, (parts) => new KeyedBroadcastHarness<K, A, B, O, S>(parts))
}

class KeyedBroadcastHarness<K, A, B, O, S>
  extends OperatorHarness<K, O, S>
  implements BroadcastHarness<K, A, B, O, S>
{
  processElement(key: K, value: A, timestamp: Timestamp = NO_TIMESTAMP): void {
    this.take(0, key, value, timestamp)
  }

  processBroadcastElement(value: B, timestamp: Timestamp = NO_TIMESTAMP): void {
    this.take(1, undefined, value, timestamp)
  }
}
