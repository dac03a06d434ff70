// Random timers, set, replaced, deleted, listed and fired between cuts, aborts, restores at other
// parallelisms and on other backends, in plenty of memory and in next to none: they are always
// those of a plain map, and fire in its order. MILLRACE_SEED chooses others, MILLRACE_STEPS more.
import assert from 'node:assert/strict'
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
import { TimerSystem, type TimerSystemOptions } from './model/timers.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
const STEPS = Number(process.env['MILLRACE_STEPS'] ?? 2_000)
const NEXT_TO_NOTHING = 40_000

const folder = mkdtempSync(join(tmpdir(), 'millrace-timers-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let scratches = 0

async function run(commands: number, seed: number, options: TimerSystemOptions): Promise<void> {
  let largest = 0
  await checkCommands({
    name: 'timers',
    commands,
    perRun: 1_500,
    seed,
    expect: ['fire', 'cut', 'complete', 'abort', 'restart', 'rollback'],
    open: async () => {
      const system = await TimerSystem.open(options)
      const close = system.close.bind(system)
      system.close = () => {
        largest = Math.max(largest, system.largest)
        return close()
      }
      return system
    },
  })
  assert.ok(largest > 300, `${largest} timers at most`)
}

const overMemory = {
  memoryBytes: NEXT_TO_NOTHING,
  context: () => ({ nativeStore: openMemoryStore, scratch: new MemoryScratch() }),
}

describe(`the model of timers (seed ${SEED})`, () => {
  it('agrees with hashmap', () => run(STEPS, SEED, { choices: [hashmap], memoryBytes: 1 << 30 }))

  it('agrees with rocksdb over the store in memory, in next to no memory', () =>
    run(STEPS, SEED + 1, { choices: [rocksdb], ...overMemory }))

  it('agrees when backends change from restart to restart', () =>
    run(STEPS, SEED + 2, { choices: [hashmap, rocksdb], ...overMemory }))

  it('agrees with RocksDB itself', { skip: !rocksdbIsAvailable() }, () =>
    run(STEPS / 2, SEED + 3, {
      choices: [rocksdb],
      memoryBytes: NEXT_TO_NOTHING,
      context: () => ({ scratch: new LocalScratch(join(folder, `scratch-${++scratches}`)) }),
    }),
  )
})
