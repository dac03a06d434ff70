/** Rounds in which what a job stands on is bad: its files, or how many it may open. */
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../../src/util/random.ts'
import { type Life, LOADED } from '../life.ts'
import { pause } from '../process.ts'
import type { Round } from './round.ts'

const MOMENT_MS_MAX = 600
const LIMITED_MS_MAX = 2_000
/** Node and the job need about half of them to come to anything. */
const HANDLES_MIN = 40
const HANDLES_MORE = 60

/** What was written last is damaged while nothing runs: the job goes back to what is sound. */
export async function rot(life: Life, { random }: Round): Promise<void> {
  await life.up()
  await life.progress()
  await pause(random.int(MOMENT_MS_MAX))
  await life.kill(life.leader)
  life.checkQuiet()
  const checkpoints = await life.checkpoints()
  if (checkpoints.length > 1) {
    const folder = random.int(2) === 0 ? 'chain' : 'runs'
    damage(join(life.place.directory, 'chaos/checkpoints', folder), random)
  }
  const again = life.start()
  // Then every block has been read, and what follows from that has happened.
  if (checkpoints.length > 0) await again.logged(LOADED)
  life.rewind()
  await life.progress()
}

/** Another byte somewhere, or the end is gone. */
function damage(folder: string, random: Random): void {
  const written = (path: string) => statSync(path).mtimeMs
  const paths = readdirSync(folder).map((name) => join(folder, name))
  const [newest] = paths.toSorted((a, b) => written(b) - written(a) || b.localeCompare(a))
  if (newest === undefined) return
  const bytes = readFileSync(newest)
  const at = random.int(bytes.length)
  if (random.int(3) === 0) return truncateSync(newest, at)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8))
  writeFileSync(newest, bytes)
}

/** A process that may open few files fails, sooner or later, and says why; the next goes on. */
export async function handles(life: Life, { random }: Round): Promise<void> {
  await life.up()
  await life.kill(life.leader)
  life.checkQuiet()
  const limited = life.start({ handles: HANDLES_MIN + random.int(HANDLES_MORE) })
  await Promise.race([limited.ended, pause(LIMITED_MS_MAX)])
  const isKilled = await life.killUnlessEnded(limited)
  const isExplained = life.hasFinished || /EMFILE|too many open files/i.test(limited.log)
  if (!isKilled && !isExplained) {
    throw new Error(`with few files a process ended, and does not say why\n${limited.tail}`)
  }
  life.checkQuiet()
  life.start()
  await life.progress()
}
