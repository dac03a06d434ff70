// The rows of a query as one text: all lines of the sink's visible files, sorted by their bytes.
import { Buffer } from 'node:buffer'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export async function gatherRows(folder: string): Promise<string> {
  const lines: string[] = []
  for (const name of await readdir(folder)) {
    if (name.startsWith('.')) continue
    const text = await readFile(join(folder, name), 'utf8')
    for (const line of text.split('\n').slice(0, -1)) lines.push(line)
  }
  return sortedRows(lines)
}

/** Rows as a file has them: sorted by bytes (not by UTF-16 units), each with its end of line. */
export function sortedRows(rows: readonly string[]): string {
  const isAscii = rows.every((row) => Buffer.byteLength(row) === row.length)
  // Faster, and the same where each character is one byte.
  const sorted = isAscii
    ? rows.toSorted()
    : rows
        .map((row) => Buffer.from(row))
        .toSorted((a, b) => Buffer.compare(a, b))
        .map(String)
  return sorted.map((row) => `${row}\n`).join('')
}
