/**
 * `processHarness`: one process function over a stream without keys, with its operator state, for
 * unit tests: one of its subtasks.
 */
import type { ProcessFunction, Timestamp } from '../operators/functions.ts'
import { NO_TIMESTAMP } from '../operators/operator.ts'
import type { OperatorStateSchema } from '../state/operator-descriptors.ts'
import { processNode } from './harness-node.ts'
import {
  type Harness,
  type HarnessOptions,
  openHarness,
  OperatorHarness,
} from './operator-harness.ts'

export interface ProcessHarness<I, O>
  extends
    Pick<
      Harness<never, O, {}>,
      'output' | 'outputTimestamps' | 'processWatermark' | 'sideOutput' | 'snapshot'
    >,
    AsyncDisposable {
  /** Runs the function on a record. What it throws is `FUNCTION_FAILED`. */
  processElement(value: I, timestamp?: Timestamp): void
}

/**
 * Makes a harness for a function made by `processFunction`. Close it, or declare it `await using`.
 *
 * @throws as `keyedHarness`.
 * @example
 * await using harness = await processHarness(sampler)
 * harness.processElement('a line')
 * assert.deepEqual(harness.output, [])
 */
export async function processHarness<I, O, R = undefined, P extends OperatorStateSchema = {}>(
  fn: ProcessFunction<I, O, R, P>,
  options: Omit<HarnessOptions, 'backend' | 'memory'> = {},
): Promise<ProcessHarness<I, O>> {
  const { uid = 'function' } = options
  return openHarness(processNode(uid, fn), options, (parts) => new PlainHarness<I, O>(parts))
}

class PlainHarness<I, O> extends OperatorHarness<never, O, {}> implements ProcessHarness<I, O> {
  processElement(value: I, timestamp: Timestamp = NO_TIMESTAMP): void {
    this.take(0, undefined, value, timestamp)
  }
}
