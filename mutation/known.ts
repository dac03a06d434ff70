// What is known by now of the survivors of a recorded run. Its score stays what the run has found,
// for tests that were written for its survivors say nothing of the rest; reasons and tests that
// came later are shown beside each of them, and counted.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RecordedEvidence } from '../scripts/lib/evidence.ts'
import { root } from '../scripts/lib/process.ts'
import { CELL_MAX, oneLine, SURVIVORS } from './report.ts'
import { type Reason, reasons } from './reasons.ts'

type Row = readonly (number | string)[]

/** The record, with what is known by now where it says `open`. */
export function withKnown(
  record: RecordedEvidence,
  known: readonly Reason[] = reasons,
): RecordedEvidence {
  const tables = record.tables?.map((table) =>
    table.title === SURVIVORS
      ? { ...table, rows: table.rows.map((row) => renewed(row, known)) }
      : table,
  )
  const rows = tables?.find(({ title }) => title === SURVIVORS)?.rows ?? []
  const count = (kind: string) => rows.filter((row) => String(row[3]).startsWith(kind)).length
  const claim =
    `${record.claim} The score stays that of the run; what is known of each survivor is as new ` +
    'as this page, and those that a test kills by now count as survived nevertheless.'
  const figures = [
    ...record.figures,
    ['survivors known by now to be equivalent', count('equivalent')],
    ['survivors left, with a reason', count('left')],
    ['survivors killed by a test since', count('killed')],
    ['survivors open', count('open')],
  ] as const
  return { ...record, claim, figures, ...(tables === undefined ? {} : { tables }) }
}

function renewed(row: Row, known: readonly Reason[]): Row {
  const [where, was, became, said] = row.map(String)
  if (where === undefined || was === undefined || became === undefined) return row
  if (!said?.startsWith('open')) return row
  const [file = '', line] = where.split(':')
  const text = was.slice(1, -1)
  const replacement = became.slice(1, -1)
  const place = nearestLine(file, text, Number(line))
  const reason = known.find(
    (each) =>
      each.file === file &&
      each.text.slice(0, CELL_MAX) === text &&
      (each.line === undefined || each.line === place) &&
      (each.replacement?.slice(0, CELL_MAX) ?? replacement) === replacement &&
      couldBecome(each.mutator, replacement),
  )
  if (reason === undefined) return row
  const since = reason.kind === 'killed' ? 'killed since' : reason.kind
  return [where, was, became, `${since}: ${reason.why}`]
}

/** The record does not say which mutator it was; of one code several make `true` or `false`. */
function couldBecome(mutator: string, replacement: string): boolean {
  const isConstant = replacement === 'true' || replacement === 'false'
  return isConstant === /^(ConditionalExpression|BooleanLiteral)$/.test(mutator)
}

/** Lines move: that which holds the code, and is nearest to where the run found it. */
function nearestLine(file: string, text: string, lineNumber: number): string | undefined {
  const path = join(root, file)
  if (!existsSync(path)) return undefined
  const lines = readFileSync(path, 'utf8').split('\n')
  const holds = (at: number) => {
    const start = oneLine(lines[at] ?? '')
    const further = oneLine(lines.slice(at, at + LINES_MAX).join(' '))
    const found = further.indexOf(text)
    return found >= 0 && found < start.length
  }
  const distance = (at: number) => Math.abs(at + 1 - lineNumber)
  const [nearest] = [...lines.keys()].filter(holds).toSorted((a, b) => distance(a) - distance(b))
  return nearest === undefined ? undefined : lines[nearest]?.trim()
}

/** A cell of the record has as much code as fits into so many lines. */
const LINES_MAX = 20
