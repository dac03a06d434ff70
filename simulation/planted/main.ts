/**
 * `npm run planted`: hunts for every planted bug, some at a time, each in a process of its own, and
 * lets the sound engine run the same seeds. `--help` says the rest.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { currentCommit, readEvidence, recordEvidence } from '../../scripts/lib/evidence.ts'
import { PLANTED_PAGE, plantedPage } from '../../scripts/lib/planted-page.ts'
import { root } from '../../scripts/lib/process.ts'
import { UsageError } from '../cli/options.ts'
import { Progress } from '../cli/progress.ts'
import { type Hunt, hunt } from './hunt.ts'
import { KeptHunts } from './kept.ts'
import { parsePlantedOptions, type PlantedOptions, USAGE } from './options.ts'
import { evidenceOf, type HuntedBug, type HuntReport, isWell, lineOf, summary } from './report.ts'

const MS_PER_MINUTE = 60_000

async function huntAll(options: PlantedOptions): Promise<HuntReport> {
  const { first, last, bugs, minutes, processes, json } = options
  const startedMs = performance.now()
  const mayGoOn = (): boolean => performance.now() - startedMs < minutes * MS_PER_MINUTE
  const kept = new KeptHunts(currentCommit(), first, options.goesOn)
  const hunted: HuntedBug[] = []
  const progress = new Progress(() => `${hunted.length} of ${bugs.length} bugs hunted`)
  progress.begin()
  /** From where it was broken off, as far as it was not at its end. */
  const huntOn = async (name: string | undefined): Promise<Hunt> => {
    const former = kept.of(name)
    const next = first + (former?.seeds ?? 0)
    if (former !== undefined && (former.caught !== undefined || next > last)) return former
    if (!mayGoOn()) return former ?? { seeds: 0, caught: undefined, virtualMs: 0, realMs: 0 }
    return kept.add(name, await hunt(name, { first: next, last, mayGoOn }))
  }
  const waiting = [...bugs]
  const lane = async (): Promise<void> => {
    for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
      const found = { bug, hunt: await huntOn(bug.name) }
      hunted.push(found)
      if (!json) console.log(lineOf(found))
    }
  }
  // The sound engine takes longest: it runs all seeds, beside the others.
  const control = huntOn(undefined)
  const beside = Array.from({ length: Math.max(1, processes - 1) }, lane)
  await Promise.all([control.then(lane), ...beside])
  progress.end()
  const inOrder = hunted.toSorted((a, b) => bugs.indexOf(a.bug) - bugs.indexOf(b.bug))
  const elapsedSeconds = (performance.now() - startedMs) / 1_000
  return { first, last, hunted: inOrder, control: await control, elapsedSeconds }
}

async function main(args: readonly string[]): Promise<number> {
  let options: PlantedOptions
  try {
    options = parsePlantedOptions(args)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\nsee npm run planted -- --help`)
    return 2
  }
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  const report = await huntAll(options)
  if (options.json) console.log(JSON.stringify(evidenceOf(report), undefined, 2))
  else console.log(summary(report))
  if (options.records) {
    recordEvidence('planted-bugs', evidenceOf(report))
    writeFileSync(join(root, PLANTED_PAGE), plantedPage(readEvidence().get('planted-bugs')))
    if (!options.json) console.log(`recorded, and wrote ${PLANTED_PAGE}`)
  }
  return isWell(report) ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
