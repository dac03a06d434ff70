/**
 * The end of a job's life: no fault strikes any more, so one attempt must get on within a bounded
 * time, run to the end, and say so when it is run again.
 */
import type { JobHandle } from '../../src/runtime/job-handle.ts'
import type { Random } from '../../src/util/random.ts'
import type { FaultPlan } from '../faults.ts'
import { type Scheduler, Violation } from '../scheduler.ts'
import type { SimClock } from '../sim-clock.ts'
import { describeError } from './explained.ts'
import type { Begun, Deployments } from './deployments.ts'
import type { Place } from './place.ts'
import { failOnce, ONLY_ON_REQUEST, randomTrial, type Trial } from './trial.ts'

/** These are of seeds as dense as can be. */
const FINAL_MS_MAX = 600_000
const CONSUMED_POLL_MS = 50
/** The first checkpoint after all faults is confirmed within so long, whatever lay about. */
const PROGRESS_MS_MAX = 20_000
/** From the last batch to the drain: a few checkpoints; what is left then is worked off by it. */
const CONSUMED_WAIT_MS = 200

export interface FinalWorld {
  readonly scheduler: Scheduler
  readonly faults: FaultPlan
  readonly clock: SimClock
  readonly deployments: Deployments
  readonly place: Place
  readonly random: Random
}

/**
 * What a disk has damaged may need a user's help, and another start.
 *
 * @throws Violation if it fails, is too slow, or does not know that it had finished.
 */
export async function finalStart(world: FinalWorld, hadFinished: boolean): Promise<void> {
  const { faults, place, scheduler, deployments } = world
  let trial = hadFinished || faults.hasDamage ? undefined : randomTrial(world.random)
  for (;;) {
    try {
      const at = () => place.confirmed
      const begun = deployments.begin(trial && ONLY_ON_REQUEST)
      const outcome = await lastAttempt(world, begun, { hadFinished, trial, at })
      if (outcome === 'finished') return place.cured()
      trial = undefined
    } catch (error) {
      if (!faults.hasDamage) throw error
      const { from = 'afresh' } = place.cure(error)
      scheduler.note('user', `${describeError(error)}: starts from ${from}`)
      deployments.newest?.crash('because of damage')
    }
  }
}

export interface LastAttempt {
  readonly hadFinished: boolean
  /** Nothing else holds checkpoints back, or brings them about. */
  readonly trial?: Trial | undefined
  /** How many checkpoints have been confirmed so far. */
  readonly at: () => number
}

/**
 * Stopped only by a trial that should have failed.
 *
 * @throws Violation if it fails, is too slow, or does not know that it had finished.
 */
export async function lastAttempt(
  world: FinalWorld,
  { process, running }: Begun,
  { hadFinished, trial, at }: LastAttempt,
): Promise<'finished' | 'stopped'> {
  const { clock, deployments } = world
  const { hasDamage } = world.faults
  const { pace } = clock.scale
  const [finalMsMax, progressMsMax] = [FINAL_MS_MAX * pace, PROGRESS_MS_MAX * pace]
  let isOver = false
  const deadline = clock.sleep(finalMsMax).then(() => 'late' as const)
  const handle = await running
  const before = at()
  void clock.sleep(progressMsMax).then(() => {
    if (isOver || hasDamage || trial !== undefined || at() > before) return
    deployments.violated(`no checkpoint within ${progressMsMax} ms after the faults`)
  })
  const tried = trial === undefined ? undefined : failOnce(trial, handle, world)
  tried?.catch((error: unknown) => world.scheduler.fail(error))
  if (!hadFinished) void drainWhenConsumed(world, handle, tried)
  const result = await Promise.race([handle.finished, deadline])
  isOver = true
  if (result === 'late') throw new Violation(`not finished ${finalMsMax} ms after the faults`)
  const { outcome } = result
  const isStopped = outcome === 'stopped' && trial === 'stop'
  if (outcome !== 'finished' && !isStopped) throw new Violation(`it ended ${outcome}`)
  if (hadFinished && !result.hadFinished && !hasDamage) throw new Violation('it finished twice')
  const { attempts } = handle.status
  const why = handle.status.lastError?.message
  if (attempts !== 1 && !hasDamage)
    throw new Violation(`${attempts} attempts without any fault: ${why}`)
  process.crash('at its end')
  return isStopped ? 'stopped' : 'finished'
}

/** A source that is not bounded ends only when it is told to. */
async function drainWhenConsumed(
  { clock, deployments }: FinalWorld,
  handle: JobHandle,
  tried: Promise<void> | undefined,
): Promise<void> {
  if (!deployments.isEndless) return
  await tried
  while (!deployments.hasConsumedAll()) await clock.sleep(CONSUMED_POLL_MS * clock.scale.pace)
  await clock.sleep(CONSUMED_WAIT_MS)
  await handle.stop({ drain: true })
}
