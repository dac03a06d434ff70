// The figures of a run for people, for the list of survivors and for the page of evidence.
import { recordEvidence } from '../scripts/lib/evidence.ts'
import {
  CELL_MAX,
  intervalOf,
  scoreOf,
  sizeOf,
  SURVIVORS,
  type Summary,
  type Survivor,
  type Tally,
  withoutEquivalent,
} from './report.ts'
import { type Settings, TARGET } from './settings.ts'

export interface RunDescription {
  readonly settings: Settings
  readonly elapsedSeconds: number
  readonly command: string
}

function percent(share: number): string {
  return Number.isNaN(share) ? '-' : `${(share * 100).toFixed(1)} %`
}

function interval(tally: Tally): string {
  return intervalOf(tally).map(percent).join(' to ')
}

/** A table by folder, and the sum. */
export function scoreLines({ byFolder, all }: Summary): string[] {
  const row = (name: string, tally: Tally) =>
    `${name.padEnd(22)} ${percent(scoreOf(tally)).padStart(7)}  (${interval(tally)})  ` +
    `${tally.found} of ${sizeOf(tally)} found, ${tally.unreached} not reached; ` +
    `${percent(scoreOf(withoutEquivalent(tally)))} without ${tally.equivalent} equivalent` +
    (tally.broken > 0 ? `, ${tally.broken} could not be run` : '')
  return [...[...byFolder].map(([folder, tally]) => row(folder, tally)), row('all', all)]
}

/** The mutants that no test found, by file, each with the reason if there is one. */
export function survivorsPage(survivors: readonly Survivor[]): string {
  let page = '# Surviving mutants\n'
  let file = ''
  for (const survivor of survivors.toSorted(byPlace)) {
    if (survivor.file !== file) page += `\n## ${survivor.file}\n\n`
    file = survivor.file
    const { line, mutator, text, replacement } = survivor
    page += `- ${line} ${mutator}: \`${text}\` → \`${replacement}\`: ${knownOf(survivor)}\n`
  }
  return page
}

function knownOf({ reason, isReached, isCutShort }: Survivor): string {
  if (reason === undefined && isCutShort) return 'open, its time was over before its tests'
  if (reason === undefined) return isReached ? 'open' : 'open, not reached'
  // Its test was there, and was not run or does not kill it any more.
  if (reason.kind === 'killed') return `killed, though not by this run: ${reason.why}`
  return `${reason.kind}: ${reason.why}`
}

function byPlace(a: Survivor, b: Survivor): number {
  return a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line
}

/** Of what a test could find, it found as many as it should. */
export function isGoodEnough({ all }: Summary): boolean {
  return scoreOf(withoutEquivalent(all)) >= TARGET
}

export function recordScore(summary: Summary, run: RunDescription): void {
  const { all, byFolder, survivors } = summary
  const { share, seed, budgetMs } = run.settings
  const sampled =
    share < 1
      ? `A random sample of ${percent(share)} of the mutants (seed ${seed}); the interval says ` +
        'where the score of all of them lies. '
      : ''
  recordEvidence('mutation', {
    title: 'Mutation score of state, snapshots and checkpoints',
    claim:
      'Small changes of the code, one at a time: the share that a test notices. ' +
      `${sampled}Each has ${budgetMs / 1000} s of processor time; what a later test would find ` +
      'counts as survived. Some changes have no effect that could be observed: the table of ' +
      'survivors says why, and one of the two scores leaves them out.',
    command: run.command,
    isWell: isGoodEnough(summary),
    figures: [
      ['found of those that can be told apart', percent(scoreOf(withoutEquivalent(all)))],
      ['interval of 95 %', interval(withoutEquivalent(all))],
      ['found of all', percent(scoreOf(all))],
      ['interval of 95 % of all', interval(all)],
      ['mutants', sizeOf(all)],
      ['of these equivalent', all.equivalent],
      ['found as they never end', all.timedOut],
      ['survived', all.survived],
      ['of these not run by all tests that reach them', all.cutShort],
      ['not reached by a test', all.unreached],
      ['passed over (texts of errors, constants of modules)', all.passedOver],
      ['could not be run', all.broken],
    ],
    tables: [
      {
        title: 'By folder',
        columns: ['folder', 'found of those told apart', 'found of all', 'mutants', 'equivalent'],
        rows: [...byFolder]
          .filter(([, tally]) => sizeOf(tally) > 0)
          .map(([folder, tally]) => [
            folder,
            percent(scoreOf(withoutEquivalent(tally))),
            percent(scoreOf(tally)),
            sizeOf(tally),
            tally.equivalent,
          ]),
      },
      {
        title: SURVIVORS,
        columns: ['where', 'was', 'became', 'known of it'],
        rows: survivors
          .toSorted(byPlace)
          .map((survivor) => [
            `${survivor.file}:${survivor.line}`,
            `\`${survivor.text.slice(0, CELL_MAX)}\``,
            `\`${survivor.replacement.slice(0, CELL_MAX)}\``,
            knownOf(survivor),
          ]),
      },
    ],
    elapsedSeconds: run.elapsedSeconds,
  })
}
