/**
 * What does a checkpoint of a million keys cost when one in a hundred has changed? The bytes it
 * writes beside those that changed (a number and its key, 16 bytes), the longest time in which the
 * chain sees no record, with a checkpoint and without one, and how long each phase takes.
 */
import { subscribe } from 'node:diagnostics_channel'
import { setTimeout } from 'node:timers/promises'
import { type JobHandle, run } from 'millrace'
import {
  benchmark,
  type Figure,
  inFolder,
  type Measures,
  median,
  type Rounds,
  until,
} from './lib.ts'
import { KEYS, type TurnReport } from './jobs/changes.ts'
import { Listener, tell } from './jobs/probe.ts'

const CHECKPOINTS = 10
const TURN_MS = 200
const ROW_BYTES = 16

/** What is published when a checkpoint is complete. */
interface Completed {
  readonly bytes: number
  readonly dirtyEntries: number
  readonly initMs: number
  readonly prepareMs: number
  readonly confirmMs: number
  readonly completeMs: number
}

/** Ends a turn after a checkpoint, or after a while; gives the longest gap in it. */
async function turn(handle: JobHandle, reports: Listener<TurnReport>, withCheckpoint: boolean) {
  const before = reports.messages.length
  if (withCheckpoint) await handle.checkpoint()
  else await setTimeout(TURN_MS)
  tell('changes-orders', 'next turn')
  await until(() => reports.messages.length > before)
  await setTimeout(TURN_MS)
  return reports.messages[before] as TurnReport // it has come
}

function measure(): Promise<Measures> {
  return inFolder(async (directory) => {
    const reports = new Listener<TurnReport>('changes')
    const completed: Completed[] = []
    // The name belongs to this event alone.
    subscribe('millrace:checkpoint:completed', (event) => completed.push(event as Completed))
    const handle = await run(new URL('./jobs/changes.ts', import.meta.url), {
      directory,
      backend: 'hashmap',
      memory: '2 GB',
      checkpointing: { interval: '1 h' },
    })
    await until(() => handle.status.backend.rows === KEYS)
    await turn(handle, reports, true) // all keys have changed
    const [first] = completed.splice(0)
    const quiet: TurnReport[] = []
    const busy: TurnReport[] = []
    for (let count = 0; count < CHECKPOINTS; count++) {
      quiet.push(await turn(handle, reports, false))
      busy.push(await turn(handle, reports, true))
    }
    await handle.cancel()
    reports.close()
    const phase = (of: (event: Completed) => number): number => median(completed.map(of))
    const ratios = completed.map(({ bytes, dirtyEntries }) => bytes / (dirtyEntries * ROW_BYTES))
    return {
      dirtyEntries: phase((event) => event.dirtyEntries),
      ratio: median(ratios),
      firstMs: (first?.prepareMs ?? 0) + (first?.confirmMs ?? 0),
      gapMs: median(busy.map(({ gapMs }) => gapMs)),
      gapCpuMs: median(busy.map(({ gapCpuMs }) => gapCpuMs)),
      worstGapCpuMs: Math.max(...busy.map(({ gapCpuMs }) => gapCpuMs)),
      quietGapMs: median(quiet.map(({ gapMs }) => gapMs)),
      quietGapCpuMs: median(quiet.map(({ gapCpuMs }) => gapCpuMs)),
      initMs: phase((event) => event.initMs),
      prepareMs: phase((event) => event.prepareMs),
      confirmMs: phase((event) => event.confirmMs),
      completeMs: phase((event) => event.completeMs),
    }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  const of = (name: string, measured: string, unit: string, atMost?: number): Figure => ({
    name: `checkpoint, 1 %: ${name}`,
    values: rounds.values('changes', measured),
    unit,
    ...(atMost === undefined ? {} : { target: { atMost } }),
  })
  return [
    of('entries', 'dirtyEntries', 'entries'),
    of('bytes written per byte changed', 'ratio', '', 2),
    of('longest gap between records', 'gapMs', 'ms', 20),
    of('the same, of CPU time', 'gapCpuMs', 'ms'),
    of('the worst of ten, of CPU time', 'worstGapCpuMs', 'ms'),
    of('longest gap without a checkpoint', 'quietGapMs', 'ms'),
    of('the same, of CPU time', 'quietGapCpuMs', 'ms'),
    of('T_init', 'initMs', 'ms'),
    of('T_prepare', 'prepareMs', 'ms'),
    of('T_confirm', 'confirmMs', 'ms'),
    of('T_complete', 'completeMs', 'ms'),
    of('the first one, of all keys', 'firstMs', 'ms'),
  ]
}

await benchmark({ contenders: { changes: measure }, figures })
