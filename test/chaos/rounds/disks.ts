/** Rounds in which the disk of a job is full, to the last byte. */
import type { Life } from '../life.ts'
import { pause } from '../process.ts'
import { type Round, Skipped } from './round.ts'

const FULL_MS_MAX = 800

export async function full(life: Life, { turn, random }: Round): Promise<void> {
  if (life.place.isSmall !== true) throw new Skipped('full: this user may not mount a disk')
  const leader = await life.up()
  life.place.fill()
  await pause(random.int(FULL_MS_MAX))
  if (turn % 2 === 1) await killWhileFull(life)
  life.place.makeRoom()
  // It may have given up: what is retryable is for whoever starts processes to try again.
  if (leader.hasEnded && leader === life.leader) {
    const { code } = await leader.ended
    if (code !== 1 || !/ENOSPC|no space left/i.test(leader.tail)) {
      throw new Error(`a job on a full disk ended with ${code}\n${leader.tail}`)
    }
    life.checkQuiet()
    life.start()
  }
  await life.progress()
}

/** Nothing can be started on a full disk; what is refused says why. */
async function killWhileFull(life: Life): Promise<void> {
  if (!life.leader.hasEnded) await life.kill(life.leader)
  life.checkQuiet()
  // What the killed process had not made durable may be gone, and leave some room.
  life.place.fill()
  const refused = life.startRival()
  await Promise.race([refused.ended, pause(FULL_MS_MAX)])
  const isKilled = await life.killUnlessEnded(refused)
  if (!isKilled && !/ENOSPC|no space left/i.test(refused.tail)) {
    throw new Error(`a start on a full disk does not say why it failed\n${refused.tail}`)
  }
  life.place.makeRoom()
  life.start()
}
