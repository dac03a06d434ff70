/** Rounds in which a job is stopped in order, or sent back, and goes on otherwise. */
import { join } from 'node:path'
import { CLAIM_POINTS, IMPORT_POINTS, ROLLBACK_POINTS } from '../kinds.ts'
import { type Life, STARTED } from '../life.ts'
import { pause } from '../process.ts'
import { dieAtPoint } from './kills.ts'
import type { Round } from './round.ts'

const MOMENT_MS_MAX = 600
const STARTED_MS_MAX = 60_000

/** By a signal or by command; the next process goes on at another parallelism. */
export async function stop(life: Life, { turn, random }: Round): Promise<void> {
  const leader = await life.up()
  await pause(random.int(MOMENT_MS_MAX))
  if (turn % 2 === 0) leader.kill('SIGTERM')
  else await life.command('stop', 'chaos')
  await endsWell(life)
  life.change()
  life.start()
  await life.progress()
}

/** Goes on from a savepoint, which may be claimed; sometimes the process dies in its import. */
export async function savepoint(life: Life, { turn, random }: Round): Promise<void> {
  await life.up()
  await pause(random.int(MOMENT_MS_MAX))
  const folder = join(life.place.disk, `savepoint-${random.uint32()}`)
  const stopped = await life.command('stop', 'chaos', '--savepoint', folder)
  if (stopped.child.exitCode !== 0) throw new Error(`stop failed\n${stopped.tail}`)
  await endsWell(life)
  life.change()
  const isClaimed = turn % 2 === 1
  const flags = ['--from', folder, ...(isClaimed ? ['--claim'] : [])]
  const points = isClaimed ? CLAIM_POINTS : IMPORT_POINTS
  const point = points[Math.floor(turn / 2) % (points.length + 2)]
  if (point === undefined) life.start({ flags })
  else {
    life.start({ flags, killAt: `${point}#1` })
    await dieAtPoint(life)
    life.checkQuiet()
    // An import that has begun goes on by itself; one that had not is asked for again.
    life.start({ flags })
  }
  await life.progress()
}

async function endsWell(life: Life): Promise<void> {
  const { leader } = life
  const { code } = await leader.ended
  if (code !== 0) throw new Error(`a job that was stopped ended with ${code}\n${leader.tail}`)
  life.checkQuiet()
}

/** Back to a checkpoint that is retained: what became visible after it is taken back. */
export async function rollback(life: Life, { turn, random }: Round): Promise<void> {
  await life.up()
  await life.progress()
  await pause(random.int(MOMENT_MS_MAX))
  await life.kill(life.leader)
  life.checkQuiet()
  const [, ...older] = await life.checkpoints()
  const chosen = older[random.int(older.length)]
  if (chosen === undefined) return void life.start()
  const back = await life.command('rollback', 'chaos', String(chosen))
  if (back.child.exitCode !== 0) throw new Error(`rollback failed\n${back.tail}`)
  const point = ROLLBACK_POINTS[turn % (ROLLBACK_POINTS.length + 1)]
  if (point !== undefined) {
    // Half of the output may have been taken back: what is visible is compared after the next.
    life.start({ killAt: `${point}#1` })
    await dieAtPoint(life)
  }
  const again = life.start()
  await again.logged(STARTED, STARTED_MS_MAX)
  life.rewind()
  await life.progress()
}
