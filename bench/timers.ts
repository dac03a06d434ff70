/**
 * What timers cost without a job around them: a million pending ones, each of a key of its own, set
 * one by one and fired in bursts. Each is set for the key that is selected, and its key is selected
 * when it fires, as for a record. Rates are per second of this thread's processor time.
 */
import { join } from 'node:path'
import type { KeyedStateBackend, KeyedStateTable, StateBackend } from '../src/state/backend.ts'
import { hashmap } from '../src/state/hashmap/index.ts'
import { rocksdb } from '../src/state/rocksdb/index.ts'
import { LocalScratch } from '../src/storage/scratch-local.ts'
import { eventTimer, type TimerSchema } from '../src/time/descriptors.ts'
import { routeHash } from '../src/types/keys.ts'
import { t } from '../src/types/t.ts'
import { SeededRandom } from '../src/util/random.ts'
import { benchmark, type Figure, inFolder, type Measures, type Rounds } from './lib.ts'

const MAX_PARALLELISM = 128
const TIMERS = 1_000_000
const BURST = 1024
const PASSES = 3
const PLENTY_BYTES = 4 * 1024 ** 3
const SHORT_BYTES = 64 * 1024 ** 2
const DECLARED: TimerSchema = { close: eventTimer(t.struct({ reason: t.string })) }

interface Subject {
  readonly backend: KeyedStateBackend
  readonly table: KeyedStateTable
}

async function open(choice: StateBackend, folder: string, memoryBytes: number): Promise<Subject> {
  const backend = choice.create({
    keyGroups: { start: 0, end: MAX_PARALLELISM - 1 },
    maxParallelism: MAX_PARALLELISM,
    memoryBytes,
    scratch: new LocalScratch(join(folder, 'scratch')),
    monotonic: () => performance.now(),
  })
  const table = backend.register({
    record: { id: 1, uid: 'timers', states: [] },
    keyType: t.dynamic(),
    descriptors: {},
    timers: DECLARED,
  })
  await backend.open()
  return { backend, table }
}

/** Keys and times, made before anything is measured. */
class Stream {
  readonly keys: unknown[] = []
  readonly hashes = new Int32Array(TIMERS)
  readonly times = new Float64Array(TIMERS)

  constructor(kind: 'number' | 'string', timeOf: (random: SeededRandom) => number) {
    const random = new SeededRandom(1)
    for (let at = 0; at < TIMERS; at++) {
      const number = ((at * 7919) % TIMERS) * 3
      this.keys.push(kind === 'number' ? number : `user-${number}`)
      this.hashes[at] = routeHash(this.keys[at])
      this.times[at] = timeOf(random)
    }
  }
}

const spread = (random: SeededRandom): number => random.int(3_600_000)
const together = (): number => 3_600_000

function register({ table }: Subject, stream: Stream, name: string, payload?: unknown): void {
  const { keys, hashes, times } = stream
  for (let at = 0; at < TIMERS; at++) {
    table.select(keys[at], hashes[at] as number) // as many as keys, as below
    table.timers.register('event-time', times[at] as number, name, payload)
  }
  table.deselect()
}

function fire({ table }: Subject): { fired: number; worstMs: number } {
  let [fired, worstMs, isMore] = [0, 0, true]
  while (isMore) {
    const startMs = performance.now()
    isMore = table.timers.advance('event-time', 3_600_000, BURST, (_domain, key, hash) => {
      table.select(key, hash)
      fired++
    })
    worstMs = Math.max(worstMs, performance.now() - startMs)
  }
  table.deselect()
  return { fired, worstMs }
}

function threadSeconds(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1e6
}

/** The best pass but the first, which warms up. */
async function measured(
  subject: Subject,
  stream: Stream,
  name = '',
  payload?: unknown,
): Promise<Measures> {
  let [set, due, worst] = [0, 0, Number.POSITIVE_INFINITY]
  for (let pass = 0; pass < PASSES; pass++) {
    const start = threadSeconds()
    register(subject, stream, name, payload)
    const between = threadSeconds()
    const { fired, worstMs } = fire(subject)
    const end = threadSeconds()
    if (fired !== TIMERS) throw new Error(`${fired} timers fired`)
    if (pass === 0) continue
    set = Math.max(set, TIMERS / 1e6 / (between - start))
    due = Math.max(due, TIMERS / 1e6 / (end - between))
    worst = Math.min(worst, worstMs)
  }
  await subject.backend.close()
  return { set, due, worst }
}

function inMemory(kind: 'number' | 'string', timeOf: (random: SeededRandom) => number) {
  return (): Promise<Measures> =>
    inFolder(async (folder) =>
      measured(await open(hashmap(), folder, PLENTY_BYTES), new Stream(kind, timeOf)),
    )
}

function named(): Promise<Measures> {
  return inFolder(async (folder) => {
    const subject = await open(hashmap(), folder, PLENTY_BYTES)
    return measured(subject, new Stream('number', spread), 'close', { reason: 'idle' })
  })
}

/** An eighth of the timers fit in memory. */
function short(): Promise<Measures> {
  return inFolder(async (folder) => {
    const choice = rocksdb({ blockCache: '4 MB', writeBufferSize: '4 MB' })
    const subject = await open(choice, folder, SHORT_BYTES)
    const stream = new Stream('number', spread)
    const start = threadSeconds()
    register(subject, stream, '')
    const between = threadSeconds()
    const { fired, worstMs } = fire(subject)
    const end = threadSeconds()
    if (fired !== TIMERS) throw new Error(`${fired} timers fired`)
    await subject.backend.close()
    const [set, due] = [TIMERS / 1e6 / (between - start), TIMERS / 1e6 / (end - between)]
    return { set, due, worst: worstMs }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  const of = (name: string, measure: string, isGoal: boolean): readonly Figure[] => [
    {
      name: `1M timers, ${name}: ${measure === 'set' ? 'set' : 'fire'}`,
      values: rounds.values(name, measure),
      unit: 'M/s',
      ...(isGoal ? { target: { atLeast: 1 } } : {}),
    },
  ]
  return NAMES.flatMap((name) => [
    ...of(name, 'set', !INFORMATION.has(name)),
    ...of(name, 'due', !INFORMATION.has(name)),
    { name: `  its longest burst of ${BURST}`, values: rounds.values(name, 'worst'), unit: 'ms' },
  ])
}

const NAMED = 'named, with payload'
const SHORT = 'rocksdb, an eighth in memory'
const INFORMATION: ReadonlySet<string> = new Set([NAMED, SHORT])
const CONTENDERS = {
  'number keys': inMemory('number', spread),
  'string keys': inMemory('string', spread),
  'all at one time': inMemory('number', together),
  [NAMED]: named,
  [SHORT]: short,
}
const NAMES = Object.keys(CONTENDERS)

await benchmark({ contenders: CONTENDERS, figures })
