/**
 * The end of a job's life: no fault strikes any more, so one attempt must get on within a bounded
 * time, run to the end, and say so when it is run again.
 */
import type { JobHandle } from '../../src/runtime/run.ts'
import type { FaultPlan } from '../faults.ts'
import { type Scheduler, Violation } from '../scheduler.ts'
import type { SimClock } from '../sim-clock.ts'
import { describeError } from './explained.ts'
import type { Begun, Deployments } from './deployments.ts'
import type { Place } from './place.ts'

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
}

/**
 * What a disk has damaged may need a user's help, and another start.
 *
 * @throws Violation if it fails, is too slow, or does not know that it had finished.
 */
export async function finalStart(world: FinalWorld, hadFinished: boolean): Promise<void> {
  const { faults, place, scheduler, deployments } = world
  for (;;) {
    try {
      await lastAttempt(world, deployments.begin(), { hadFinished, at: () => place.confirmed })
      return place.cured()
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
  /** How many checkpoints have been confirmed so far. */
  readonly at: () => number
}

/** @throws Violation if it fails, is too slow, or does not know that it had finished. */
export async function lastAttempt(
  world: FinalWorld,
  { process, running }: Begun,
  { hadFinished, at }: LastAttempt,
): Promise<void> {
  const { clock, deployments } = world
  const { hasDamage } = world.faults
  const { pace } = clock.scale
  const [finalMsMax, progressMsMax] = [FINAL_MS_MAX * pace, PROGRESS_MS_MAX * pace]
  let isOver = false
  const deadline = clock.sleep(finalMsMax).then(() => 'late' as const)
  const handle = await running
  const before = at()
  void clock.sleep(progressMsMax).then(() => {
    if (isOver || hasDamage || at() > before) return
    deployments.violated(`no checkpoint within ${progressMsMax} ms after the faults`)
  })
  if (!hadFinished) void drainWhenConsumed(world, handle)
  const result = await Promise.race([handle.finished, deadline])
  isOver = true
  if (result === 'late') throw new Violation(`not finished ${finalMsMax} ms after the faults`)
  if (result.outcome !== 'finished') throw new Violation(`it ended ${result.outcome}`)
  if (hadFinished && !result.hadFinished && !hasDamage) throw new Violation('it finished twice')
  const { attempts } = handle.status
  const why = handle.status.lastError?.message
  if (attempts !== 1 && !hasDamage)
    throw new Violation(`${attempts} attempts without any fault: ${why}`)
  process.crash('at its end')
}

/** A source that is not bounded ends only when it is told to. */
async function drainWhenConsumed(
  { clock, deployments }: FinalWorld,
  handle: JobHandle,
): Promise<void> {
  if (!deployments.isEndless) return
  while (!deployments.hasConsumedAll()) await clock.sleep(CONSUMED_POLL_MS * clock.scale.pace)
  await clock.sleep(CONSUMED_WAIT_MS)
  await handle.stop({ drain: true })
}
