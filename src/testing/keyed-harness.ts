/**
 * `keyedHarness`: one keyed process function on a real state backend, for unit tests. No job, no
 * threads, no files but RocksDB's own. What runs is what runs in a job: see `operator-harness.ts`.
 * Works under any test runner.
 */
import type { KeyedProcess, Timestamp } from '../operators/functions.ts'
import { NO_TIMESTAMP } from '../operators/operator.ts'
import type { StateSchema } from '../state/descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { OperatorStateSchema } from '../state/operator-descriptors.ts'
import { type HarnessNode, harnessNode } from './harness-node.ts'
import {
  type Harness,
  type HarnessOptions,
  openHarness,
  OperatorHarness,
} from './operator-harness.ts'

export type KeyedHarnessOptions = HarnessOptions

export interface KeyedHarness<K, I, O, S> extends Harness<K, O, S> {
  /** Runs the function on a record of this key. What it throws is `FUNCTION_FAILED`. */
  processElement(key: K, value: I, timestamp?: Timestamp): void
}

/**
 * Makes a harness for a function made by `keyedProcess`. Close it, or declare it `await using`.
 *
 * @throws what a job with this function would be refused for; `CHECKPOINT_INCOMPATIBLE` if the
 *   function does not fit `restore`; `BACKEND_UNAVAILABLE`.
 * @example
 * await using harness = await keyedHarness(counter)
 * harness.processElement('ann', { page: '/' })
 * assert.equal(harness.state('ann').seen.value(), 1)
 */
export async function keyedHarness<
  K,
  I,
  O,
  S extends StateSchema = {},
  R = undefined,
  T extends TimerSchema = {},
  P extends OperatorStateSchema = {},
>(
  fn: KeyedProcess<K, I, O, S, R, T, P>,
  options: KeyedHarnessOptions = {},
): Promise<KeyedHarness<K, I, O, S>> {
  const { uid = 'function' } = options
  return harnessOf(
    harnessNode<K, I, O>(uid, fn.key, (keyed) => keyed.process(uid, fn)),
    options,
  )
}

/** The harness of any keyed operator; `uid` of the options must be that of its node. */
export async function harnessOf<K, I, O, S>(
  node: HarnessNode,
  options: HarnessOptions,
): Promise<KeyedHarness<K, I, O, S>> {
  return openHarness(node, options, (parts) => new OneInputHarness<K, I, O, S>(parts))
}

class OneInputHarness<K, I, O, S>
  extends OperatorHarness<K, O, S>
  implements KeyedHarness<K, I, O, S>
{
  processElement(key: K, value: I, timestamp: Timestamp = NO_TIMESTAMP): void {
    this.take(0, key, value, timestamp)
  }
}
