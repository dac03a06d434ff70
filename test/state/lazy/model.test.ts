// The model of keyed state, with every restart a lazy restore: state is looked up, changed, cut and
// restored again while it is loaded in random slices.
import { describe, it } from 'node:test'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { rocksdb } from '../../../src/state/rocksdb/index.ts'
import { checkCommands } from '../model/commands.ts'
import { System, type SystemOptions } from '../model/system.ts'
import { LAZILY, LAZILY_OVER_STORE, lookups } from './runs.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_122)
const COMMANDS = Number(process.env['MILLRACE_STEPS'] ?? 12_000)

const KEYS: readonly unknown[] = [
  ...Array.from({ length: 80 }, (_, index) => index),
  ...Array.from({ length: 80 }, (_, index) => `key ${index}`),
  ...Array.from({ length: 20 }, (_, index) => ['tuple', index % 4, { index }]),
  -0.5, 10n, true, null, '', '\ud800', new Uint8Array([1, 0]),
] // prettier-ignore

async function run(seed: number, options: Omit<SystemOptions, 'keys'>): Promise<void> {
  await checkCommands({
    name: 'keyed state, restored lazily',
    commands: COMMANDS,
    perRun: 2_000,
    seed,
    expect: ['cut', 'complete', 'abort', 'merge', 'restart', 'rollback', 'maintain'],
    open: () => System.open({ ...options, keys: KEYS, restoreOf: lookups }),
  })
}

describe(`the model of keyed state, restored lazily (seed ${SEED})`, () => {
  it('agrees with hashmap', async () => {
    await run(SEED, { choices: [hashmap], memoryBytes: 1 << 30, context: () => LAZILY })
  })

  it('agrees with rocksdb over the store in memory, in next to no memory', async () => {
    await run(SEED + 1, { choices: [rocksdb], memoryBytes: 64 << 10, context: LAZILY_OVER_STORE })
  })

  it('agrees when backends change from restart to restart', async () => {
    const choices = [hashmap, rocksdb]
    await run(SEED + 2, { choices, memoryBytes: 128 << 10, context: LAZILY_OVER_STORE })
  })
})
