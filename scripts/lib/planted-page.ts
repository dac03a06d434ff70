// docs/internals/planted-bugs.md, made of what `npm run planted -- --record` has recorded.
import type { EvidenceTable, RecordedEvidence } from './evidence.ts'

/** From the root of the repository. */
export const PLANTED_PAGE = 'docs/internals/planted-bugs.md'

const HEAD = `# Planted bugs

How strong the net of the [simulation](simulation.md) is: mistakes of the kind that engineers make
are put into the engine, in memory and one at a time, and the simulator has to find each. A bug is a
patch of one place of the production code (\`simulation/planted\`); a module hook applies it while
the code is loaded. Every \`npm test\` checks that each patch still fits
the code, and hunts for a few of them.

    npm run planted                                  # all of them, up to 1,000 seeds each
    npm run planted -- --only older-run-wins-a-merge # one
    npm run planted -- --record                      # writes this page

A bug that the simulator does not find is not left out: it is shown with the reason. Seeds are those
from 1 on, the same for all; \`seeds\` is how many were run until one failed.
`

/** The page's text. */
export function plantedPage(record: RecordedEvidence | undefined): string {
  if (record === undefined) return `${HEAD}\nNothing is recorded yet.\n`
  const { commit, isChanged, day, figures, tables = [] } = record
  const changed = isChanged ? ' with changes that were not committed' : ''
  const facts = figures.map(([label, value]) => `- ${label}: ${shown(value)}\n`).join('')
  const parts = [HEAD, `Commit \`${commit}\`${changed}, ${day}:\n\n${facts}`]
  return [...parts, ...tables.map(section)].join('\n')
}

function section({ title, columns, rows }: EvidenceTable): string {
  const line = (cells: readonly (string | number)[]): string => {
    return `| ${cells.map(shown).join(' | ')} |\n`
  }
  const rule = columns.map(() => '---')
  return `## ${title}\n\n${[columns, rule, ...rows].map(line).join('')}`
}

function shown(cell: string | number): string {
  if (typeof cell === 'number') return cell.toLocaleString('en-US')
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
