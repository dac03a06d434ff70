/** A real process of the command line, as a user starts it, with all that it says. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const bin = join(import.meta.dirname, '../../src/cli/bin.ts')
/** As `scripts/start.mjs` has it: removing types takes most of a short program's time. */
const compileCache = join(import.meta.dirname, '../../node_modules/.cache/node')
const quickStart = join(import.meta.dirname, 'hooks/quick-start.ts')
const POLL_MS = 15
const TAIL_LENGTH = 6_000

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ProcessOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** Modules that are loaded before the program, as by `--import`. */
  readonly imports?: readonly string[]
  /** Limits the number of open files. */
  readonly handles?: number
}

export class RunningProcess {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** What it wrote to standard output. */
  out = ''
  /** That, and what it wrote to standard error. */
  log = ''

  readonly args: readonly string[]

  /** `args` are those of `millrace`. */
  constructor(args: readonly string[], options: ProcessOptions = {}) {
    const { environment = {}, imports = [], handles } = options
    this.args = args
    const flags = [
      '--conditions=millrace-source',
      ...[quickStart, ...imports].map((path) => `--import=${path}`),
    ]
    const command = [process.execPath, ...flags, bin, ...args]
    // `exec` keeps the process: signals reach the program.
    const limited = ['/bin/sh', '-c', `ulimit -n ${handles}; exec "$@"`, 'sh']
    const [file = '', ...rest] = handles === undefined ? command : [...limited, ...command]
    this.child = spawn(file, rest, {
      env: { NODE_COMPILE_CACHE: compileCache, ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text
      this.log += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.log += text))
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => resolve({ code, signal }))
    })
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** It has said that the job has come to its end. */
  get hasFinished(): boolean {
    return this.child.exitCode === 0 && this.out.includes('"outcome":"finished"')
  }

  /** Another process has taken over from it. */
  get wasSuperseded(): boolean {
    return this.child.exitCode === 1 && this.log.includes('LEADERSHIP_LOST')
  }

  /** How often the log has this event. */
  count(event: string): number {
    return this.log.split(`"event":"${event}"`).length - 1
  }

  has(event: string): boolean {
    return this.log.includes(`"event":"${event}"`)
  }

  /** Resolves when the log has this event. */
  async logged(event: string, timeoutMs?: number): Promise<void> {
    await until(
      `${event} in the log of ${this.pid}`,
      () => {
        if (this.has(event)) return true
        if (this.hasEnded) throw new Error(`${this.pid} ended before ${event}:\n${this.tail}`)
        return false
      },
      timeoutMs,
    )
  }

  /** What it said last. */
  get tail(): string {
    return this.log.slice(-TAIL_LENGTH)
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }
}

/** A busy machine is slow; nothing that works takes so long. */
export const WAIT_MS_MAX = 180_000

/** Resolves when it is so; fails, saying what was waited for, when that takes too long. */
export async function until(
  what: string,
  isTrue: () => boolean,
  timeoutMs: number = WAIT_MS_MAX,
): Promise<void> {
  const endsMs = performance.now() + timeoutMs
  while (!isTrue()) {
    if (performance.now() > endsMs) throw new Error(`no ${what} after ${timeoutMs} ms`)
    await pause(POLL_MS)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}

/** Resolves to whether it ended in time. */
export async function endsWithin(process: RunningProcess, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const isLate = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, ms, false)))
  const ended = process.ended.then(() => true)
  // A timer that is left would keep this process alive.
  return Promise.race([ended, isLate]).finally(() => clearTimeout(timer))
}
