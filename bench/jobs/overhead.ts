/**
 * What does it cost to treat what is written in some way? The same checkpoints, the first of all
 * keys and later ones of one key in a hundred, with it and without, in turns; and the time until a
 * job that was cancelled runs again. At most a tenth more time is the target.
 */
import { subscribe } from 'node:diagnostics_channel'
import { performance } from 'node:perf_hooks'
import { run, type RunOptions } from 'millrace'
import {
  benchmark,
  type Figure,
  inFolder,
  type Measures,
  median,
  type Rounds,
  until,
} from '../lib.ts'
import { KEYS, type TurnReport } from './changes.ts'
import { Listener, tell } from './probe.ts'

const CHECKPOINTS = 10
const AT_MOST = 1.1

/** One way in which the same sums are treated. */
interface Treatment {
  /** Of a job whose files are in this folder. */
  readonly optionsFor: (directory: string) => Promise<RunOptions>
  /** The module of the job, beside this file. */
  readonly job: string
  readonly keys: number
}

/** As they are. */
export const PLAIN: Treatment = {
  optionsFor: async () => ({}),
  job: './changes.ts',
  keys: KEYS,
}

interface Compared {
  readonly keys: number
  readonly hasTarget: boolean
}

/** What is published when a checkpoint is complete. */
interface Completed {
  readonly initMs: number
  readonly prepareMs: number
  readonly confirmMs: number
  readonly completeMs: number
}

const totalMs = ({ initMs, prepareMs, confirmMs, completeMs }: Completed): number =>
  initMs + prepareMs + confirmMs + completeMs

function measure({ optionsFor, job: module, keys }: Treatment): Promise<Measures> {
  return inFolder(async (directory) => {
    const added = await optionsFor(directory)
    const reports = new Listener<TurnReport>('changes')
    const completed: Completed[] = []
    // The name belongs to this event alone.
    subscribe('millrace:checkpoint:completed', (event) => completed.push(event as Completed))
    const job = new URL(module, import.meta.url)
    const options = {
      directory,
      backend: 'hashmap',
      memory: '2 GB',
      checkpointing: { interval: '1 h' },
      ...added,
    } as const
    const handle = await run(job, options)
    await until(() => handle.status.backend.rows === keys)
    for (let count = 0; count <= CHECKPOINTS; count++) {
      const before = reports.messages.length
      await handle.checkpoint()
      tell('changes-orders', 'next turn')
      await until(() => reports.messages.length > before)
    }
    await handle.cancel()
    reports.close()
    const begunAtMs = performance.now()
    const again = await run(job, options)
    await until(() => again.status.backend.rows === keys)
    const restoreMs = performance.now() - begunAtMs
    await again.cancel()
    const [first, ...later] = completed.map(totalMs)
    return { firstMs: first ?? 0, laterMs: median(later), restoreMs }
  })
}

function figures(rounds: Rounds, added: string, { keys, hasTarget }: Compared): readonly Figure[] {
  const of = (measured: string, name: string): readonly Figure[] => {
    const [plain, more] = ['plain', added].map((each) => rounds.values(each, measured))
    const ratio = (more ?? []).map((ms, round) => ms / (plain?.[round] ?? 1))
    const target = hasTarget ? { target: { atMost: AT_MOST } } : {}
    return [
      { name: `${name}, plain`, values: plain ?? [], unit: 'ms' },
      { name: `${name}, ${added}`, values: more ?? [], unit: 'ms' },
      { name: `${name}, ${added} to plain`, values: ratio, unit: '', ...target },
    ]
  }
  return [
    ...of('firstMs', `checkpoint of ${keys} keys`),
    ...of('laterMs', 'checkpoint of 1 %'),
    ...of('restoreMs', 'running again, all keys there'),
  ]
}

/** @param added what the other halves of the jobs are called, and what makes them so. */
export function benchmarkOverhead(
  added: Readonly<Record<string, Treatment>>,
  plain = PLAIN,
  hasTarget = true,
): Promise<void> {
  const all = { plain, ...added }
  const compared = { keys: plain.keys, hasTarget }
  return benchmark({
    contenders: Object.fromEntries(
      Object.entries(all).map(([name, treatment]) => [name, () => measure(treatment)]),
    ),
    figures: (rounds) => Object.keys(added).flatMap((each) => figures(rounds, each, compared)),
  })
}
