/** Reads what the watched job made visible, and checks that nothing is missing or doubled. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Line {
  readonly key: number
  readonly count: number
  /** When it was made. */
  readonly atMs: number
}

/**
 * The visible lines, in the order of the files' names and within them; a job that was started from
 * a savepoint names its files by a line of checkpoints of its own, and comes after the one before.
 */
export function visibleLines(folder: string): readonly Line[] {
  const byLine = new Map<string, Line[]>()
  for (const file of visibleFiles(folder)) {
    const name = file.split('-').slice(0, -3).join('-')
    const lines = byLine.get(name) ?? []
    byLine.set(name, lines)
    const text = readFileSync(join(folder, file), 'utf8')
    if (!text.endsWith('\n')) throw new Error(`${file} ends in the middle of a line`)
    for (const line of text.slice(0, -1).split('\n')) {
      const [key, count, atMs] = line.split(' ').map(Number)
      lines.push({ key: key ?? Number.NaN, count: count ?? Number.NaN, atMs: atMs ?? Number.NaN })
    }
  }
  const begun = ([first]: readonly Line[]): number => first?.atMs ?? 0
  return [...byLine.values()].toSorted((a, b) => begun(a) - begun(b)).flat()
}

function visibleFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort()
  } catch {
    return []
  }
}

/** Throws unless each key was counted from 1 on, one by one, in order. Gives the lines' number. */
export function checkCounts(folder: string): number {
  const lines = visibleLines(folder)
  const counts = new Map<number, number>()
  for (const { key, count } of lines) {
    const next = (counts.get(key) ?? 0) + 1
    if (count !== next) throw new Error(`key ${key} came to ${count} where ${next} was to follow`)
    counts.set(key, next)
  }
  return lines.length
}
