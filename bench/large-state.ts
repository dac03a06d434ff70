/**
 * Checkpoints of large state: texts of 100 bytes for ten million keys (`KEYS=1000000` for fewer),
 * on both backends. How long does a full checkpoint take, one of which one key in a hundred has
 * changed, and a savepoint; what do they write; how long does the chain see no record, and how
 * much of its rate is left meanwhile?
 */
import { subscribe } from 'node:diagnostics_channel'
import { join } from 'node:path'
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
import type { TurnReport } from './jobs/large-state.ts'
import { Listener, tell } from './jobs/probe.ts'

const KEYS = Number(process.env['KEYS'] ?? 10_000_000)
const CHECKPOINTS = 10
const TURN_MS = 500
/** A key and a text. */
const ENTRY_BYTES = 108
const backends = ['hashmap', 'rocksdb'] as const

interface Completed {
  readonly bytes: number
  readonly dirtyEntries: number
  readonly initMs: number
  readonly prepareMs: number
  readonly confirmMs: number
}

const endToEndMs = (event: Completed): number => event.initMs + event.prepareMs + event.confirmMs

/** Ends a turn after `action`; gives what the chain saw in it. */
async function turn(reports: Listener<TurnReport>, action: () => Promise<unknown>) {
  const before = reports.messages.length
  await action()
  tell('large-state-orders', 'next turn')
  await until(() => reports.messages.length > before)
  return reports.messages[before] as TurnReport // it has come
}

const rateOf = ({ records, elapsedMs }: TurnReport): number => records / elapsedMs / 1e3

/** A turn to let new keys come, one without a checkpoint, one with it. */
async function rounds(handle: JobHandle, reports: Listener<TurnReport>) {
  const quiet: TurnReport[] = []
  const busy: TurnReport[] = []
  for (let count = 0; count < CHECKPOINTS; count++) {
    await turn(reports, () => setTimeout(TURN_MS))
    quiet.push(await turn(reports, () => setTimeout(TURN_MS)))
    busy.push(await turn(reports, () => handle.checkpoint()))
  }
  return { quiet, busy }
}

function measure(backend: 'hashmap' | 'rocksdb'): Promise<Measures> {
  return inFolder(async (directory) => {
    const reports = new Listener<TurnReport>('large-state')
    const completed: Completed[] = []
    // The name belongs to this event alone.
    subscribe('millrace:checkpoint:completed', (event) => completed.push(event as Completed))
    const handle = await run(new URL('./jobs/large-state.ts', import.meta.url), {
      params: { keys: KEYS },
      directory,
      backend,
      memory: '8 GB',
      checkpointing: { interval: '1 h' },
    })
    await until(() => reports.messages.length > 0)
    const [loaded] = reports.messages
    const full = await turn(reports, () => handle.checkpoint())
    const [first] = completed.splice(0)
    const { quiet, busy } = await rounds(handle, reports)
    const small = completed.splice(0)
    const begun = performance.now()
    await handle.savepoint(join(directory, 'savepoint'))
    const savepointMs = performance.now() - begun
    await handle.cancel()
    reports.close()
    if (loaded === undefined || first === undefined) throw new Error('no checkpoint was reported')
    return {
      loadRate: rateOf(loaded),
      fullMs: endToEndMs(first),
      fullMb: first.bytes / 1e6,
      fullGapMs: full.gapMs,
      fullRate: (100 * rateOf(full)) / median(quiet.map(rateOf)),
      dirty: median(small.map((event) => event.dirtyEntries)),
      smallMs: median(small.map(endToEndMs)),
      smallWorstMs: Math.max(...small.map(endToEndMs)),
      smallRatio: median(small.map((event) => event.bytes / event.dirtyEntries / ENTRY_BYTES)),
      smallGapMs: median(busy.map(({ gapMs }) => gapMs)),
      smallGapCpuMs: median(busy.map(({ gapCpuMs }) => gapCpuMs)),
      quietGapMs: median(quiet.map(({ gapMs }) => gapMs)),
      quietGapCpuMs: median(quiet.map(({ gapCpuMs }) => gapCpuMs)),
      smallRate: (100 * median(busy.map(rateOf))) / median(quiet.map(rateOf)),
      savepointMs,
    }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  return backends.flatMap((backend) => {
    const of = (name: string, measured: string, unit: string, atMost?: number): Figure => ({
      name: `${KEYS / 1e6} M keys, ${backend}: ${name}`,
      values: rounds.values(backend, measured),
      unit,
      ...(atMost === undefined ? {} : { target: { atMost } }),
    })
    return [
      of('loading', 'loadRate', 'M/s'),
      of('full checkpoint', 'fullMs', 'ms'),
      of('full, written', 'fullMb', 'MB'),
      of('full, longest gap', 'fullGapMs', 'ms'),
      of('full, rate meanwhile', 'fullRate', '%'),
      of('1 %, entries', 'dirty', 'entries'),
      of('1 %, end to end', 'smallMs', 'ms', 150),
      of('1 %, the worst of ten', 'smallWorstMs', 'ms', 500),
      of('1 %, written per byte changed', 'smallRatio', '', 1.3),
      of('1 %, longest gap', 'smallGapMs', 'ms', 10),
      of('the same, of CPU time', 'smallGapCpuMs', 'ms'),
      of('without a checkpoint, longest gap', 'quietGapMs', 'ms'),
      of('the same, of CPU time', 'quietGapCpuMs', 'ms'),
      of('1 %, rate meanwhile', 'smallRate', '%'),
      of('savepoint', 'savepointMs', 'ms'),
    ]
  })
}

const contenders = backends.map((backend) => [backend, () => measure(backend)] as const)
await benchmark({ contenders: Object.fromEntries(contenders), figures })
