/**
 * Kills real processes: runs the job again and again, ends it with `kill -9` at random moments and
 * at named points, until it has finished; then the lines of all visible output files must be those
 * of an undisturbed run, per word in order, and no half file may be visible.
 *
 *     npm run kill                     # 50 rounds for each backend and parallelism
 *     npm run kill -- --rounds 2       # a smoke
 *     npm run kill -- --rounds 50 --backend rocksdb --parallelism 2 --seed 7
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SeededRandom } from '../../src/util/random.ts'
import { checkOutput } from './check.ts'
import { MOMENTS, Moments } from './moments.ts'
import { runChild } from './run-child.ts'
import { expectedCounts, writeInput, type InputSize } from './input.ts'

const STATE_BYTES_PER_WORD = 150
/** A child that makes no progress is a failure, not a wait. */
const CHILD_TIMEOUT_MS = 120_000

interface Configuration {
  readonly backend: string
  readonly parallelism: number
  readonly rounds: number
  readonly seed: number
  readonly size: InputSize
}

interface Tally {
  kills: number
  readonly perPoint: Map<string, number>
  jobs: number
  evictions: number
  reads: number
}

async function runConfiguration(configuration: Configuration): Promise<Tally> {
  const { backend, parallelism, rounds, seed } = configuration
  const random = new SeededRandom(seed).fork(`${backend}-${parallelism}`)
  const tally: Tally = { kills: 0, perPoint: new Map(), jobs: 0, evictions: 0, reads: 0 }
  const moments = new Moments(random)
  while (tally.kills < rounds) await runJob(configuration, random.uint32(), moments, tally)
  return tally
}

/** One job from its beginning to its end, killed on the way until the rounds are used up. */
async function runJob(
  configuration: Configuration,
  inputSeed: number,
  moments: Moments,
  tally: Tally,
): Promise<void> {
  const { backend, parallelism, rounds, size } = configuration
  const directory = mkdtempSync(join(tmpdir(), 'millrace-kill-'))
  const input = join(directory, 'input.txt')
  writeInput(input, size, inputSeed)
  const stateBytes = size.distinctWords * STATE_BYTES_PER_WORD
  const memory = backend === 'rocksdb' ? `${Math.max(1, Math.floor(stateBytes / 1e7))}MB` : '256MB'
  // Every other start lets barriers overtake at once.
  const common = { directory, parallelism, backend, memory, timeoutMs: CHILD_TIMEOUT_MS }
  const modes = ['always', 'auto'] as const
  for (let start = 0; ; start++) {
    const isLast = tally.kills >= rounds
    const how = { ...common, unaligned: modes[start % 2] ?? 'auto' }
    const { name, ...when } = moments.next()
    const result = await runChild(isLast ? how : { ...how, ...when })
    tally.evictions = Math.max(tally.evictions, result.evictions)
    tally.reads = Math.max(tally.reads, result.reads)
    if (!isLast) moments.struck(result.wasKilled)
    if (!result.wasKilled) break
    tally.kills++
    tally.perPoint.set(name, (tally.perPoint.get(name) ?? 0) + 1)
  }
  tally.jobs++
  checkOutput(join(directory, 'output'), expectedCounts(readFileSync(input, 'utf8')))
  rmSync(directory, { recursive: true, force: true })
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    backend: { type: 'string', multiple: true, default: ['hashmap', 'rocksdb'] },
    parallelism: { type: 'string', multiple: true, default: ['1', '2'] },
    // RocksDB that evicts and reads back is slower by far; both shall run for some seconds.
    lines: { type: 'string' },
    words: { type: 'string', default: '100000' },
  },
})
const seed = Number(values.seed)
process.stdout.write(`kill tests, seed ${seed}\n`)
const totals = new Map<string, number>()
for (const backend of values.backend) {
  for (const parallelism of values.parallelism.map(Number)) {
    const lines = Number(values.lines ?? (backend === 'rocksdb' ? 40_000 : 200_000))
    const size = { lines, distinctWords: Number(values.words) }
    const rounds = Number(values.rounds)
    const tally = await runConfiguration({ backend, parallelism, rounds, seed, size })
    const { kills, jobs, evictions, reads } = tally
    process.stdout.write(
      `${backend} × ${parallelism}: ${kills} kills, ${jobs} jobs exact` +
        (backend === 'rocksdb' ? `, up to ${evictions} evictions, ${reads} reads back` : '') +
        '\n',
    )
    if (backend === 'rocksdb' && (evictions === 0 || reads === 0)) {
      throw new Error('the state was meant to be larger than memory, but nothing was evicted')
    }
    for (const [point, count] of tally.perPoint) {
      totals.set(point, (totals.get(point) ?? 0) + count)
    }
  }
}
for (const point of MOMENTS) {
  process.stdout.write(`  ${point.padEnd(20)} ${totals.get(point) ?? 0}\n`)
}
