/**
 * Reads what a job has made visible as it appears, and compares each line with what the oracle has
 * next for its track and key. A look reads new files only. While a job runs a file may be seen a
 * moment before one that goes before it; such a file waits. When nothing runs, none may wait.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** The folders of the job's sinks. */
const FOLDERS = ['words', 'orders', 'windows', 'pairs', 'rated', 'visits']

/** What is to be written: an `Oracle`. */
export interface Expected {
  /** By `track|key`. */
  readonly lines: ReadonlyMap<string, readonly string[]>
  /** Of the first so many rules; undefined if there are not so many. */
  digest(known: number): number | undefined
}

/** Thrown with the line that differs. */
export class Difference extends Error {}

export class Follower {
  readonly #output: string
  readonly #oracle: Expected
  /** How many lines of each track and key have been seen. */
  #seen = new Map<string, number>()
  /** How many rules the last `rated` line of a customer knew. */
  #known = new Map<string, number>()
  /** Files that were compared, with their lengths: they may not change any more. */
  #compared = new Map<string, number>()
  /** Lines compared, again ones included. */
  linesCompared = 0

  constructor(output: string, oracle: Expected) {
    this.#output = output
    this.#oracle = oracle
  }

  /** How many lines are visible, of those that were looked at. */
  get lines(): number {
    let lines = 0
    for (const count of this.#seen.values()) lines += count
    return lines
  }

  /**
   * Reads what is new; gives what is wrong with the files that do not follow (yet). Files may wait
   * for each other; at the end only for those of other subtasks: after a rescale what waited for a
   * sink comes in one, and what follows it of the same key in another.
   */
  look(isAtEnd = false): Difference | undefined {
    let difference: Difference | undefined
    for (const folder of FOLDERS) difference = this.#lookInto(folder, isAtEnd) ?? difference
    return difference
  }

  /** Begins anew: output may have been taken back. */
  forget(): void {
    this.#seen = new Map()
    this.#known = new Map()
    this.#compared = new Map()
  }

  /** The job has finished: everything is there once, of a subtask in the order of the names. */
  requireComplete(): void {
    for (const [path, length] of this.#compared) {
      const { length: now } = readFileSync(path)
      if (now !== length) throw new Difference(`${path} had ${length} bytes and has ${now}`)
    }
    this.forget()
    const difference = this.look(true)
    if (difference !== undefined) throw difference
    for (const [name, lines] of this.#oracle.lines) {
      const seen = this.#seen.get(name) ?? 0
      if (seen !== lines.length) {
        throw new Difference(`${name} has ${seen} lines of ${lines.length} at the end`)
      }
    }
  }

  #lookInto(folder: string, isAtEnd: boolean): Difference | undefined {
    let waiting = visibleFiles(join(this.#output, folder)).filter(
      (path) => !this.#compared.has(path),
    )
    // A file that waited for one which goes before it may follow now.
    for (;;) {
      let difference: Difference | undefined
      const halted = new Set<string>()
      const left = waiting.filter((path) => {
        if (halted.has(subtaskOf(path))) return true
        const wrong = this.#compare(path)
        difference ??= wrong
        if (wrong !== undefined && isAtEnd) halted.add(subtaskOf(path))
        return wrong !== undefined
      })
      if (left.length === 0 || left.length === waiting.length) return difference
      waiting = left
    }
  }

  /** All of a file or nothing of it is counted. */
  #compare(path: string): Difference | undefined {
    const text = readFileSync(path, 'utf8')
    if (!text.endsWith('\n')) return new Difference(`${path} ends in the middle of a line`)
    const seen = new Map<string, number>()
    const known = new Map<string, number>()
    const lines = text.slice(0, -1).split('\n')
    for (const line of lines) {
      const [track = '', key = '', said = '', facts] = line.split('|')
      const name = `${track}|${key}`
      const at = seen.get(name) ?? this.#seen.get(name) ?? 0
      if (this.#oracle.lines.get(name)?.[at] !== said) return this.#differs(path, line, name, at)
      seen.set(name, at + 1)
      if (facts === undefined) continue
      const before = known.get(name) ?? this.#known.get(name) ?? 0
      const now = this.#knownRules(facts, before)
      if (now === undefined) {
        return new Difference(`${path}: ${line}: those are not the rules after the first ${before}`)
      }
      known.set(name, now)
    }
    for (const [name, count] of seen) this.#seen.set(name, count)
    for (const [name, count] of known) this.#known.set(name, count)
    this.#compared.set(path, Buffer.byteLength(text))
    this.linesCompared += lines.length
    return undefined
  }

  #knownRules(facts: string, before: number): number | undefined {
    const [known = Number.NaN, digest] = facts.split(' ').map(Number)
    return known >= before && this.#oracle.digest(known) === digest ? known : undefined
  }

  #differs(path: string, line: string, name: string, at: number): Difference {
    const lines = this.#oracle.lines.get(name) ?? []
    const said = line.split('|')[2] ?? ''
    const place = lines.indexOf(said)
    const what =
      place < 0
        ? 'which no undisturbed run writes'
        : place < at
          ? `which was line ${place + 1} of ${name} and is there already`
          : `which is line ${place + 1} of ${name}: ${place - at} before it are missing`
    return new Difference(
      `${path}: "${line}", ${what}; line ${at + 1} was to follow: "${lines[at] ?? 'nothing'}"`,
    )
  }
}

/** `…-<line>-<checkpoint>-<subtask>-<number>.txt` */
function subtaskOf(path: string): string {
  const [line = '', , subtask = ''] = basename(path).split('-').slice(-4)
  return `${line}-${subtask}`
}

/** In the order of their names; none if the folder is not there yet. */
function visibleFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .toSorted()
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}
