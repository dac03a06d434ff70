// The figures of a run for people, for the list of survivors and for the page of evidence.
import { recordEvidence } from '../scripts/lib/evidence.ts'
import { intervalOf, scoreOf, sizeOf, type Summary, type Survivor, type Tally } from './report.ts'
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
    `${tally.found} of ${sizeOf(tally)} found, ${tally.unreached} not reached` +
    (tally.broken > 0 ? `, ${tally.broken} could not be run` : '')
  return [...[...byFolder].map(([folder, tally]) => row(folder, tally)), row('all', all)]
}

/** The mutants that no test found, by file, each with the reason if there is one. */
export function survivorsPage(
  survivors: readonly Survivor[],
  reasonFor: (survivor: Survivor) => string | undefined,
): string {
  let page = '# Surviving mutants\n'
  let file = ''
  for (const survivor of survivors.toSorted(byPlace)) {
    if (survivor.file !== file) page += `\n## ${survivor.file}\n\n`
    file = survivor.file
    const { line, mutator, text, replacement, isReached } = survivor
    const why = reasonFor(survivor) ?? (isReached ? 'open' : 'open, not reached')
    page += `- ${line} ${mutator}: \`${text}\` → \`${replacement}\`: ${why}\n`
  }
  return page
}

function byPlace(a: Survivor, b: Survivor): number {
  return a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line
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
      'counts as survived, as do changes without any effect.',
    command: run.command,
    isWell: scoreOf(all) >= TARGET,
    figures: [
      ['found', percent(scoreOf(all))],
      ['mutants', sizeOf(all)],
      ['interval of 95 %', interval(all)],
      ['found as they never end', all.timedOut],
      ['survived', all.survived],
      ['not reached by a test', all.unreached],
      ['passed over (texts of errors, constants of modules)', all.passedOver],
      ['could not be run', all.broken],
    ],
    tables: [
      {
        title: 'By folder',
        columns: ['folder', 'found', '95 % interval', 'mutants'],
        rows: [...byFolder]
          .filter(([, tally]) => sizeOf(tally) > 0)
          .map(([folder, tally]) => [
            folder,
            percent(scoreOf(tally)),
            interval(tally),
            sizeOf(tally),
          ]),
      },
      {
        title: 'Survivors',
        columns: ['where', 'was', 'became'],
        rows: survivors.map(({ file, line, text, replacement }) => [
          `${file}:${line}`,
          `\`${text.slice(0, 60)}\``,
          `\`${replacement.slice(0, 60)}\``,
        ]),
      },
    ],
    elapsedSeconds: run.elapsedSeconds,
  })
}
