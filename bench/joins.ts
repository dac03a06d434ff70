/**
 * How many records per second does one worker join in event time? A hundred thousand keys; an
 * interval join of half a minute, inner and full outer, and a temporal join. Each order meets one
 * payment or more.
 */
import { run, type RunOptions } from 'millrace'
import { benchmark, type Figure, inFolder, type Measures, type Rounds } from './lib.ts'
import { Listener, type Span, total } from './jobs/probe.ts'

const RECORDS = 400_000
const contenders = [
  { kind: 'inner', backend: 'hashmap', name: 'interval join, hashmap' },
  { kind: 'inner', backend: 'rocksdb', name: 'interval join, rocksdb' },
  { kind: 'fullOuter', backend: 'hashmap', name: 'interval join, full outer, hashmap' },
  { kind: 'temporal', backend: 'hashmap', name: 'temporal join, hashmap' },
] as const

function measure({ kind, backend }: (typeof contenders)[number]): Promise<Measures> {
  return inFolder(async (directory) => {
    const spans = new Listener<Span>('joins')
    const url = new URL('./jobs/joins.ts', import.meta.url)
    const params = { kind, records: RECORDS }
    const options: RunOptions = { params, directory, backend, memory: '4 GB' }
    const handle = await run(url, options)
    await handle.finished
    spans.close()
    const { evictions } = handle.status.backend
    if (evictions > 0) throw new Error(`${evictions} evictions`)
    if (handle.status.lateRecords > 0) throw new Error(`${handle.status.lateRecords} late records`)
    const { seconds, cpuSeconds, records } = total(spans.messages)
    return { perSecond: records / seconds / 1e6, perCpuSecond: records / cpuSeconds / 1e6 }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  const unit = 'M records/s'
  return contenders.flatMap(({ name }) => [
    { name, values: rounds.values(name, 'perSecond'), unit },
    { name: `${name}, of CPU time`, values: rounds.values(name, 'perCpuSecond'), unit },
  ])
}

const runs = contenders.map((contender) => [contender.name, () => measure(contender)] as const)
await benchmark({ contenders: Object.fromEntries(runs), figures })
