/**
 * Millrace's latency at half of its own peak, which is measured first, by the same job.
 * `bench/flink/Latency.java` does the same.
 */
import { run } from 'millrace'
import { inFolder, until } from '../lib.ts'
import { CHANNEL, type PacedReport } from '../jobs/paced.ts'
import { Listener } from '../jobs/probe.ts'
import { outputOf } from './checksum.ts'
import type { Measured, Task } from './contract.ts'
import { stopwatch } from './stopwatch.ts'

/** How long records are due, the warm-up included. */
const PACED_MS = 25_000

export async function latency(task: Task): Promise<Measured> {
  const peak = (await paced(task, 0, Number.MAX_SAFE_INTEGER)).recordsPerMs
  const perMs = peak / 2
  const records = Math.min(task.records, Math.round(perMs * PACED_MS))
  const stop = stopwatch()
  const { tally, latencies } = await paced(task, perMs, records)
  const measures = { ...latencies, load: perMs }
  return { ...stop(), records, output: outputOf([tally]), measures }
}

function paced(task: Task, perMs: number, records: number): Promise<PacedReport> {
  return inFolder(async (directory) => {
    const told = new Listener<PacedReport>(CHANNEL)
    const handle = await run(new URL('../jobs/paced.ts', import.meta.url), {
      params: { keys: task.keys, records, perMs },
      directory,
      backend: task.backend === 'memory' ? 'hashmap' : 'rocksdb',
      memory: '4 GB',
      checkpointing: { interval: '1 s' },
    })
    await handle.finished
    await until(() => told.messages.length > 0)
    told.close()
    const [report] = told.messages
    if (report === undefined) throw new Error('nothing was reported')
    return report
  })
}
