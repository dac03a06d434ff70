/**
 * The life of one job: its processes, its output, and what rounds do to them. A round begins and
 * ends with a process that was started to lead. What may die meanwhile is said by the round; every
 * other end of a process is a failure.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SeededRandom, type Random } from '../../src/util/random.ts'
import { type Difference, Follower } from './follower.ts'
import { changed, command, SIZE, startJob, type StartOptions } from './job-process.ts'
import { writeOrders } from './job/input.ts'
import { Oracle } from './oracle.ts'
import { Place } from './place.ts'
import type { Backend, LifePlan, RoundPlan } from './plan.ts'
import { endsWithin, pause, type RunningProcess, until, WAIT_MS_MAX } from './process.ts'
import { addOne, type Tally } from './tally.ts'

export const STARTED = 'millrace:job:started'
export const STANDING_BY = 'millrace:job:standing-by'
export const LOADED = 'millrace:state:loaded'
export const TAKING_OVER = 'millrace:job:taking-over'
const CHECKPOINT = 'millrace:checkpoint:completed'
/** A process that has come so far without dying at its point will not come to it. */
const POINT_CHECKPOINTS_MAX = 6
const FINISH_MS_MAX = 180_000
/** For how long a visible file may wait for one that goes before it, while the job runs. */
const LATE_MS_MAX = 5_000
const ENDING_MS_MAX = 10_000
const RESCALED_ONE_IN = 4

export class Life {
  readonly plan: LifePlan
  readonly place: Place
  readonly tally: Tally
  readonly #follower: Follower
  readonly #random: Random
  readonly #processes: RunningProcess[] = []
  readonly #standbys: RunningProcess[] = []
  #leader: RunningProcess | undefined
  #linesCounted = 0
  backend: Backend
  parallelism: number
  /** How the leader was started. */
  #how: Partial<StartOptions> = {}
  /** What follows the round under way. */
  next: RoundPlan | undefined

  constructor(plan: LifePlan, tally: Tally) {
    this.plan = plan
    this.tally = tally
    this.backend = plan.backend
    this.parallelism = plan.parallelism
    this.place = new Place(plan.hasSmallDisk)
    this.#random = new SeededRandom(plan.seed)
    writeOrders(this.place.input, plan.seed, SIZE)
    this.#follower = new Follower(this.place.output, new Oracle(plan.seed, SIZE))
  }

