/** Millrace's sums of state that is ten times as large as the memory for it. */
import { run } from 'millrace'
import { inFolder, until } from '../lib.ts'
import { Listener } from '../jobs/probe.ts'
import { CHANNEL, type Told } from '../jobs/text-sums.ts'
import { outputOf } from './checksum.ts'
import type { Measured, Task } from './contract.ts'

export function largerThanMemory({ input, memoryMb = 0 }: Task): Promise<Measured> {
  return inFolder(async (directory) => {
    const told = new Listener<Told>(CHANNEL)
    const handle = await run(new URL('../jobs/text-sums.ts', import.meta.url), {
      params: { path: input },
      directory,
      backend: 'rocksdb',
      memory: `${memoryMb} MB`,
      checkpointing: { interval: '24 h' },
    })
    await handle.finished
    await until(() => told.messages.length === 2)
    told.close()
    const { evictions } = handle.status.backend
    if (evictions === 0) throw new Error('all rows had room in memory')
    const [loaded, end] = told.messages
    if (loaded === undefined || end?.kind !== 'end') throw new Error('nothing was reported')
    return {
      ms: end.instant.atMs - loaded.instant.atMs,
      cpuMs: end.instant.cpuMs - loaded.instant.cpuMs,
      output: outputOf([end.tally]),
    }
  })
}
