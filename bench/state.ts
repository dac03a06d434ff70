/**
 * What keyed state costs without a job around it: select, read, add, write back, for keys in random
 * order; cuts of many rows. hashmap beside rocksdb with everything in memory, and with a tenth of
 * it. Rates are per second of this thread's processor time, for they are compared with each other
 * on machines that do other things too. Targets are those of the table alone.
 */
import { join } from 'node:path'
import type { KeyedStateBackend, KeyedStateTable, StateBackend } from '../src/state/backend.ts'
import { valueState } from '../src/state/descriptors.ts'
import type { ValueState } from '../src/state/handles.ts'
import { hashmap } from '../src/state/hashmap/index.ts'
import { rocksdb } from '../src/state/rocksdb/index.ts'
import { LocalScratch } from '../src/storage/scratch-local.ts'
import { routeHash } from '../src/types/keys.ts'
import { t } from '../src/types/t.ts'
import { SeededRandom } from '../src/util/random.ts'
import { benchmark, type Figure, inFolder, type Measures, type Rounds } from './lib.ts'

const MAX_PARALLELISM = 128
const OPERATIONS = 4_000_000
const PASSES = 4
const BATCH = 256
const PLENTY_BYTES = 4 * 1024 ** 3

interface Subject {
  readonly backend: KeyedStateBackend
  readonly table: KeyedStateTable
  readonly sum: ValueState<number, never>
}

async function open(choice: StateBackend, folder: string, memoryBytes: number): Promise<Subject> {
  const backend = choice.create({
    keyGroups: { start: 0, end: MAX_PARALLELISM - 1 },
    maxParallelism: MAX_PARALLELISM,
    memoryBytes,
    scratch: new LocalScratch(join(folder, 'scratch')),
    monotonic: () => performance.now(),
  })
  const type = t.float64.schema
  const table = backend.register({
    record: { id: 1, uid: 'sums', states: [{ id: 1, name: 'sum', kind: 'value', type }] },
    keyType: t.dynamic(),
    descriptors: { sum: valueState(t.float64, { initial: 0 }) },
  })
  await backend.open()
  return { backend, table, sum: table.handles['sum'] as ValueState<number, never> } // as declared
}

/** Keys in random order, as a stream hands them over, with their hashes. */
class Stream {
  readonly keys: unknown[] = []
  readonly hashes: Int32Array

  constructor(kind: 'number' | 'string', count: number, length: number) {
    const random = new SeededRandom(1)
    this.hashes = new Int32Array(length)
    for (let at = 0; at < length; at++) {
      const number = (length === count ? at : random.int(count)) * 7919
      const key = kind === 'number' ? number : `user-${number}`
      this.keys.push(key)
      this.hashes[at] = routeHash(key)
    }
  }
}

function addAll({ table, sum }: Subject, { keys, hashes }: Stream): void {
  for (let at = 0; at < keys.length; at++) {
    table.select(keys[at], hashes[at] as number) // as many hashes as keys
    sum.update(sum.value() + 0.5)
  }
  table.deselect()
}

/** The same in batches that are prefetched, as a job does where the backend says so. */
function addBatches(subject: Subject, { keys, hashes }: Stream): number {
  let worstMs = 0
  for (let from = 0; from < keys.length; from += BATCH) {
    const startMs = performance.now()
    const batch = keys.slice(from, from + BATCH)
    const part = hashes.subarray(from, from + batch.length)
    subject.table.prefetch(batch, part, batch.length)
    for (let at = 0; at < batch.length; at++) {
      subject.table.select(batch[at], part[at] as number) // as above
      subject.sum.update(subject.sum.value() + 0.5)
    }
    worstMs = Math.max(worstMs, performance.now() - startMs)
  }
  subject.table.deselect()
  return worstMs
}

function threadSeconds(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1e6
}

/** Millions per second of the best pass but the first, which warms up. */
function rate(count: number, pass: () => void): number {
  let best = 0
  for (let round = 0; round < PASSES; round++) {
    const start = threadSeconds()
    pass()
    const seconds = threadSeconds() - start
    if (round > 0) best = Math.max(best, count / 1e6 / seconds)
  }
  return best
}

function sums(choice: () => StateBackend, kind: 'number' | 'string', keys: number) {
  return (): Promise<Measures> =>
    inFolder(async (folder) => {
      const subject = await open(choice(), folder, PLENTY_BYTES)
      addAll(subject, new Stream(kind, keys, keys))
      const stream = new Stream(kind, keys, OPERATIONS)
      const perSecond = rate(OPERATIONS, () => addAll(subject, stream))
      await subject.backend.close()
      return { perSecond }
    })
}

