/** Real processes that run or stand by for the watched job, as a user starts them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RunningProcess, until } from '../chaos/process.ts'
import { visibleLines } from './watched-output.ts'

const jobModule = join(import.meta.dirname, 'watched-job.ts')

export interface Options {
  readonly rate: number
  readonly lease: string
  readonly interval: string
  readonly parallelism?: number
  /** Where checkpoints are kept; default: beside all else. */
  readonly storage?: string
  /** Another job, which writes the same lines. */
  readonly job?: string
  /** Of each start; by default state is in memory. */
  readonly flags?: readonly string[]
}

/** One job in a folder of its own, and the processes for it. */
export class Watched {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'mr-takeover-'))
  readonly output = join(this.folder, 'output')
  readonly directory = join(this.folder, 'millrace')
  readonly #options: Options
  readonly #processes: RunningProcess[] = []

  constructor(options: Options) {
    this.#options = options
  }

  /** The folder of local files may be another one, as on another machine. */
  run(
    flags: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
    directory: string = this.directory,
  ): RunningProcess {
    const { rate, lease, interval, parallelism = 1 } = this.#options
    const { storage = join(this.folder, 'checkpoints'), job = jobModule } = this.#options
    const { flags: always = ['--backend', 'hashmap'] } = this.#options
    const started = new RunningProcess(
      [
        'run',
        job,
        '--param',
        `output=${this.output}`,
        '--param',
        `rate=${rate}`,
        '--parallelism',
        String(parallelism),
        '--directory',
        directory,
        ...always,
        '--set',
        `checkpointing.storage=${storage}`,
        '--set',
        `checkpointing.interval=${interval}`,
        '--set',
        `highAvailability.lease=${lease}`,
        ...flags,
      ],
      { environment },
    )
    this.#processes.push(started)
    return started
  }

  async standby(
    environment: Readonly<Record<string, string>> = {},
    directory: string = this.directory,
  ): Promise<RunningProcess> {
    const started = this.run(['--standby'], environment, directory)
    await started.logged('millrace:job:standing-by')
    return started
  }

  /** Another command of the CLI on this job. */
  async command(...args: readonly string[]): Promise<RunningProcess> {
    return await this.commandIn(this.directory, ...args)
  }

  /** The same on another machine. */
  async commandIn(directory: string, ...args: readonly string[]): Promise<RunningProcess> {
    const called = new RunningProcess([...args, '--directory', directory])
    await called.ended
    return called
  }

  /** Resolves when so many more lines are visible than now. */
  async more(lines: number): Promise<void> {
    const before = visibleLines(this.output).length
    await until(`${lines} more lines`, () => visibleLines(this.output).length >= before + lines)
  }

  /** Ends what still runs, and deletes the folder. */
  async close(): Promise<void> {
    for (const each of this.#processes) if (!each.hasEnded) each.kill('SIGKILL')
    await Promise.all(this.#processes.map(({ ended }) => ended))
    rmSync(this.folder, { recursive: true, force: true })
  }
}
