/** Rounds in which another process stands by and goes on. */
import { SUCCESSOR_POINTS } from '../kinds.ts'
import { type Life, STARTED, TAKING_OVER } from '../life.ts'
import { pause, type RunningProcess, until } from '../process.ts'
import type { Round } from './round.ts'

/** A standby is seen, and marks are written for it, within a lease. */
const SEEN_MS = 1_100
const MOMENT_MS_MAX = 400
const POINT_MS_MAX = 3_000

/** The leader is killed; whoever stands by goes on at once. */
export async function takeover(life: Life, { random }: Round): Promise<void> {
  const leader = await life.up()
  for (let count = 1 + random.int(2); count > 0; count--) await life.standBy()
  await pause(random.int(MOMENT_MS_MAX))
  await life.kill(leader)
  await succeed(life)
  await life.dismissStandbys()
  await life.progress()
}

/** The successor dies, too, at a named point; the next one goes on. */
export async function successor(life: Life, { turn, random }: Round): Promise<void> {
  const leader = await life.up()
  const point = SUCCESSOR_POINTS[turn % SUCCESSOR_POINTS.length] ?? 'taken-over'
  const killAt = `${point}#1`
  const doomed = await life.standBy({ killAt })
  await pause(random.int(MOMENT_MS_MAX))
  await life.kill(leader)
  await Promise.race([doomed.logged(TAKING_OVER).catch(() => undefined), doomed.ended])
  life.leader = doomed
  await life.standBy()
  await life.dieAt(doomed, killAt, POINT_MS_MAX)
  await succeed(life)
  await life.progress()
}

/** The leader stands still for longer than its lease; when it wakes it must end. */
export async function asleep(life: Life): Promise<void> {
  const leader = await life.up()
  await life.standBy()
  await pause(SEEN_MS)
  leader.kill('SIGSTOP')
  await succeed(life)
  await life.progress()
  leader.kill('SIGCONT')
  const { code } = await leader.ended
  if (!leader.wasSuperseded) {
    throw new Error(`a leader that woke ended with ${code}\n${leader.tail}`)
  }
  await life.progress()
}

/** By command or by a signal; sometimes the leader is killed before it is done. */
export async function handover(life: Life, { turn, random }: Round): Promise<void> {
  const leader = await life.up()
  await life.standBy()
  await pause(SEEN_MS + random.int(MOMENT_MS_MAX))
  if (turn % 2 === 0) leader.kill('SIGTERM')
  else await life.command('handover', 'chaos')
  if (turn % 3 === 2) {
    await pause(random.int(60))
    leader.kill('SIGKILL')
  }
  const { code, signal } = await leader.ended
  if (code !== 0 && signal !== 'SIGKILL' && !leader.wasSuperseded) {
    throw new Error(`a leader that handed over ended with ${code}\n${leader.tail}`)
  }
  if (signal === 'SIGKILL') life.tally.kills++
  await succeed(life)
  await life.progress()
}

/** Whoever has taken over leads. */
async function succeed(life: Life): Promise<void> {
  const waiting = [...life.standbys]
  let next: RunningProcess | undefined
  await until('takeover', () => {
    next = waiting.find((each) => !each.hasEnded && each.has(TAKING_OVER))
    return next !== undefined || waiting.every((each) => each.hasEnded)
  })
  if (next === undefined) throw new Error(`no standby is left\n${waiting.at(-1)?.tail}`)
  life.leader = next
  life.tally.takeovers++
  await next.logged(STARTED)
}
