// Random writes, reads, ticks, checkpoints and restores on other backends of states with a time to
// live: what is seen is what a plain model with one stamp for each entry sees, and each entry that
// expires is told of once.
import { describe, it } from 'node:test'
import { hashmap } from '../../src/state/hashmap/index.ts'
import { rocksdb } from '../../src/state/rocksdb/index.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import { openMemoryStore } from '../../src/testing/memory-store.ts'
import { checkCommands } from './model/commands.ts'
import { MortalSystem } from './model/mortal.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)

const EXPECTED = ['tick without marks', 'expire', 'cut', 'complete', 'abort', 'merge', 'restart']

async function run(seed: number, renewsOnRead: boolean): Promise<void> {
  await checkCommands({
    name: 'time to live',
    commands: 8_000,
    perRun: 1_000,
    seed,
    expect: [...EXPECTED, 'rollback', 'maintain'],
    open: () =>
      MortalSystem.open({
        choices: [hashmap, rocksdb],
        context: () => ({ nativeStore: openMemoryStore, scratch: new MemoryScratch() }),
        memoryBytes: 32 << 10,
        renewsOnRead,
      }),
  })
}

describe(`the model of time-to-live (seed ${SEED})`, () => {
  it('agrees when writes renew', () => run(SEED, false))
  it('agrees when reads renew, too', () => run(SEED + 1, true))
})
