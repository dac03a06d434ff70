/**
 * Which files of the engine the seeds have run, and which of their functions: counted by V8 in the
 * processes that ran them, added up here. What no seed runs, the simulator proves nothing of.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = join(import.meta.dirname, '../..')

export interface ProductionFile {
  /** From the root of the repository. */
  readonly file: string
  readonly isLoaded: boolean
  /** Functions it has, as far as V8 has seen them. */
  readonly functions: number
  readonly executed: number
}

/** What a process writes if NODE_V8_COVERAGE is set, as far as it is read here. */
interface Coverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly {
      readonly functionName: string
      readonly ranges: readonly { readonly startOffset: number; readonly count: number }[]
    }[]
  }[]
}

/** Adds up what processes have written into a folder, for all files under src that hold code. */
export function productionFiles(folder: string): readonly ProductionFile[] {
  const seen = new Map<string, Map<string, boolean>>()
  for (const name of readdirSync(folder)) {
    // Written by Node itself, in the format of the inspector.
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Coverage
    for (const { url, functions } of result) {
      const known = seen.get(url) ?? new Map<string, boolean>()
      seen.set(url, known)
      for (const { functionName, ranges } of functions) {
        const { startOffset = 0, count = 0 } = ranges[0] ?? {}
        // What has no name at the beginning is the module itself.
        if (functionName === '' && startOffset === 0) continue
        const key = `${functionName} ${startOffset}`
        known.set(key, known.get(key) === true || count > 0)
      }
    }
  }
  return sourceFiles('src').flatMap((file): readonly ProductionFile[] => {
    const known = seen.get(pathToFileURL(join(ROOT, file)).href)
    if (!hasCode(file)) return []
    if (known === undefined) return [{ file, isLoaded: false, functions: 0, executed: 0 }]
    const executed = [...known.values()].filter(Boolean).length
    return [{ file, isLoaded: true, functions: known.size, executed }]
  })
}

/** A line for each room, and the files of which nothing was run. */
export function filesTable(files: readonly ProductionFile[]): string {
  const lines = ['', 'production files that the seeds have run, and their functions']
  for (const [room, ofRoom] of Map.groupBy(files, roomOf)) {
    const { ran, functions, executed } = summed(ofRoom)
    const share = functions === 0 ? '-' : `${Math.round((100 * executed) / functions)} %`
    lines.push(
      `${`${ran} of ${ofRoom.length}`.padStart(11)} files` +
        `${`${executed} of ${functions}`.padStart(14)} functions ${share.padStart(6)}  ${room}`,
    )
  }
  const never = files.filter((file) => !wasRun(file)).map(({ file }) => file)
  return [...lines, '', 'never run:', ...never.map((file) => `  ${file}`)].join('\n')
}

export function summed(files: readonly ProductionFile[]) {
  return {
    ran: files.filter(wasRun).length,
    functions: files.reduce((sum, { functions }) => sum + functions, 0),
    executed: files.reduce((sum, { executed }) => sum + executed, 0),
  }
}

/** A file without functions is run when it is loaded. */
export function wasRun({ isLoaded, functions, executed }: ProductionFile): boolean {
  return isLoaded && (functions === 0 || executed > 0)
}

/** `src/state`, or `src` for what lies in it. */
export function roomOf({ file }: ProductionFile): string {
  return file.split('/').slice(0, -1).slice(0, 2).join('/')
}

function sourceFiles(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return sourceFiles(path)
    return path.endsWith('.ts') ? [path] : []
  })
}

/** False for files of types, and for lists of what others export. */
function hasCode(file: string): boolean {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return /^(export )?(async |abstract )*(function|class|const|let) |^await /m.test(text)
}
