/**
 * How many records per second does one worker add to sums by key? A million keys, numbers or
 * strings; hashmap beside rocksdb with everything in memory. Start, the first record of each key
 * and the last checkpoint are shown apart. The source hands over records that are there already.
 */
import { run, type RunOptions } from 'millrace'
import { benchmark, type Figure, inFolder, type Measures, type Rounds } from './lib.ts'
import { Listener, type Span, total } from './jobs/probe.ts'

const KEYS = 1_000_000
const RECORDS = { number: 20_000_000, string: 10_000_000 }
const keys = ['number', 'string'] as const
const backends = ['hashmap', 'rocksdb'] as const

function measure(key: 'number' | 'string', backend: 'hashmap' | 'rocksdb'): Promise<Measures> {
  return inFolder(async (directory) => {
    const spans = new Listener<Span>('keyed-sum')
    const url = new URL('./jobs/keyed-sum.ts', import.meta.url)
    const params = { key, records: RECORDS[key] }
    const options: RunOptions = { params, directory, backend, memory: '4 GB' }
    const handle = await run(url, options)
    await handle.finished
    const endMs = performance.timeOrigin + performance.now()
    spans.close()
    const { rows, coldReads, evictions } = handle.status.backend
    if (rows !== KEYS || evictions > 0) throw new Error(`${rows} rows, ${evictions} evictions`)
    if (coldReads > 3 * KEYS) throw new Error(`${coldReads} reads from below`)
    const load = total(spans.messages.filter((span) => span.name === 'load'))
    const read = spans.messages.filter((span) => span.name === 'read')
    const { seconds, cpuSeconds, records } = total(read)
    return {
      perSecond: records / seconds / 1e6,
      perCpuSecond: records / cpuSeconds / 1e6,
      loadPerCpuSecond: load.records / load.cpuSeconds / 1e6,
      lastCheckpointMs: endMs - Math.max(...read.map(({ end }) => end.atMs)),
    }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  const unit = 'M records/s'
  const all: Figure[] = []
  for (const key of keys) {
    for (const backend of backends) {
      const name = `keyed sum, ${key} keys, ${backend}`
      const of = (measured: string): readonly number[] =>
        rounds.values(`${key}-${backend}`, measured)
      const target = backend === 'hashmap' ? { target: { atLeast: key === 'number' ? 5 : 1 } } : {}
      all.push(
        { name, values: of('perSecond'), unit, ...target },
        { name: `${name}, of CPU time`, values: of('perCpuSecond'), unit },
        { name: `${name}, first of each key`, values: of('loadPerCpuSecond'), unit },
        { name: `${name}, last checkpoint`, values: of('lastCheckpointMs'), unit: 'ms' },
      )
    }
    const [ours, theirs] = backends.map((backend) =>
      rounds.values(`${key}-${backend}`, 'perCpuSecond'),
    )
    const values = (theirs ?? []).map((value, round) => (100 * value) / (ours?.[round] ?? 0))
    const name = `keyed sum, ${key} keys, rocksdb of hashmap`
    all.push({ name, values, unit: '%', target: { atLeast: 60 } })
  }
  return all
}

const contenders = keys.flatMap((key) =>
  backends.map((backend) => [`${key}-${backend}`, () => measure(key, backend)] as const),
)
await benchmark({ contenders: Object.fromEntries(contenders), figures })
