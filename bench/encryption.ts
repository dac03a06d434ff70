/**
 * What does encryption cost? The same checkpoints, the first of all keys and later ones of one key
 * in a hundred, with `encryption.keys` and without, in turns; and the time until a job that was
 * cancelled runs again. At most a tenth more time is the target.
 */
import { randomBytes } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { run } from 'millrace'
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

/** What is published when a checkpoint is complete. */
interface Completed {
  readonly initMs: number
  readonly prepareMs: number
  readonly confirmMs: number
  readonly completeMs: number
}

const totalMs = ({ initMs, prepareMs, confirmMs, completeMs }: Completed): number =>
  initMs + prepareMs + confirmMs + completeMs

function measure(isEncrypted: boolean): Promise<Measures> {
  return inFolder(async (directory) => {
    const keys = join(directory, 'keys')
    await writeFile(keys, randomBytes(32).toString('base64'))
    await chmod(keys, 0o600)
    const reports = new Listener<TurnReport>('changes')
    const completed: Completed[] = []
    // The name belongs to this event alone.
    subscribe('millrace:checkpoint:completed', (event) => completed.push(event as Completed))
    const job = new URL('./jobs/changes.ts', import.meta.url)
    const options = {
      directory,
      backend: 'hashmap',
      memory: '2 GB',
      checkpointing: { interval: '1 h' },
      ...(isEncrypted ? { encryption: { keys: `file:${keys}` } } : {}),
    } as const
    const handle = await run(job, options)
    await until(() => handle.status.backend.rows === KEYS)
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
    await until(() => again.status.backend.rows === KEYS)
    const restoreMs = performance.now() - begunAtMs
    await again.cancel()
    const [first, ...later] = completed.map(totalMs)
    return { firstMs: first ?? 0, laterMs: median(later), restoreMs }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  const of = (measured: string, name: string): readonly Figure[] => {
    const [plain, sealed] = ['plain', 'encrypted'].map((each) => rounds.values(each, measured))
    const ratio = (sealed ?? []).map((ms, round) => ms / (plain?.[round] ?? 1))
    return [
      { name: `${name}, plain`, values: plain ?? [], unit: 'ms' },
      { name: `${name}, encrypted`, values: sealed ?? [], unit: 'ms' },
      { name: `${name}, encrypted to plain`, values: ratio, unit: '', target: { atMost: 1.1 } },
    ]
  }
  return [
    ...of('firstMs', 'checkpoint of a million keys'),
    ...of('laterMs', 'checkpoint of 1 %'),
    ...of('restoreMs', 'running again, all keys there'),
  ]
}

await benchmark({
  contenders: { plain: () => measure(false), encrypted: () => measure(true) },
  figures,
})
