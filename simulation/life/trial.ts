/**
 * One checkpoint that fails when all other faults are over, and none after it until the job ends:
 * whatever it held up must go on by itself. Elsewhere a crash or the next checkpoint would hide
 * that it does not.
 */
import { type ErrorCode, isMillraceError } from '../../src/errors.ts'
import type { JobHandle } from '../../src/runtime/job-handle.ts'
import type { RunOptions } from '../../src/runtime/run-options.ts'
import type { Random } from '../../src/util/random.ts'
import type { FaultPlan } from '../faults.ts'
import { Violation } from '../scheduler.ts'
import type { SimClock } from '../sim-clock.ts'
import { describeError } from './explained.ts'

/** What is asked for, and fails. */
export type Trial = 'checkpoint' | 'stop'

const TRIALS: readonly (Trial | undefined)[] = ['checkpoint', 'stop', undefined, undefined]
const AFTER_MS_MAX = 60
const IN_A_ROW_MAX = 3

/** Or that it came when the job was over. */
const EXPLAINED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CHECKPOINT_FAILED',
  'JOB_CANCELLED',
  'JOB_NOT_RUNNING',
  'STORAGE_FAILED',
])

export function randomTrial(random: Random): Trial | undefined {
  return TRIALS[random.int(TRIALS.length)]
}

/** No checkpoint but those that are asked for, and the last. */
export const ONLY_ON_REQUEST: RunOptions['checkpointing'] = {
  interval: '100000 h',
  intervalDuringBacklog: 0,
  tolerableFailures: 1_000,
}

export interface TrialWorld {
  readonly clock: SimClock
  readonly faults: FaultPlan
  readonly random: Random
}

/** Resolves when it has failed, or was not held up by anything. */
export async function failOnce(
  trial: Trial,
  handle: JobHandle,
  { clock, faults, random }: TrialWorld,
): Promise<void> {
  const rounds = trial === 'stop' ? 1 : 1 + random.int(IN_A_ROW_MAX)
  for (let round = 0; round < rounds; round++) {
    await clock.sleep(random.next() * AFTER_MS_MAX)
    faults.arm('runError')
    try {
      await (trial === 'stop' ? handle.stop() : handle.checkpoint())
    } catch (error) {
      if (isMillraceError(error) && EXPLAINED.has(error.code)) continue
      throw new Violation(`${trial} failed: ${describeError(error)}`)
    } finally {
      faults.arm(undefined)
    }
  }
}
