/** The function of each kind of round. */
import type { KindName } from '../kinds.ts'
import { rollback, savepoint, stop } from './deploys.ts'
import { full } from './disks.ts'
import { kill, point, rival, slow, stopAndContinue } from './kills.ts'
import { handles, rot } from './places.ts'
import type { Disturb } from './round.ts'
import { asleep, handover, successor, takeover } from './takeovers.ts'
import { worker } from './workers.ts'

export const DISTURB: Readonly<Record<KindName, Disturb>> = {
  kill,
  point,
  takeover,
  successor,
  asleep,
  handover,
  pause: stopAndContinue,
  worker,
  slow,
  stop,
  savepoint,
  rollback,
  rival,
  rot,
  handles,
  full,
}
