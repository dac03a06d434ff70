// docs/evidence.md, made of what the long runs have recorded.
import { withKnown } from '../../mutation/known.ts'
import {
  EVIDENCE_NAMES,
  type EvidenceName,
  type EvidenceTable,
  type RecordedEvidence,
} from './evidence.ts'

const HEAD = `# Evidence

What has been run against Millrace to find out whether it keeps its promises, with the figures of
the newest run of each kind. Every figure was written by the run itself, with the commit that was
run and the command that runs it again; this page is made of those records by
\`npm run evidence\`, and \`npm run prove\` does all of it again. What the methods are:
[simulation](internals/simulation.md), [models](internals/models.md),
[fuzzing](internals/fuzzing.md), [chaos](internals/chaos.md), [mutation](internals/mutation.md).

A simulator that never finds anything proves nothing, so the planted bugs below tell how strong the
net is: each is a mistake of the kind that engineers make, put into the engine in memory.
`

/** The page's text. */
export function evidencePage(records: ReadonlyMap<EvidenceName, RecordedEvidence>): string {
  const missing = EVIDENCE_NAMES.filter((name) => !records.has(name))
  const all = EVIDENCE_NAMES.flatMap((name) => {
    const record = records.get(name) ?? []
    return name === 'mutation' && !Array.isArray(record) ? withKnown(record) : record
  })
  const sections = [HEAD, summary(all), ...all.map(section)]
  if (missing.length > 0) sections.push(`Not recorded yet: ${missing.join(', ')}.\n`)
  return sections.join('\n')
}

function summary(all: readonly RecordedEvidence[]): string {
  const rows = all.map((record) => {
    const { title, isWell, commit, day, figures } = record
    const most = figures.slice(0, 2).map(([label, value]) => `${grouped(value)} ${label}`)
    return [title, most.join(', '), isWell ? 'yes' : '**no**', `\`${commit}\``, day]
  })
  return table(['what', 'how much', 'held', 'commit', 'day'], rows)
}

function section(record: RecordedEvidence): string {
  const { title, claim, command, figures, tables = [], elapsedSeconds } = record
  const { commit, isChanged, day, machine } = record
  const changed = isChanged ? ' with changes that were not committed' : ''
  const of = `Commit \`${commit}\`${changed}, ${day}, ${duration(elapsedSeconds)} on ${machine}:`
  return [
    `## ${title}`,
    claim,
    `${of}\n\n    ${command}`,
    table(['', 'figure'], figures),
    ...tables.map(longTable),
  ].join('\n\n')
}

function longTable({ title, columns, rows }: EvidenceTable): string {
  const text = table(columns, rows)
  return `<details><summary>${title}: ${rows.length}</summary>\n\n${text}\n</details>\n`
}

type Cell = number | string

function table(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]): string => `| ${cells.map(shown).join(' | ')} |\n`
  const rule = columns.map((_, at) =>
    rows.length > 0 && rows.every((row) => isNumeric(row[at])) ? '--:' : '---',
  )
  return line(columns) + line(rule) + rows.map(line).join('')
}

function isNumeric(cell: Cell | undefined): boolean {
  return typeof cell === 'number'
}

function shown(cell: Cell): string {
  return grouped(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function grouped(value: Cell): string {
  if (typeof value === 'string') return value
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 })
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(0)} s`
  return `${(seconds / 60).toFixed(0)} min`
}
