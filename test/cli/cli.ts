/**
 * Runs command lines for the tests: in this process with a terminal that records, or as the real
 * program in a process of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from '../../src/cli/main.ts'
import type { Terminal } from '../../src/cli/terminal.ts'

export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export const jobsFolder = join(import.meta.dirname, 'jobs')
const bin = join(import.meta.dirname, '../../src/cli/bin.ts')

/** A folder of its own for a test file; `remove` it afterwards. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'mr-cli-')))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Performs a command line in this process, started in `folder`. */
export async function perform(
  folder: string,
  args: readonly string[],
  changes: Partial<Terminal> = {},
): Promise<Outcome> {
  let [out, err] = ['', '']
  const terminal: Terminal = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    beforeOut: () => () => undefined,
    outIsTty: false,
    errIsTty: false,
    columns: 80,
    color: false,
    environment: {},
    workingDirectory: folder,
    ...changes,
  }
  const code = await main(args, terminal)
  return { code, out, err }
}

/** Starts the real program. */
export function start(
  folder: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): { readonly child: ChildProcess; readonly ended: Promise<Outcome> } {
  // The cache only makes the start faster; a shell's other variables are kept out.
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const child = spawn(process.execPath, ['--conditions=millrace-source', bin, ...args], {
    cwd: folder,
    env: { PATH, NODE_COMPILE_CACHE, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = new Promise<Outcome>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }))
  })
  return { child, ended }
}
