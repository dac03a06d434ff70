/**
 * How soon does a job answer that is restored from a large checkpoint (ten million keys of 100
 * bytes; `KEYS=1000000` for fewer), when is all of it loaded, and how long do records wait
 * meanwhile? On both backends, at the same parallelism and at twice that. Keys are asked for
 * uniformly, which is the worst there is for look-ups. The files are in the page cache.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout } from 'node:timers/promises'
import { type JobHandle, run } from 'millrace'
import { benchmark, type Figure, inFolder, type Measures, type Rounds, until } from './lib.ts'
import type { RestoreReport } from './jobs/restore.ts'
import { Listener } from './jobs/probe.ts'

const KEYS = Number(process.env['KEYS'] ?? 10_000_000)
const PARTS = 2
/** After all is loaded, the rate is taken for so long. */
const AFTER_MS = 1_000
const backends = ['hashmap', 'rocksdb'] as const

function start(directory: string, backend: string, parallelism: number): Promise<JobHandle> {
  return run(new URL('./jobs/restore.ts', import.meta.url), {
    params: { keys: KEYS },
    directory,
    backend,
    parallelism,
    memory: '8 GB',
    checkpointing: { interval: '1 h' },
  })
}

async function store(directory: string, backend: string): Promise<void> {
  const stored = new Listener<string>('restore-stored')
  const handle = await start(directory, backend, 1)
  await until(() => stored.messages.length === PARTS)
  await setTimeout(500)
  await handle.checkpoint()
  await handle.cancel()
  stored.close()
}

async function restore(directory: string, backend: string, parallelism: number) {
  const reports = new Listener<RestoreReport>('restore')
  const begunAtMs = performance.timeOrigin + performance.now()
  let loadedAtMs = 0
  const loaded = (): void => void (loadedAtMs = performance.timeOrigin + performance.now())
  subscribe('millrace:state:loaded', loaded)
  const handle = await start(directory, backend, parallelism)
  await until(() => reports.messages.length > 0 && loadedAtMs > 0)
  unsubscribe('millrace:state:loaded', loaded)
  await setTimeout(AFTER_MS)
  await handle.cancel()
  reports.close()
  const [first] = reports.messages
  if (first === undefined) throw new Error('nothing was reported')
  const before = reports.messages.filter(({ atMs }) => atMs < loadedAtMs)
  const after = reports.messages.filter(({ atMs }) => atMs > loadedAtMs + 200)
  const rate = (of: readonly RestoreReport[]): number => {
    const span = (of.at(-1)?.atMs ?? 0) - (of[0]?.atMs ?? 0)
    return of.slice(1).reduce((sum, { records }) => sum + records, 0) / Math.max(1, span)
  }
  return {
    firstMs: first.firstAtMs - first.openedAtMs,
    runMs: first.firstAtMs - begunAtMs,
    openMs: Object.values(handle.status.stateOpen ?? {}).reduce((sum, ms) => sum + ms, 0),
    loadedMs: loadedAtMs - first.firstAtMs,
    gapMs: Math.max(...before.map(({ gapMs }) => gapMs)),
    gapCpuMs: Math.max(...before.map(({ gapCpuMs }) => gapCpuMs)),
    coldRate: rate(before.slice(0, 10)),
    warmRate: rate(after),
  }
}

function measure(backend: string): Promise<Measures> {
  return inFolder(async (directory) => {
    await store(directory, backend)
    const same = await restore(directory, backend, 1)
    const twice = await restore(directory, backend, 2)
    const wide = Object.entries(twice).map(([name, value]) => [`${name}2`, value] as const)
    return { ...same, ...Object.fromEntries(wide) }
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
      of('opened to first answer', 'firstMs', 'ms', 100),
      of('run() to first answer', 'runMs', 'ms', 500),
      of('opening the state', 'openMs', 'ms'),
      of('first answer to all loaded', 'loadedMs', 'ms', 3_000),
      of('longest gap meanwhile', 'gapMs', 'ms'),
      of('the same, of CPU time', 'gapCpuMs', 'ms'),
      of('rate at first', 'coldRate', 'k/s'),
      of('rate when loaded', 'warmRate', 'k/s'),
      of('1 → 2: run() to first answer', 'runMs2', 'ms', 500),
      of('1 → 2: to all loaded', 'loadedMs2', 'ms', 3_000),
      of('1 → 2: longest gap', 'gapMs2', 'ms'),
    ]
  })
}

const contenders = backends.map((backend) => [backend, () => measure(backend)] as const)
await benchmark({ contenders: Object.fromEntries(contenders), figures })