  get leader(): RunningProcess {
    if (this.#leader === undefined) throw new Error('no process has been started')
    return this.#leader
  }

  /** Whoever stood by leads now. */
  set leader(next: RunningProcess) {
    const at = this.#standbys.indexOf(next)
    if (at >= 0) this.#standbys.splice(at, 1)
    this.#leader = next
    this.#how = {}
  }

  /** The point at which the leader is going to die, if it was started for that. */
  get doomedAt(): string | undefined {
    return this.#how.killAt
  }

  /** The leader was started with slowed file calls. */
  get isSlow(): boolean {
    return this.#how.isSlow === true
  }

  get standbys(): readonly RunningProcess[] {
    return this.#standbys
  }

  /** Starts a process that is to lead; sometimes at another parallelism than the last one. */
  start(options: Partial<StartOptions> = {}): RunningProcess {
    if (this.#random.int(RESCALED_ONE_IN) === 0) this.change()
    this.#how = options
    this.#leader = this.#run(options)
    this.tally.restarts++
    return this.#leader
  }

  /** From the next start on the job runs at another parallelism. */
  change(): void {
    Object.assign(this, changed(this, this.#random))
  }

  /** One more process stands by when this resolves; it may be one that dies when it leads. */
  async standBy(options: Partial<StartOptions> = {}): Promise<RunningProcess> {
    const standby = this.#run({ ...options, flags: ['--standby'] })
    this.#standbys.push(standby)
    await standby.logged(STANDING_BY)
    return standby
  }

  /** Starts a process that is no standby while another one leads. */
  startRival(): RunningProcess {
    return this.#run({})
  }

  /** Those who stand by are killed: that must make no difference. */
  async dismissStandbys(): Promise<void> {
    for (const standby of this.#standbys.splice(0)) await this.kill(standby)
  }

  #run(options: Partial<StartOptions>): RunningProcess {
    const { backend, parallelism } = this
    const started = startJob(
      this.plan,
      this.place,
      { backend, parallelism, ...options },
      this.#random,
    )
    this.tally.processes++
    this.#processes.push(started)
    return started
  }

  /** Whether a process has said that the job has come to its end. */
  get hasFinished(): boolean {
    return this.#processes.some((each) => each.hasFinished)
  }

  /** Whether the job had come to its end already, though its process had not yet. */
  async finishesNow(): Promise<boolean> {
    if (this.#leader !== undefined) await endsWithin(this.#leader, ENDING_MS_MAX)
    return this.hasFinished
  }

  /** Resolves when the leader processes records. */
  async up(): Promise<RunningProcess> {
    await this.leader.logged(STARTED)
    return this.leader
  }

  async kill(process: RunningProcess): Promise<void> {
    if (!(await this.killUnlessEnded(process))) this.#requireKilled(process)
  }

  /** Kills a process that may just be ending by itself; true if it was killed. */
  async killUnlessEnded(process: RunningProcess): Promise<boolean> {
    process.kill('SIGKILL')
    await process.ended
    const isKilled = process.child.signalCode === 'SIGKILL'
    if (isKilled) this.tally.kills++
    return isKilled
  }

  /**
   * On a busy machine a leader may be slower than its lease: then who stands by succeeds it. And
   * the job may come to its end while it is about to be killed.
   */
  #requireKilled(process: RunningProcess): void {
    if (process.child.signalCode === 'SIGKILL') this.tally.kills++
    else if (!process.wasSuperseded && !process.hasFinished) {
      throw new Error(`${process.pid} ended by itself\n${process.tail}`)
    }
  }

  /** Waits until a process dies at its point; if that takes too long it is killed where it is. */
  async dieAt(process: RunningProcess, point: string, timeoutMs: number): Promise<void> {
    const name = point.split('#')[0] ?? point
    const endsMs = performance.now() + timeoutMs
    // A busy machine comes to it later: it counts how often the job came round.
    await until(
      `death at ${point}, or ${POINT_CHECKPOINTS_MAX} checkpoints`,
      () =>
        process.hasEnded ||
        (performance.now() > endsMs && process.count(CHECKPOINT) >= POINT_CHECKPOINTS_MAX),
    )
    if (process.hasEnded) {
      await process.ended
      this.#requireKilled(process)
      addOne(process.wasSuperseded ? this.tally.missed : this.tally.points, name)
      return
    }
    addOne(this.tally.missed, name)
    await this.kill(process)
  }

  command(...args: readonly string[]): Promise<RunningProcess> {
    return command(this.place, ...args)
  }

  /** Ids of the checkpoints that can be gone back to, newest first. */
  async checkpoints(): Promise<readonly number[]> {
    const { out } = await this.command('checkpoint', 'ls', 'chaos', '--json')
    // What `checkpoint ls --json` prints.
    const { checkpoints } = JSON.parse(out) as {
      checkpoints: readonly { checkpointId: number; leftBehind: boolean }[]
    }
    return checkpoints.filter((each) => !each.leftBehind).map((each) => each.checkpointId)
  }

  /** What is visible must be right now: nothing runs that might make a file visible. */
  checkQuiet(): void {
    const difference = this.#look()
    if (difference !== undefined) throw difference
  }

  /** The same while the job runs. */
  async check(): Promise<void> {
    const endsMs = performance.now() + LATE_MS_MAX
    for (;;) {
      const difference = this.#look()
      if (difference === undefined) return
      if (performance.now() > endsMs) throw difference
      await pause(20)
    }
  }

  #look(): Difference | undefined {
    const difference = this.#follower.look()
    this.tally.linesCompared += this.#follower.linesCompared - this.#linesCounted
    this.#linesCounted = this.#follower.linesCompared
    return difference
  }

  /** Output may have been taken back: all of it is read again. */
  rewind(): void {
    this.#follower.forget()
  }

  /** Resolves when more is visible than now, or the job has finished. */
  async progress(): Promise<void> {
    const { leader } = this
    await this.check()
    const { lines } = this.#follower
    await until(
      `more output of ${leader.pid}`,
      () => {
        if (leader.hasEnded && leader.child.exitCode !== 0 && !leader.wasSuperseded) {
          throw new Error(`${leader.pid} ended by itself\n${leader.tail}`)
        }
        this.#look()
        return this.hasFinished || this.#follower.lines > lines
      },
      WAIT_MS_MAX,
    )
    await this.check()
  }

  /** Lets the job come to its end at full speed, and compares all that it wrote. */
  async finish(): Promise<void> {
    await this.dismissStandbys()
    const last = await this.#startLast()
    if (!(await endsWithin(last, FINISH_MS_MAX))) {
      throw new Error(`${last.pid} has not finished after ${FINISH_MS_MAX} ms\n${last.tail}`)
    }
    const { code } = await last.ended
    if (code !== 0) throw new Error(`the last process ended with ${code}\n${last.tail}`)
    this.checkQuiet()
    this.#follower.requireComplete()
    this.#readStatus(last.out)
    this.tally.jobs++
  }

  /** The last round may have done so. */
  async #startLast(): Promise<RunningProcess> {
    if (this.#how.isFast === true) return this.leader
    if (!this.leader.hasEnded) await this.kill(this.leader)
    this.checkQuiet()
    return this.start({ isFast: true })
  }

  #readStatus(out: string): void {
    // What `run --json` prints at the end.
    const { outcome, status } = JSON.parse(out) as {
      outcome: string
      status: { backend: { evictions: number; prefetchedReads: number; coldReads: number } }
    }
    if (outcome !== 'finished') throw new Error(`the job is not finished but ${outcome}`)
    const { evictions, prefetchedReads, coldReads } = status.backend
    this.tally.evictions = Math.max(this.tally.evictions, evictions)
    this.tally.reads = Math.max(this.tally.reads, prefetchedReads + coldReads)
  }

  /** Ends what still runs. The folder stays if `keeps`, with the logs of all processes in it. */
  async close(keeps: boolean): Promise<void> {
    for (const each of this.#processes) if (!each.hasEnded) each.kill('SIGKILL')
    await Promise.all(this.#processes.map(({ ended }) => ended))
    if (!keeps) return this.place.remove()
    for (const [index, { args, pid, out, log }] of this.#processes.entries()) {
      const name = `${String(index).padStart(3, '0')}-${pid}.log`
      writeFileSync(join(this.place.logs, name), `millrace ${args.join(' ')}\n${log}${out}`)
    }
  }
}
