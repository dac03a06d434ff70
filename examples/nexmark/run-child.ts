// Runs a query in a process of its own, to its end or until it is killed: the child says when it is
// half way and has a checkpoint to go on from, and says at last how it ended.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ChildJob, ChildSaying } from './child.ts'

const timeoutMs = 300_000

export interface ChildResult {
  readonly wasKilled: boolean
  /** The checkpoint it went on from; 0 if there was none. */
  readonly restoredFrom: number
}

export async function runChild(
  job: ChildJob & { readonly isKilled: boolean },
): Promise<ChildResult> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=millrace-source',
      fileURLToPath(new URL('./child.ts', import.meta.url)),
      JSON.stringify(job),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const watchdog = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (job.isKilled && output.includes('"half"')) child.kill('SIGKILL')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const signal = await new Promise<string | null>((resolve) =>
    child.on('close', (_code, by) => resolve(by)),
  )
  clearTimeout(watchdog)
  // Whole lines only: a killed child may leave half of one. They are what child.ts says.
  const sayings = output
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as ChildSaying)
  const start = sayings.find((saying) => saying.what === 'started')
  const wasKilled = signal === 'SIGKILL' && job.isKilled
  if (!wasKilled && sayings.at(-1)?.what !== 'finished') {
    throw new Error(`${job.query} in ${job.directory} failed:\n${output}${errors}`)
  }
  return { wasKilled, restoredFrom: start?.restoredFrom ?? 0 }
}
