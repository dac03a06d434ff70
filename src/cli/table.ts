/** Tables of text, aligned, and cut to the width of the terminal rather than wrapped. */

export interface Column<R> {
  readonly title: string
  readonly value: (row: R) => string
  /** Numbers stand right. */
  readonly align?: 'left' | 'right'
  /** This column gives way when the line is too long; one per table. Default: the last. */
  readonly flexible?: boolean
}

const gap = '  '
const flexibleCharsMin = 8

/**
 * Lines of a table with a head line.
 *
 * @param width columns of the terminal; undefined for pipes, where nothing is cut.
 */
export function tableLines<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  width: number | undefined,
): string[] {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.value(row))))
  const widths = columns.map((column, index) => {
    return Math.max(column.title.length, ...cells.map((line) => (line[index] ?? '').length))
  })
  const found = columns.findIndex((column) => column.flexible === true)
  const flexible = found === -1 ? columns.length - 1 : found
  const total = widths.reduce((sum, each) => sum + each, 0) + gap.length * (columns.length - 1)
  if (width !== undefined && total > width) {
    const left = (widths[flexible] ?? 0) - (total - width)
    widths[flexible] = Math.max(flexibleCharsMin, left)
  }
  const line = (texts: readonly string[]): string => {
    const padded = texts.map((text, index) => {
      const room = widths[index] ?? 0
      const cut = text.length > room ? `${text.slice(0, room - 1)}…` : text
      return columns[index]?.align === 'right' ? cut.padStart(room) : cut.padEnd(room)
    })
    return padded.join(gap).trimEnd()
  }
  return [line(columns.map((column) => column.title)), ...cells.map(line)]
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
