/**
 * Where in the sources a module failed: out of the stack of Node's error, or, where the stack does
 * not say, by letting a fresh Node load the module and reading what it prints.
 */
import { fileURLToPath, pathToFileURL } from 'node:url'

export interface Position {
  readonly file: string
  readonly line?: number | undefined
  readonly column?: number | undefined
}

/** What is known of one failure, in the order in which the explanations look at it. */
export interface Failure {
  readonly error: unknown
  readonly message: string
  /** Node's code, or empty. */
  readonly code: string
  /** The job's own module. */
  readonly jobFile: string
}

/** Where, why, and what to do. */
export interface Explanation {
  readonly position: Position
  readonly problem: string
  readonly cure: string
}

const syntaxCheckTimeoutMs = 10_000

/** From the head that Node puts before the stack of a syntax error: `file:///job.ts:3`. */
export function headerPosition(error: unknown): Position | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  return positionIn(stack.slice(0, stack.indexOf('\n')))
}

/** The innermost frame of an error that lies in a file rather than in Node. */
export function firstFrame(error: unknown): Position | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  for (const line of stack.split('\n')) {
    const match = /^\s+at .*?(file:\/\/\/\S+?):(\d+):(\d+)\)?$/.exec(line)
    if (match?.[1] === undefined) continue
    return { file: fileURLToPath(match[1]), line: Number(match[2]), column: Number(match[3]) }
  }
  return undefined
}

/**
 * The position of a syntax error in a module or its imports. Nothing of the module runs: linking
 * fails before the first line is evaluated.
 */
export async function findSyntaxError(jobFile: string): Promise<Position | undefined> {
  const program = `import ${JSON.stringify(pathToFileURL(jobFile).href)}`
  const flags = process.execArgv.filter((flag) => /^(?:-C|--conditions)/.test(flag))
  const args = [...flags, '--input-type=module', '--eval', program]
  const { execFile } = await import('node:child_process')
  return await new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: syntaxCheckTimeoutMs }, (error, _out, text) => {
      resolve(error === null ? undefined : positionIn(text.slice(0, text.indexOf('\n'))))
    })
  })
}

function positionIn(line: string): Position | undefined {
  const url = /^(file:\/\/\/\S+?):(\d+)$/.exec(line)
  if (url?.[1] !== undefined) return { file: fileURLToPath(url[1]), line: Number(url[2]) }
  const path = /^(\/.+|[A-Za-z]:\\.+):(\d+)$/.exec(line)
  return path?.[1] === undefined ? undefined : { file: path[1], line: Number(path[2]) }
}
