/** Hunts for one planted bug in a process of its own: seed by seed, until one fails. */
import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { SeedResult } from '../cli/seed-result.ts'
import { classOf } from './problem-class.ts'

type Told = Pick<SeedResult, 'failure' | 'virtualMs'>

export interface HuntOptions {
  readonly first: number
  readonly last: number
  /** Asked after each seed: whether another one may begin. */
  readonly mayGoOn: () => boolean
}

export interface Hunt {
  /** Seeds that were run, the one that has caught it included. */
  readonly seeds: number
  readonly caught: Catch | undefined
  readonly virtualMs: number
  readonly realMs: number
}

export interface Catch {
  readonly seed: number
  /** What was violated, in words that are equal for equal kinds. */
  readonly class: string
  readonly failure: string
}

/** A seed takes a fraction of a second: a process that is silent for so long hangs. */
const SILENCE_MS_MAX = 120_000
const HEAP_MB = 1_536
const STDERR_MAX = 4_000

/**
 * Looks for the bug of this name; for any at all in the sound engine if it is undefined.
 *
 * @throws if its text is not in the source, or no process can be started.
 */
export function hunt(name: string | undefined, options: HuntOptions): Promise<Hunt> {
  return new Promise((resolve, reject) => {
    const { first, last, mayGoOn } = options
    const startMs = performance.now()
    const execArgv = ['--conditions=millrace-source', `--max-old-space-size=${HEAP_MB}`]
    const args = [name ?? '-', String(first), String(last)]
    const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const
    const file = join(import.meta.dirname, 'hunter.ts')
    const child = fork(file, args, { execArgv, stdio: [...stdio] })
    let [seeds, virtualMs, stderr] = [0, 0, '']
    let isStopped = false
    let failure: string | undefined
    const hangs = (): void => {
      failure ??= `no end: its process has said nothing for ${SILENCE_MS_MAX / 1_000} s`
      child.kill('SIGKILL')
    }
    let watch = setTimeout(hangs, SILENCE_MS_MAX)
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-STDERR_MAX)
    })
    child.on('message', (message) => {
      const told = message as Told // the hunter sends nothing else
      clearTimeout(watch)
      watch = setTimeout(hangs, SILENCE_MS_MAX)
      seeds++
      virtualMs += told.virtualMs
      failure ??= told.failure
      if (failure !== undefined || mayGoOn()) return
      isStopped = true
      child.kill('SIGKILL')
    })
    child.on('error', reject)
    child.on('exit', (code) => {
      clearTimeout(watch)
      if (code !== 0 && stderr.includes('planted bug "')) return reject(new Error(stderr))
      const isLost = code !== 0 && !isStopped
      if (isLost) seeds++ // the one that took its process with it
      if (isLost) failure ??= `the process ended: ${lastError(stderr)}`
      const realMs = performance.now() - startMs
      const caught =
        failure === undefined
          ? undefined
          : { seed: first + seeds - 1, class: classOf(failure), failure }
      resolve({ seeds, caught, virtualMs, realMs })
    })
  })
}

function lastError(stderr: string): string {
  const lines = stderr.trim().split('\n')
  return lines.find((line) => /Error|FATAL/.test(line)) ?? lines.at(-1) ?? ''
}
