/**
 * Runs the cells: in each round every contender once, in turns, so that what the machine does
 * besides meets all of them. A run whose output is not that of the loop by hand voids its
 * contender, and the cell.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { textFolder, wordsOf } from '../jobs/words.ts'
import { eventFile } from '../nexmark/event-file.ts'
import type { Output } from './checksum.ts'
import { isNexmark } from './contract.ts'
import type { Cell, CellResult, Contender, Engine, Measured, Runs, Task } from './contract.ts'
import { drawingOf, drawnFile, memoryMbFor } from './drawn-keys.ts'
import type { Flink } from './flink.ts'
import { start } from './start.ts'

export interface Comparison {
  readonly rounds: number
  /** Instead of the cell's own number. */
  readonly records?: number
  readonly checkpointSeconds: number
  /** Undefined: Flink is passed over. */
  readonly flink: Flink | undefined
  /** Told what runs now. */
  readonly onRun: (what: string) => void
}

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))

/** Flink has compiled by then what it will. Words and events are always all of a file. */
const WARM_UP_RECORDS = 2_000_000
/** Of a cell with measures, one record in so many. */
const WARM_UP_ONE_IN = 20

export async function compare(cell: Cell, comparison: Comparison): Promise<CellResult> {
  const { rounds, flink, onRun } = comparison
  const entrants: Entrant[] = []
  for (const contender of cell.contenders) {
    if (contender.engine === 'flink' && flink === undefined) continue
    entrants.push(await Entrant.of(cell, contender, comparison))
  }
  const expected = new Expected()
  for (const { task } of entrants) {
    if (isNexmark(cell.work) || cell.work === 'latency') continue
    onRun(`${cell.name}: what must come out of ${task.records} records`)
    await expected.of(task, task.records)
  }
  for (const entrant of entrants) {
    if (entrant.contender.engine !== 'flink' || hasOwnWarmUp(cell)) continue
    onRun(`${cell.name}: warm-up, ${entrant.contender.name}`)
    await entrant.warmUp(cell, flink)
  }
  for (let round = 1; round <= rounds; round++) {
    for (const entrant of entrants) {
      onRun(`${cell.name}: round ${round} of ${rounds}, ${entrant.contender.name}`)
      await entrant.run(expected, flink)
    }
  }
  return { cell, runs: entrants.map((entrant) => entrant.result()) }
}

/**
 * A process is cold when it starts; before latency comes the peak, and before sums of more than
 * memory holds comes their loading.
 */
const hasOwnWarmUp = ({ work }: Cell): boolean =>
  work === 'start' || work === 'latency' || drawingOf(work) !== undefined

/** What must come out, by number of records; of a query, which has no loop, what comes first. */
class Expected {
  readonly #known = new Map<number, Measured>()

  async of(task: Task, records: number, first?: Measured): Promise<Measured> {
    const known = this.#known.get(records)
    if (known !== undefined) return known
    const alone = { ...task, records, backend: 'memory', parallelism: 1 } as const
    const isFirst = isNexmark(task.work) && first !== undefined
    const wanted = isFirst ? first : await execute('by-hand', alone, undefined)
    this.#known.set(records, wanted)
    return wanted
  }
}

/** A contender in a cell. */
class Entrant {
  readonly contender: Contender
  readonly task: Task
  readonly #rounds: Measured[] = []
  #problem: string | undefined

  private constructor(contender: Contender, task: Task) {
    this.contender = contender
    this.task = task
  }

  static async of(cell: Cell, contender: Contender, comparison: Comparison): Promise<Entrant> {
    const { work, keys } = cell
    const { backend, parallelism, oneIn = 1 } = contender
    const isText = work === 'words'
    const all = work === 'start' ? cell.records : (comparison.records ?? cell.records)
    const wanted = Math.ceil(all / oneIn)
    const records = isText ? wordsOf(wanted) : wanted
    const drawing = drawingOf(work)
    const input = isText
      ? await textFolder(wanted)
      : isNexmark(work)
        ? await eventFile(all)
        : drawing !== undefined
          ? drawnFile(drawing, records)
          : ''
    const { checkpointSeconds } = comparison
    const task = { work, records, keys, backend, parallelism, checkpointSeconds, input }
    if (drawing === undefined) return new Entrant(contender, task)
    return new Entrant(contender, { ...task, memoryMb: memoryMbFor(records) })
  }

  async warmUp({ work, measures }: Cell, flink: Flink | undefined): Promise<void> {
    const { records } = this.task
    const isOfFile = work === 'words' || isNexmark(work)
    const few =
      measures === undefined
        ? Math.min(records, WARM_UP_RECORDS)
        : Math.ceil(records / WARM_UP_ONE_IN)
    const fewer = isOfFile ? records : few
    await this.#attempt(async () => {
      await flink?.run({ ...this.task, records: fewer })
    })
  }

  async run(expected: Expected, flink: Flink | undefined): Promise<void> {
    const { engine, isBatched = false } = this.contender
    await this.#attempt(async () => {
      const measured = await execute(engine, this.task, flink)
      const { records = this.task.records } = measured
      const wanted = await expected.of(this.task, records, measured)
      this.#problem = whyVoid(measured.output, isBatched ? wanted.last : wanted.output)
      this.#rounds.push(measured)
    })
  }

  /** After a failure nothing more is tried. */
  async #attempt(action: () => Promise<void>): Promise<void> {
    if (this.#problem !== undefined) return
    try {
      await action()
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error)
    }
  }

  result(): Runs {
    const { contender, task } = this
    const runs = { contender, records: task.records, rounds: this.#rounds }
    return this.#problem === undefined ? runs : { ...runs, problem: this.#problem }
  }
}

/** Why an output is not the one that is wanted; undefined if it is. */
export function whyVoid(output: Output, wanted: Output | undefined): string | undefined {
  if (output.count === wanted?.count && output.checksum === wanted.checksum) return undefined
  const shown = (of: Output | undefined) => `${of?.count ?? 0} records, checksum ${of?.checksum}`
  return `void: its output is ${shown(output)}; it must be ${shown(wanted)}`
}

/**
 * Whether the built package is measured, as users have it, and no sources: where the time that it
 * takes to load counts.
 */
export function isOfPackage(work: Task['work']): boolean {
  return work === 'start' || work === 'snapshots'
}

async function execute(engine: Engine, task: Task, flink: Flink | undefined): Promise<Measured> {
  if (task.work === 'start') return start(engine, flink?.classPath)
  if (engine !== 'flink') return inChild(engine, task)
  if (flink === undefined) throw new Error('Flink was not started')
  return flink.run(task)
}

function inChild(engine: string, task: Task): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const isMeant = (argument: string): boolean =>
      !isOfPackage(task.work) || argument !== '--conditions=millrace-source'
    const execArgv = ['--max-old-space-size=8192', ...process.execArgv.filter(isMeant)]
    const child = fork(CHILD, [engine, JSON.stringify(task)], { execArgv })
    let measured: Measured | undefined
    // The child sends nothing else.
    child.on('message', (message) => (measured = message as Measured))
    child.on('error', reject)
    child.on('exit', (code) => {
      if (code === 0 && measured !== undefined) resolve(measured)
      else reject(new Error(`the process of ${engine} ended with ${code}`))
    })
  })
}
