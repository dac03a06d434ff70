/**
 * Millrace's checkpoints of much state, a savepoint of it, and what is restored from them, on as
 * many and on twice as many workers. `bench/flink/Snapshots.java` does the same, step by step.
 */
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type JobHandle, run } from 'millrace'
import { inFolder, median, until } from '../lib.ts'
import { CHANNEL, type Order, ORDERS, type Told } from '../jobs/snapshots.ts'
import { Listener, tell } from '../jobs/probe.ts'
import { builtJob } from './built-job.ts'
import { outputOf, type Tally } from './checksum.ts'
import type { Measured, Task } from './contract.ts'
import { stopwatch } from './stopwatch.ts'
import { questionsOf, TURNS } from './texts.ts'

/** Without a checkpoint. */
const QUIET_MS = 1_000

type Answers = Extract<Told, { kind: 'answers' }>

export async function snapshots(unbuilt: Task): Promise<Measured> {
  const job = await builtJob(new URL('../jobs/snapshots.ts', import.meta.url))
  const task = { ...unbuilt, job }
  const stop = stopwatch()
  return await inFolder(async (directory) => {
    const taken = await take(task, directory)
    const restored = await ask(task, directory, task.parallelism)
    const rescaled = await ask(task, directory, 2 * task.parallelism)
    const measures = {
      ...taken,
      restored: restored.firstMs,
      'restored-all': restored.allMs,
      rescaled: rescaled.firstMs,
      'rescaled-all': rescaled.allMs,
    }
    const output = outputOf([...restored.tallies, ...rescaled.tallies])
    return { ...stop(), output, measures }
  })
}

/** What the job is compared with is compiled before, too. */
interface BuiltTask extends Task {
  readonly job: URL
}

function start(task: BuiltTask, directory: string, parallelism: number): Promise<JobHandle> {
  return run(task.job, {
    params: { keys: task.records },
    directory,
    backend: task.backend === 'memory' ? 'hashmap' : 'rocksdb',
    memory: '4 GB',
    parallelism,
    checkpointing: { interval: '24 h' },
  })
}

/** A job from nothing until it has taken all of its snapshots. */
async function take(task: BuiltTask, directory: string): Promise<Record<string, number>> {
  const told = new Listener<Told>(CHANNEL)
  const handle = await start(task, directory, task.parallelism)
  const passed = (turn: number) =>
    until(() => told.messages.some((each) => each.kind === 'passed' && each.turn === turn))
  const gaps = () => told.messages.filter((each) => each.kind === 'gap')
  const takeGap = async (): Promise<number> => {
    const before = gaps().length
    tell(ORDERS, 'gap' satisfies Order)
    await until(() => gaps().length > before)
    return gaps()[before]?.ms ?? Number.NaN
  }
  const timed = async (action: () => Promise<unknown>) => {
    await takeGap()
    const begunMs = performance.now()
    await action()
    const ms = performance.now() - begunMs
    return { ms, gapMs: await takeGap() }
  }
  await passed(0)
  await setTimeout(QUIET_MS)
  const quiet = await timed(() => setTimeout(QUIET_MS))
  const full = await timed(() => handle.checkpoint())
  const changed = []
  for (let turn = 1; turn < TURNS; turn++) {
    tell(ORDERS, 'next' satisfies Order)
    await passed(turn)
    changed.push(await timed(() => handle.checkpoint()))
  }
  const savepoint = await timed(() => handle.savepoint(join(directory, 'savepoint')))
  await handle.cancel()
  told.close()
  return {
    full: full.ms,
    'full-gap': full.gapMs,
    changed: median(changed.map(({ ms }) => ms)),
    'changed-gap': median(changed.map(({ gapMs }) => gapMs)),
    savepoint: savepoint.ms,
    'savepoint-gap': savepoint.gapMs,
    'quiet-gap': quiet.gapMs,
  }
}

/** From the start of a run that restores until its first answer, and until all have come. */
async function ask(task: BuiltTask, directory: string, parallelism: number) {
  const told = new Listener<Told>(CHANNEL)
  const begunMs = performance.timeOrigin + performance.now()
  const handle = await start(task, directory, parallelism)
  const latest = (): readonly Answers[] => {
    const byThread = new Map<number, Answers>()
    for (const each of told.messages) if (each.kind === 'answers') byThread.set(each.thread, each)
    return [...byThread.values()]
  }
  const count = () => latest().reduce((sum, { tally }) => sum + tally.count, 0)
  await until(() => count() >= questionsOf(task.records))
  await handle.cancel()
  told.close()
  const tallies: readonly Tally[] = latest().map(({ tally }) => tally)
  const firstMs = Math.min(...latest().map(({ firstAtMs }) => firstAtMs)) - begunMs
  const allMs = Math.max(...latest().map(({ lastAtMs }) => lastAtMs)) - begunMs
  return { tallies, firstMs, allMs }
}
