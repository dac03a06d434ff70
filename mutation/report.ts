// What Stryker's report says, in the figures that count: the share of mutants that a test found, by
// folder, with the interval that a sample of this size allows; and the mutants that none found.
import { type Reason, reasonFor } from './reasons.ts'
import { OUTSIDE } from './sample.ts'
import type { Position } from './settings.ts'

/** The part of Stryker's JSON report that is read. */
export interface StrykerReport {
  readonly files: Readonly<Record<string, ReportedFile>>
}

interface ReportedFile {
  readonly source: string
  readonly mutants: readonly ReportedMutant[]
}

interface ReportedMutant {
  readonly mutatorName: string
  readonly replacement?: string
  readonly status: string
  readonly statusReason?: string
  /** The tests that reach it, and how many of them were run. */
  readonly coveredBy?: readonly string[]
  readonly testsCompleted?: number
  readonly location: { readonly start: Position; readonly end: Position }
}

/** Of some mutants: how many a test found. */
export interface Tally {
  found: number
  /** Found because the mutant never came to an end; part of `found`. */
  timedOut: number
  survived: number
  /** Part of `survived`: its time was over before the tests that reach it. */
  cutShort: number
  /** Not reached by any test; counts as survived, and is not part of `survived`. */
  unreached: number
  /** Of those not found, by `reasons.ts`: nothing that can be observed differs. */
  equivalent: number
  /** Not run: constants of a module, texts of errors. */
  passedOver: number
  /** The runner broke; part of no score. */
  broken: number
}

export interface Survivor {
  readonly file: string
  readonly line: number
  readonly mutator: string
  /** The code that was replaced, in one line. */
  readonly text: string
  readonly replacement: string
  readonly isReached: boolean
  /** Of the tests that reach it some were not run: its time was over. */
  readonly isCutShort: boolean
  /** What is known of it. */
  readonly reason: Reason | undefined
}

export interface Summary {
  readonly byFolder: ReadonlyMap<string, Tally>
  readonly all: Tally
  readonly survivors: readonly Survivor[]
}

const TEXT_MAX = 200

/** How much of a code the recorded table of survivors shows. */
export const CELL_MAX = 60
/** The title of that table. */
export const SURVIVORS = 'Survivors'

export function summarize(report: StrykerReport): Summary {
  const byFolder = new Map<string, Tally>()
  const all = emptyTally()
  const survivors: Survivor[] = []
  for (const [file, { source, mutants }] of Object.entries(report.files)) {
    const folder = file.slice(0, file.lastIndexOf('/'))
    const tally = byFolder.get(folder) ?? emptyTally()
    byFolder.set(folder, tally)
    const lines = source.split('\n')
    for (const mutant of mutants) {
      if (mutant.statusReason === OUTSIDE) continue
      count(tally, mutant.status)
      count(all, mutant.status)
      const isReached = mutant.status === 'Survived'
      if (!isReached && mutant.status !== 'NoCoverage') continue
      const { mutatorName: mutator, replacement = '', coveredBy = [] } = mutant
      const isCutShort = isReached && (mutant.testsCompleted ?? 0) < coveredBy.length
      const line = mutant.location.start.line
      const text = oneLine(textBetween(lines, mutant.location.start, mutant.location.end))
      const found = { file, mutator, text, replacement: oneLine(replacement) }
      const reason = reasonFor(found, (lines[line - 1] ?? '').trim())
      survivors.push({ ...found, line, isReached, isCutShort, reason })
      if (isCutShort) {
        tally.cutShort++
        all.cutShort++
      }
      if (reason?.kind !== 'equivalent') continue
      tally.equivalent++
      all.equivalent++
    }
  }
  return { byFolder, all, survivors }
}

function emptyTally(): Tally {
  const missed = { survived: 0, cutShort: 0, unreached: 0, equivalent: 0 }
  return { found: 0, timedOut: 0, ...missed, passedOver: 0, broken: 0 }
}

function count(tally: Tally, status: string): void {
  if (status === 'Killed') tally.found++
  else if (status === 'Timeout') {
    tally.found++
    tally.timedOut++
  } else if (status === 'Survived') tally.survived++
  else if (status === 'NoCoverage') tally.unreached++
  else if (status === 'Ignored') tally.passedOver++
  else tally.broken++
}

/** Without those of which it is known that no test can find them. */
export function withoutEquivalent(tally: Tally): Tally {
  return { ...tally, survived: tally.survived - tally.equivalent, equivalent: 0 }
}

/** How many of them count for the score. */
export function sizeOf({ found, survived, unreached }: Tally): number {
  return found + survived + unreached
}

/** The share of mutants that a test found, 0 to 1; NaN if there are none. */
export function scoreOf(tally: Tally): number {
  return tally.found / sizeOf(tally)
}

/** Wilson's interval: where the score of all mutants lies with 95 % certainty. */
export function intervalOf(tally: Tally): readonly [from: number, to: number] {
  const size = sizeOf(tally)
  if (size === 0) return [0, 1]
  const z = 1.96
  const score = scoreOf(tally)
  const middle = score + z ** 2 / (2 * size)
  const half = z * Math.sqrt((score * (1 - score)) / size + (z / (2 * size)) ** 2)
  const scale = 1 + z ** 2 / size
  return [(middle - half) / scale, (middle + half) / scale]
}

function textBetween(lines: readonly string[], start: Position, end: Position): string {
  const within = lines.slice(start.line - 1, end.line)
  const last = within.length - 1
  return within
    .map((line, at) =>
      line.slice(at === 0 ? start.column - 1 : 0, at === last ? end.column - 1 : undefined),
    )
    .join(' ')
}

/** Code as it is listed: in one line, and cut off if it is long. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, TEXT_MAX)
}
