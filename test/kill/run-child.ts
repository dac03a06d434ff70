/** Runs the child process once, to its end or to its death. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface ChildOptions {
  readonly directory: string
  readonly parallelism: number
  readonly backend: string
  readonly memory: string
  readonly unaligned: 'auto' | 'always'
  readonly timeoutMs: number
  readonly killAfterMs?: number
  /** `point#n`, see `src/runtime/kill-points.ts`. */
  readonly killAt?: string
}

export interface ChildResult {
  readonly wasKilled: boolean
  readonly evictions: number
  readonly reads: number
}

interface Fact {
  readonly error?: string
  readonly outcome?: string
  readonly state?: { evictions: number; prefetchedReads: number; coldReads: number }
}

export async function runChild(options: ChildOptions): Promise<ChildResult> {
  const { directory, parallelism, backend, memory, unaligned } = options
  const { timeoutMs, killAfterMs, killAt } = options
  const child = spawn(
    process.execPath,
    [
      '--conditions=millrace-source',
      fileURLToPath(new URL('./child.ts', import.meta.url)),
      directory,
      String(parallelism),
      backend,
      memory,
      unaligned,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...(killAt === undefined ? {} : { MILLRACE_TEST_KILL_AT: killAt }) },
    },
  )
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  let isHanging = false
  const killer =
    killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const watchdog = setTimeout(() => {
    isHanging = true
    child.kill('SIGKILL')
  }, timeoutMs)
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on('close', (code, by) => resolve([code, by])),
  )
  clearTimeout(killer)
  clearTimeout(watchdog)
  const facts = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Fact) // written by child.ts in this shape
  const wasKilled = signal === 'SIGKILL'
  if (isHanging || (!wasKilled && (exitCode !== 0 || facts.at(-1)?.outcome !== 'finished'))) {
    const how = isHanging ? `hung for ${timeoutMs} ms` : `ended with ${exitCode ?? signal}`
    throw new Error(`the job in ${directory} ${how}${killAt ?? ''}:\n${output}${errors}`)
  }
  const state = facts.at(-1)?.state
  return {
    wasKilled,
    evictions: state?.evictions ?? 0,
    reads: (state?.prefetchedReads ?? 0) + (state?.coldReads ?? 0),
  }
}
