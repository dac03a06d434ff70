/** What every kind of round is: a function of a life and its dice. */
import type { Life } from '../life.ts'
import type { RoundPlan } from '../plan.ts'

export type Round = RoundPlan

/** Thrown by a round that this machine does not allow. */
export class Skipped extends Error {}

/** Disturbs the job, and leaves it with a process that is to lead, running or still starting. */
export type Disturb = (life: Life, round: Round) => Promise<void>
