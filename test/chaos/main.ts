/**
 * Chaos with real processes: `npm run chaos -- --help`. Jobs live side by side, each disturbed
 * round by round as the plan says; after every round what is visible is compared with the oracle,
 * and at the end of each job all of it.
 */
import { Difference } from './follower.ts'
import { Life } from './life.ts'
import { LiveLine } from './live.ts'
import { type ChaosOptions, help, parseOptions } from './options.ts'
import { type LifePlan, lives, type RoundPlan } from './plan.ts'
import { asJson, record, type Result, summary, table } from './report.ts'
import { DISTURB } from './rounds/index.ts'
import { startForNext } from './rounds/kills.ts'
import { Skipped } from './rounds/round.ts'
import { addOne, Tally } from './tally.ts'

class Chaos {
  readonly #options: ChaosOptions
  readonly #tally = new Tally()
  readonly #live: LiveLine
  readonly #plans: Iterator<LifePlan, never>
  /** Lives that are under way. */
  readonly #open = new Set<Life>()
  readonly failures: string[] = []

  constructor(options: ChaosOptions) {
    this.#options = options
    this.#live = new LiveLine(this.#tally, options.rounds)
    this.#plans = lives(options)
  }

  async run(): Promise<Result> {
    const { jobs, life } = this.#options
    const count = life === undefined ? jobs : 1
    await Promise.all(Array.from({ length: count }, () => this.#lives()))
    this.#live.end()
    const { failures } = this
    const { elapsedSeconds } = this.#live
    return { options: this.#options, tally: this.#tally, failures, elapsedSeconds }
  }

  /** One life after the other, until there were rounds enough. */
  async #lives(): Promise<void> {
    const { life, rounds, minutes } = this.#options
    if (life !== undefined) {
      let plan = this.#plans.next().value
      while (plan.index < life) plan = this.#plans.next().value
      return this.#lead(plan)
    }
    while (this.failures.length === 0 && this.#tally.roundsOver < rounds) {
      if (this.#live.elapsedSeconds > minutes * 60) return
      await this.#lead(this.#plans.next().value)
    }
  }

  async #lead(plan: LifePlan): Promise<void> {
    const life = new Life(plan, this.#tally)
    this.#open.add(life)
    let doing = 'start'
    try {
      life.next = plan.rounds[0]
      startForNext(life)
      for (const [index, round] of plan.rounds.entries()) {
        if (this.#isEnough(plan) || life.hasFinished) break
        doing = `round ${index + 1}, ${round.kind}`
        this.#live.doing(plan.index, doing)
        life.next = plan.rounds[index + 1]
        await this.#round(life, round)
      }
      doing = 'finish'
      this.#live.doing(plan.index, doing)
      await life.finish()
      await life.close(false)
      const { backend, parallelism, hasSmallDisk } = plan
      const disk = hasSmallDisk ? ', on a small disk' : ''
      this.#live.ended(plan.index, `(began as ${backend} × ${parallelism}${disk}): exact`)
    } catch (error) {
      await life.close(true)
      this.failures.push(this.#describe(life, doing, error))
      this.#live.ended(plan.index, `failed in ${doing}`)
    } finally {
      this.#open.delete(life)
    }
  }

  /** Leaves no process and no disk behind. */
  async interrupt(): Promise<void> {
    this.#live.end()
    await Promise.all([...this.#open].map((life) => life.close(false)))
  }

  #isEnough({ index }: LifePlan): boolean {
    const { life, rounds } = this.#options
    if (life === index) return false
    return this.failures.length > 0 || this.#tally.roundsOver >= rounds
  }

  async #round(life: Life, round: RoundPlan): Promise<void> {
    try {
      await DISTURB[round.kind](life, round)
      await life.check()
    } catch (error) {
      if (error instanceof Skipped) return addOne(this.#tally.skipped, error.message)
      // The input came to its end in the middle of the round: the rest of the life tells.
      if (error instanceof Difference || !(await life.finishesNow())) throw error
    }
    addOne(this.#tally.rounds, round.kind)
  }

  #describe({ plan, place, backend, parallelism }: Life, doing: string, error: unknown): string {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const again = ['npm run chaos --', `--seed ${this.#options.seed} --life ${plan.index}`]
    return [
      `life ${plan.index} (now ${backend} × ${parallelism}) failed in ${doing}:`,
      what,
      `again: ${[...again, ...this.#options.given].join(' ')}`,
      `output, checkpoints and logs of all its processes are in ${place.folder}`,
      ...(place.isSmall === true ? [`and on a disk: umount ${place.disk}`] : []),
    ].join('\n')
  }
}

async function main(): Promise<number> {
  let options: ChaosOptions | undefined
  try {
    options = parseOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`chaos: ${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
  if (options === undefined) {
    process.stdout.write(help())
    return 0
  }
  const chaos = new Chaos(options)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void chaos.interrupt().finally(() => process.exit(1)))
  }
  const result = await chaos.run()
  const { tally, failures } = result
  const hadRocksdb = tally.jobs >= 6 && options.backends.includes('rocksdb')
  if (failures.length === 0 && hadRocksdb && tally.evictions + tally.reads === 0) {
    failures.push('the state was meant to be larger than memory, but no row was read back')
  }
  if (options.record) record(result)
  process.stdout.write(
    options.json ? `${asJson(result)}\n` : `${table(result)}\n${summary(result)}\n`,
  )
  for (const failure of failures) process.stderr.write(`\n${failure}\n`)
  return failures.length === 0 ? 0 : 1
}

process.exitCode = await main()
