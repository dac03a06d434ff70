/** Runs a job by the ordinary API, and puts together what its workers tell. */
import { run, type RunOptions } from 'millrace'
import { inFolder, until } from '../lib.ts'
import { Listener } from '../jobs/probe.ts'
import { CHANNEL, type Told } from '../jobs/told.ts'
import { outputOf } from './checksum.ts'
import { isNexmark, type Measured, type Task, type Work } from './contract.ts'

/** None, but for the one at the end, which is after the last record. */
const NO_CHECKPOINTS = '24 h'

type AnyWork = Work | 'words-built-in'

export function millrace(task: Omit<Task, 'work'> & { readonly work: AnyWork }): Promise<Measured> {
  return inFolder(async (directory) => {
    const { work, records, keys, input, parallelism, checkpointSeconds } = task
    const drawn = { work, records, keys, splits: parallelism, input }
    const [module, params] = isNexmark(work)
      ? ['../nexmark/job.ts', { query: work, input }]
      : ['../jobs/compared.ts', drawn]
    const told = new Listener<Told>(CHANNEL)
    const options: RunOptions = {
      params,
      directory,
      backend: task.backend === 'memory' ? 'hashmap' : 'rocksdb',
      memory: '4 GB',
      parallelism,
      checkpointing: {
        interval: checkpointSeconds === 0 ? NO_CHECKPOINTS : `${checkpointSeconds} s`,
      },
    }
    const handle = await run(new URL(module, import.meta.url), options)
    await handle.finished
    const writers = () => told.messages.filter((message) => message.kind === 'end')
    await until(() => writers().length === parallelism)
    told.close()
    const { evictions } = handle.status.backend
    if (evictions > 0) throw new Error(`${evictions} rows left the memory`)
    const begins = told.messages.filter(({ kind }) => kind === 'begin')
    // Where results are rare, the last record is read later than the last result is written.
    const ends = told.messages.filter(({ kind }) => kind !== 'begin')
    const span = (time: 'atMs' | 'cpuMs') =>
      Math.max(...ends.map(({ instant }) => instant[time])) -
      Math.min(...begins.map(({ instant }) => instant[time]))
    const tallies = writers().map(({ tally }) => tally)
    return { ms: span('atMs'), cpuMs: span('cpuMs'), output: outputOf(tallies) }
  })
}
