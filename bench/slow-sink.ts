/**
 * How long does a checkpoint take when a sink is a hundred times slower than the job, and records
 * wait in every queue? With barriers that overtake them, as by default, and with barriers that keep
 * their place.
 */
import { subscribe } from 'node:diagnostics_channel'
import { setTimeout } from 'node:timers/promises'
import { run } from 'millrace'
import { benchmark, type Figure, inFolder, type Measures, quantile, type Rounds } from './lib.ts'

const MEASURED_MS = 30_000
const modes = ['auto', 'always', 'never'] as const
type Mode = (typeof modes)[number]

function measure(unaligned: Mode): Promise<Measures> {
  return inFolder(async (directory) => {
    const handle = await run(new URL('./jobs/slow-sink.ts', import.meta.url), {
      directory,
      backend: 'hashmap',
      parallelism: 2,
      checkpointing: { interval: '500 ms', unaligned },
    })
    const times: number[] = []
    let inFlightBytes = 0
    subscribe('millrace:checkpoint:completed', () => {
      const { last } = handle.status.checkpoints
      if (last === undefined) return
      const { initMs, prepareMs, confirmMs } = last.statistics
      times.push(initMs + prepareMs + confirmMs)
      inFlightBytes = Math.max(
        inFlightBytes,
        last.statistics.tasks?.reduce((sum, task) => sum + (task.inFlightBytes ?? 0), 0) ?? 0,
      )
    })
    await setTimeout(MEASURED_MS)
    const { failed, underWay } = handle.status.checkpoints
    // One that is not over took at least as long.
    for (const { runningMs } of underWay) times.push(runningMs)
    await handle.cancel()
    return {
      count: times.length - underWay.length,
      medianMs: quantile(times, 0.5),
      p99Ms: quantile(times, 0.99),
      inFlightMb: inFlightBytes / 1e6,
      failed,
    }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  return modes.flatMap((mode) => {
    const of = (name: string, measured: string, unit: string, atMost?: number): Figure => ({
      name: `slow sink, unaligned ${mode}: ${name}`,
      values: rounds.values(mode, measured),
      unit,
      ...(atMost === undefined ? {} : { target: { atMost } }),
    })
    return [
      of('checkpoints in 30 s', 'count', ''),
      of('failed', 'failed', ''),
      of('end to end, median', 'medianMs', 'ms'),
      of('end to end, p99', 'p99Ms', 'ms', ...(mode === 'never' ? [] : [1_000])),
      of('in flight, most', 'inFlightMb', 'MB'),
    ]
  })
}

const contenders = modes.map((mode) => [mode, () => measure(mode)] as const)
await benchmark({ contenders: Object.fromEntries(contenders), figures })
