/** Rounds in which the only process of a job is killed, or stops for a while. */
import { POINTS } from '../kinds.ts'
import { type Life, STARTED } from '../life.ts'
import { pause } from '../process.ts'
import type { Round } from './round.ts'

const KILL_AFTER_MS_MAX = 600
const POINT_MS_MAX = 2_500
const STOPPED_MS_MAX = 1_000
/** One kill of so many may strike before the process has come to anything. */
const EARLY_ONE_IN = 4

/** At a random moment since it was started, or since it works on records. */
export async function kill(life: Life, { random }: Round): Promise<void> {
  if (random.int(EARLY_ONE_IN) > 0) await life.up()
  await pause(random.int(KILL_AFTER_MS_MAX))
  await killAndRestart(life)
}

export async function killAndRestart(life: Life): Promise<void> {
  if (life.leader.hasEnded) return
  await life.kill(life.leader)
  life.checkQuiet()
  startForNext(life)
}

/** Whoever is started before a round may be the one that dies in it. */
export function startForNext(life: Life): void {
  const { next } = life
  if (next?.kind === 'point') life.start({ killAt: pointOf(next) })
  else life.start({ isSlow: next?.kind === 'slow', isFast: next === undefined })
}

/** The named points, all of them in turn. */
function pointOf({ turn, random }: Round): string {
  const points = Object.entries(POINTS)
  const [name, passesMax] = points[turn % points.length] ?? ['restored', 1]
  return `${name}#${1 + random.int(passesMax)}`
}

/** The leader dies at a named point; it was started for that, or another one is. */
export async function point(life: Life, round: Round): Promise<void> {
  if (life.doomedAt === undefined) {
    await life.kill(life.leader)
    life.checkQuiet()
    life.start({ killAt: pointOf(round) })
  }
  await dieAtPoint(life)
  life.checkQuiet()
  startForNext(life)
}

/** The leader was started to die at a point, and does. */
export async function dieAtPoint(life: Life): Promise<void> {
  const { leader, doomedAt } = life
  if (doomedAt === undefined) throw new Error('the leader is not going to die')
  await Promise.race([leader.logged(STARTED).catch(() => undefined), leader.ended])
  await life.dieAt(leader, doomedAt, POINT_MS_MAX)
}

/** A process that stands still, as a laptop that is closed, and goes on where it was. */
export async function stopAndContinue(life: Life, { random }: Round): Promise<void> {
  const leader = await life.up()
  await pause(random.int(300))
  leader.kill('SIGSTOP')
  await pause(random.int(STOPPED_MS_MAX))
  life.checkQuiet()
  leader.kill('SIGCONT')
  await life.progress()
}

/** File calls are slow for a while; then the process is killed among them. */
export async function slow(life: Life, { random }: Round): Promise<void> {
  if (life.leader.hasEnded) return
  if (!life.isSlow) {
    await life.kill(life.leader)
    life.checkQuiet()
    life.start({ isSlow: true })
  }
  await life.up()
  if (random.int(2) === 0) await life.progress()
  await pause(random.int(KILL_AFTER_MS_MAX))
  await killAndRestart(life)
}

/** A second process for a job that is led is refused and changes nothing. */
export async function rival(life: Life): Promise<void> {
  const leader = await life.up()
  const refused = life.startRival()
  const { code } = await refused.ended
  if (!leader.hasEnded && (code !== 4 || !refused.tail.includes('JOB_OWNED'))) {
    throw new Error(`a second process was not refused but ended with ${code}\n${refused.tail}`)
  }
  await life.progress()
}
