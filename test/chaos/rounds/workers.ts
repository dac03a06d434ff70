/** Rounds in which a worker thread dies while its process lives, or never answers again. */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { TRAPS } from '../job/traps.ts'
import type { Life } from '../life.ts'
import { pause, until } from '../process.ts'
import { addOne } from '../tally.ts'
import { killAndRestart } from './kills.ts'
import type { Round } from './round.ts'

const HANGING_MS = 400
/** Either the whole job restarts, or a region of it. */
const RESTARTED = ['millrace:job:restarting', 'millrace:region:failed']

export async function worker(life: Life, { turn, random }: Round): Promise<void> {
  const leader = await life.up()
  const trap = TRAPS[turn % TRAPS.length] ?? 'exit'
  await pause(random.int(300))
  const restarts = () => RESTARTED.reduce((total, event) => total + leader.count(event), 0)
  const before = restarts()
  writeFileSync(`${life.place.trap}-laid`, trap)
  renameSync(`${life.place.trap}-laid`, life.place.trap)
  await until(`thread that falls into the trap ${trap}`, () => {
    return leader.hasEnded || !existsSync(life.place.trap)
  })
  if (existsSync(life.place.trap)) {
    // The job had come to its end.
    rmSync(life.place.trap)
    throw new Error(`${leader.pid} ended before the trap ${trap}\n${leader.tail}`)
  }
  addOne(life.tally.traps, trap)
  if (trap === 'hang') {
    await pause(HANGING_MS)
    return killAndRestart(life)
  }
  await until(`restart after ${trap}`, () => {
    if (leader.hasEnded) throw new Error(`${leader.pid} ended by ${trap}\n${leader.tail}`)
    return restarts() > before
  })
  await life.progress()
}
