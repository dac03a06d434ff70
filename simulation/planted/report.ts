/** What hunts for planted bugs came to: the table for people, the record, the verdict. */
import type { Evidence } from '../../scripts/lib/evidence.ts'
import type { PlantedBug } from './bug.ts'
import { areas } from './catalogue.ts'
import type { Hunt } from './hunt.ts'

export interface HuntedBug {
  readonly bug: PlantedBug
  readonly hunt: Hunt
}

export interface HuntReport {
  readonly first: number
  readonly last: number
  readonly hunted: readonly HuntedBug[]
  /** The sound engine under the same seeds; nothing may be caught. */
  readonly control: Hunt
  readonly elapsedSeconds: number
}

/** So many of a hundred are to be caught. */
export const SHARE_WANTED = 0.95
export const COLUMNS = ['bug', 'what a user would see', 'seeds', 'caught by'] as const

export function isWell({ hunted, control }: HuntReport): boolean {
  const caught = hunted.filter(({ hunt }) => hunt.caught !== undefined)
  return control.caught === undefined && caught.length >= SHARE_WANTED * hunted.length
}

/** A line for each bug that was hunted, as soon as it was. */
export function lineOf({ bug, hunt: { seeds, caught, realMs } }: HuntedBug): string {
  const seconds = (realMs / 1_000).toFixed(1).padStart(7)
  const how = caught === undefined ? 'NOT CAUGHT' : `seed ${caught.seed}: ${caught.class}`
  return `${bug.name.padEnd(50)}${String(seeds).padStart(5)} seeds ${seconds} s  ${how}`
}

export function summary(report: HuntReport): string {
  const { hunted, control } = report
  const needed = neededOf(report)
  const lines = [`\n${needed.length} of ${hunted.length} planted bugs were caught`]
  if (needed.length > 0) {
    lines[0] += `; half of them within ${median(needed)} seeds, the last after ${needed.at(-1)}`
  }
  for (const { bug, hunt } of hunted) {
    if (hunt.caught !== undefined) continue
    lines.push(`not caught: ${bug.name} (${bug.uncaught ?? 'why is not known'})`)
  }
  lines.push(
    control.caught === undefined
      ? `the sound engine passed ${control.seeds} seeds`
      : `the SOUND engine failed seed ${control.caught.seed}: ${control.caught.failure}`,
  )
  return lines.join('\n')
}

/** As `docs/evidence` keeps it. */
export function evidenceOf(report: HuntReport): Evidence {
  const { first, last, hunted, control, elapsedSeconds } = report
  const needed = neededOf(report)
  const virtualMs = hunted.reduce((sum, { hunt }) => sum + hunt.virtualMs, 0)
  return {
    title: 'Planted bugs',
    claim:
      `Mistakes of the kind that engineers make, put into the engine one at a time, in memory: ` +
      `the simulator finds ${needed.length} of ${hunted.length} within ${last - first + 1} seeds ` +
      `each. [Which, and by what](internals/planted-bugs.md).`,
    command: `npm run planted -- --seeds ${first}..${last} --record`,
    isWell: isWell(report),
    figures: [
      ['planted bugs caught', needed.length],
      ['planted bugs', hunted.length],
      ['seeds for half of those caught', median(needed)],
      ['seeds for the last one caught', needed.at(-1) ?? 0],
      ['seeds that the sound engine passed', control.caught === undefined ? control.seeds : 0],
      ['simulated hours', Math.round(virtualMs / 3_600_000)],
    ],
    tables: areas.map(({ title, bugs }) => ({
      title,
      columns: COLUMNS,
      rows: hunted.filter(({ bug }) => bugs.includes(bug)).map(rowOf),
    })),
    elapsedSeconds,
  }
}

function rowOf({ bug, hunt: { seeds, caught } }: HuntedBug): readonly (string | number)[] {
  const { name, symptom, uncaught = 'why is not known' } = bug
  if (caught !== undefined) return [name, symptom, seeds, caught.class]
  return [name, symptom, `not in ${seeds}`, `**not caught**: ${uncaught}`]
}

/** Seeds that were needed, ascending. */
function neededOf({ hunted }: HuntReport): readonly number[] {
  return hunted
    .filter(({ hunt }) => hunt.caught !== undefined)
    .map(({ hunt }) => hunt.seeds)
    .toSorted((a, b) => a - b)
}

function median(ascending: readonly number[]): number {
  return ascending[Math.floor((ascending.length - 1) / 2)] ?? 0
}
