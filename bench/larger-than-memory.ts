/**
 * How fast are keyed sums when memory holds a tenth of the state? A million keys in rocksdb, drawn
 * uniformly and by Zipf's law. Information: there is no target yet.
 */
import { run } from 'millrace'
import { benchmark, type Figure, inFolder, type Measures, type Rounds } from './lib.ts'
import { KEYS } from './jobs/larger-than-memory.ts'
import { Listener, type Span, total } from './jobs/probe.ts'

/** Of the state of a million keys, about 60 MB as `status` estimates it. */
const MEMORY = '6 MB'
const draws = ['uniform', 'zipf'] as const

function measure(draw: 'uniform' | 'zipf'): Promise<Measures> {
  return inFolder(async (directory) => {
    const spans = new Listener<Span>('larger-than-memory')
    const handle = await run(new URL('./jobs/larger-than-memory.ts', import.meta.url), {
      params: { draw },
      directory,
      backend: 'rocksdb',
      memory: MEMORY,
    })
    await handle.finished
    spans.close()
    const { evictions, rows } = handle.status.backend
    if (evictions < KEYS / 2) throw new Error(`only ${evictions} evictions`)
    const of = (name: string) => total(spans.messages.filter((span) => span.name === name))
    const read = of('read')
    const load = of('load')
    return {
      perSecond: read.records / read.seconds / 1e3,
      perCpuSecond: read.records / read.cpuSeconds / 1e3,
      perProcessSecond: read.records / read.processSeconds / 1e3,
      loadPerSecond: load.records / load.seconds / 1e3,
      inMemory: (100 * rows) / KEYS,
    }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  return draws.flatMap((draw): Figure[] => {
    const name = `larger than memory, ${draw}`
    const values = (measured: string): readonly number[] => rounds.values(draw, measured)
    const unit = 'k records/s'
    return [
      { name, values: values('perSecond'), unit },
      { name: `${name}, of CPU time`, values: values('perCpuSecond'), unit },
      // RocksDB compacts in threads of its own.
      { name: `${name}, the same of all threads`, values: values('perProcessSecond'), unit },
      { name: `${name}, first of each key`, values: values('loadPerSecond'), unit },
      { name: `${name}, rows in memory`, values: values('inMemory'), unit: '%' },
    ]
  })
}

const contenders = draws.map((draw) => [draw, () => measure(draw)] as const)
await benchmark({ contenders: Object.fromEntries(contenders), figures })
