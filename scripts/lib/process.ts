// Starting other programs from the scripts: always by path and with the Node that runs us, so that
// nothing depends on which `node` a shell would find first. What they print is kept and shown only
// if they fail: then in full.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** A step of the gate failed for a reason that the message tells whole; no stack is needed. */
export class StepFailed extends Error {}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly timeoutMs?: number
  /** Aborting it ends the program. */
  readonly signal?: AbortSignal
}

/**
 * Runs a program to its end and returns what it printed on stdout.
 *
 * @throws StepFailed with all that it printed unless it exits with 0.
 */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { cwd = root, env = process.env, timeoutMs = 600_000, signal } = options
  return new Promise((done, failed) => {
    const child = spawn(command, args, { cwd, env, signal, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    // Errors go the way of the output, so that what is shown keeps their order.
    let everything = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      everything += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (everything += text))
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    child.on('error', failed)
    child.on('close', (code, killedBy) => {
      clearTimeout(timer)
      if (code === 0) return done(output)
      const shown = [command, ...args].join(' ').replaceAll(root + '/', '')
      failed(new StepFailed(`${everything}${shown}\nended with ${killedBy ?? `exit code ${code}`}`))
    })
  })
}

/** Runs a file of the repository, or a program's script, with the Node that runs us. */
export function runNode(args: readonly string[], options?: RunOptions): Promise<string> {
  return run(process.execPath, args, options)
}

/** The script behind a command that a development dependency brings. */
export function tool(packageName: string, command: string): string {
  const folder = join(root, 'node_modules', packageName)
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  // A package.json is data from outside; only the two shapes that npm allows are taken.
  const { bin } = manifest as { bin?: string | Record<string, string> }
  const script = typeof bin === 'string' ? bin : bin?.[command]
  if (script === undefined) throw new StepFailed(`${packageName} brings no command ${command}`)
  return join(folder, script)
}

/** Runs npm, with the one that called us where there is one. */
export function runNpm(args: readonly string[], options?: RunOptions): Promise<string> {
  const npm = process.env['npm_execpath']
  if (npm?.endsWith('.js')) return runNode([npm, ...args], options)
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, options)
}