/** Everything of a cut, its rate and longest slice. */
function consume({ backend }: Subject): { entries: number; perSecond: number; worstMs: number } {
  const cut = backend.cut()
  let [entries, worstMs] = [0, 0]
  const start = threadSeconds()
  let sliceMs = performance.now()
  for (const entry of cut.entries()) {
    if (entry !== undefined) {
      entries++
      continue
    }
    const nowMs = performance.now()
    worstMs = Math.max(worstMs, nowMs - sliceMs)
    sliceMs = nowMs
  }
  const perSecond = entries / 1e6 / (threadSeconds() - start)
  cut.confirm()
  return { entries, perSecond, worstMs }
}

function cuts(kind: 'number' | 'string') {
  return (): Promise<Measures> =>
    inFolder(async (folder) => {
      const keys = 1_000_000
      const subject = await open(hashmap(), folder, PLENTY_BYTES)
      const all = new Stream(kind, keys, keys)
      const some = new Stream(kind, keys, keys / 100)
      addAll(subject, all)
      const first = consume(subject)
      addAll(subject, all)
      const whole = consume(subject)
      let changed = first
      const start = threadSeconds()
      for (let round = 0; round < 10; round++) {
        addAll(subject, some)
        changed = consume(subject)
      }
      const changedMs = ((threadSeconds() - start) * 1e3) / 10
      await subject.backend.close()
      return {
        wholePerSecond: whole.perSecond,
        wholeWorstMs: whole.worstMs,
        changedEntries: changed.entries,
        changedMs,
        changedWorstMs: changed.worstMs,
      }
    })
}

/** A tenth of the rows fit: most records bring one in and let one go. */
function short(): Promise<Measures> {
  return inFolder(async (folder) => {
    const keys = 500_000
    const choice = rocksdb({ blockCache: '4 MB', writeBufferSize: '4 MB' })
    const memoryBytes = 8 * 1024 ** 2 + keys * 0.1 * 64
    const subject = await open(choice, folder, memoryBytes)
    addBatches(subject, new Stream('number', keys, keys))
    const stream = new Stream('number', keys, keys)
    const start = performance.now()
    const worstMs = addBatches(subject, stream)
    const perSecond = keys / 1e6 / ((performance.now() - start) / 1e3)
    const { evictions, coldReads, prefetchedReads } = subject.backend.statistics
    await subject.backend.close()
    return { perSecond, worstMs, evictions, reads: coldReads + prefetchedReads }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  const of = (
    name: string,
    contender: string,
    measure: string,
    unit: string,
    target?: Figure['target'],
  ): Figure => ({
    name,
    values: rounds.values(contender, measure),
    unit,
    ...(target === undefined ? {} : { target }),
  })
  const share = (kind: string): Figure => {
    const base = rounds.values(`hashmap ${kind}`, 'perSecond')
    const rock = rounds.values(`rocksdb ${kind}`, 'perSecond')
    const values = rock.map((value, round) => value / (base[round] ?? value))
    return { name: `rocksdb, all in memory: ${kind}`, values, unit: '× hashmap', target: SHARE }
  }
  const rates = ['number 1M', 'string 1M', 'string 100k'].flatMap((kind) => [
    of(`hashmap: ${kind}`, `hashmap ${kind}`, 'perSecond', 'M/s', {
      atLeast: kind === 'number 1M' ? 8 : 2,
    }),
    share(kind),
  ])
  return [
    ...rates,
    of('rocksdb, a tenth in memory: number 500k', 'short', 'perSecond', 'M/s'),
    of('  its longest batch of 256', 'short', 'worstMs', 'ms'),
    of('  rows that left', 'short', 'evictions', ''),
    of('  rows that were read back', 'short', 'reads', ''),
    ...(['number', 'string'] as const).flatMap((kind) => [
      of(`cut of 1M rows, all changed: ${kind}`, `cut ${kind}`, 'wholePerSecond', 'M/s', {
        atLeast: 1,
      }),
      of('  its longest slice', `cut ${kind}`, 'wholeWorstMs', 'ms', { atMost: 8 }),
      of(`cut of 1M rows, 1 % changed: ${kind}`, `cut ${kind}`, 'changedMs', 'ms'),
      of('  its longest slice', `cut ${kind}`, 'changedWorstMs', 'ms', { atMost: 8 }),
    ]),
  ]
}

const SHARE = { atLeast: 0.6 }

await benchmark({
  contenders: {
    'hashmap number 1M': sums(hashmap, 'number', 1_000_000),
    'rocksdb number 1M': sums(rocksdb, 'number', 1_000_000),
    'hashmap string 1M': sums(hashmap, 'string', 1_000_000),
    'rocksdb string 1M': sums(rocksdb, 'string', 1_000_000),
    'hashmap string 100k': sums(hashmap, 'string', 100_000),
    'rocksdb string 100k': sums(rocksdb, 'string', 100_000),
    short,
    'cut number': cuts('number'),
    'cut string': cuts('string'),
  },
  figures,
})
