// Random writes, deletes, cuts, aborts, merges, restores at other parallelisms and on other
// backends, in plenty of memory and in next to none: the state is always that of a plain model.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { hashmap } from '../../src/state/hashmap/index.ts'
import { rocksdb, rocksdbIsAvailable } from '../../src/state/rocksdb/index.ts'
import { LocalScratch } from '../../src/storage/scratch-local.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import { openMemoryStore } from '../../src/testing/memory-store.ts'
import { checkCommands } from './model/commands.ts'
import { System, type SystemOptions } from './model/system.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)

const KEYS: readonly unknown[] = [
  ...Array.from({ length: 80 }, (_, index) => index),
  ...Array.from({ length: 80 }, (_, index) => `key ${index}`),
  ...Array.from({ length: 20 }, (_, index) => ['tuple', index % 4, { index }]),
  -0.5, 10n, true, null, '', '\ud800', new Uint8Array([1, 0]),
] // prettier-ignore

const folder = mkdtempSync(join(tmpdir(), 'millrace-model-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let scratches = 0

const CHECKPOINTS = ['cut', 'complete', 'abort', 'merge', 'restart', 'rollback', 'maintain']

async function run(
  commands: number,
  seed: number,
  options: Omit<SystemOptions, 'keys'>,
): Promise<void> {
  await checkCommands({
    name: 'keyed state',
    commands: commands,
    perRun: 2_000,
    seed,
    expect: CHECKPOINTS,
    open: () => System.open({ ...options, keys: KEYS }),
  })
}

describe(`the model of keyed state (seed ${SEED})`, () => {
  it('agrees with hashmap', async () => {
    await run(40_000, SEED, { choices: [hashmap], memoryBytes: 1 << 30 })
  })

  it('agrees with rocksdb over the store in memory, in next to no memory', async () => {
    await run(40_000, SEED + 1, {
      choices: [rocksdb],
      memoryBytes: 64 << 10,
      context: () => ({ nativeStore: openMemoryStore, scratch: new MemoryScratch() }),
    })
  })

  it('agrees when backends change from restart to restart', async () => {
    await run(20_000, SEED + 2, {
      choices: [hashmap, rocksdb],
      memoryBytes: 128 << 10,
      context: () => ({ nativeStore: openMemoryStore, scratch: new MemoryScratch() }),
    })
  })

  it('agrees with RocksDB itself', { skip: !rocksdbIsAvailable() }, async () => {
    await run(6_000, SEED + 3, {
      choices: [rocksdb],
      memoryBytes: 128 << 10,
      context: () => ({ scratch: new LocalScratch(join(folder, `scratch-${++scratches}`)) }),
    })
  })
})
