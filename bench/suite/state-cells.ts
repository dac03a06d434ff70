/**
 * The cells whose state is large: checkpoints of a gigabyte, and what is restored from them (W4);
 * sums whose state is ten times as large as memory (W7); and how long records take through a job
 * that writes checkpoints (W8).
 */
import type { Cell, Contender, Measure } from './contract.ts'

const M = 1_000_000

const memory = { backend: 'memory', parallelism: 1 } as const
const rocksdb = { backend: 'rocksdb', parallelism: 1 } as const

const IN_MEMORY: readonly Contender[] = [
  { name: 'Millrace', engine: 'millrace', ...memory },
  { name: 'Flink, heap', engine: 'flink', ...memory },
]
const ON_ROCKSDB: readonly Contender[] = [
  { name: 'Millrace, rocksdb', engine: 'millrace', ...rocksdb },
  { name: 'Flink, RocksDB', engine: 'flink', ...rocksdb },
]

/** All in milliseconds; a gap is the longest time in which no record came meanwhile. */
const SNAPSHOT_MEASURES: readonly Measure[] = [
  { name: 'full', title: 'full checkpoint' },
  { name: 'full-gap', title: '… longest time without a record' },
  { name: 'changed', title: 'checkpoint, 1 % of keys changed' },
  { name: 'changed-gap', title: '… longest time without a record' },
  { name: 'savepoint', title: 'savepoint' },
  { name: 'savepoint-gap', title: '… longest time without a record' },
  { name: 'quiet-gap', title: 'longest time without a record, no snapshot', unit: 'ms' },
  { name: 'restored', title: 'restored: first answer' },
  { name: 'restored-all', title: '… answers of 1 % of the keys' },
  { name: 'rescaled', title: 'restored on twice the workers: first answer' },
  { name: 'rescaled-all', title: '… answers of 1 % of the keys' },
]

/** A record is a key here, with a text of a hundred bytes. */
const snapshots = { work: 'snapshots', records: 10 * M, keys: 0 } as const

export const W4: readonly Cell[] = [
  {
    name: 'w4/rocksdb',
    title: 'snapshots, RocksDB',
    ...snapshots,
    measures: SNAPSHOT_MEASURES,
    contenders: ON_ROCKSDB,
  },
  {
    name: 'w4/memory',
    title: 'snapshots, in memory',
    ...snapshots,
    measures: SNAPSHOT_MEASURES,
    contenders: IN_MEMORY,
  },
]

/** The load is half of each contender's own peak, which is measured first. */
const LATENCY_MEASURES: readonly Measure[] = [
  { name: 'p50', title: 'latency, p50' },
  { name: 'p99', title: 'latency, p99' },
  { name: 'p99.99', title: 'latency, p99.99' },
  { name: 'max', title: 'latency, the longest' },
  { name: 'load', title: 'load, half of the peak', unit: 'k records/s' },
]
/** At most; else as many as are due in the time of a run. */
const paced = { work: 'latency', records: 1_000 * M, keys: M, measures: LATENCY_MEASURES } as const

export const W8: readonly Cell[] = [
  {
    name: 'w8/memory',
    title: 'sums, 1 M keys, checkpoints each second, half of the peak',
    ...paced,
    contenders: IN_MEMORY,
  },
  {
    name: 'w8/rocksdb',
    title: 'sums, 1 M keys, checkpoints each second, half of the peak, RocksDB',
    ...paced,
    contenders: ON_ROCKSDB,
  },
]

/** A key for two records, with a text of a hundred bytes. */
const larger = { records: 2 * M, keys: 0, contenders: ON_ROCKSDB } as const

export const W7: readonly Cell[] = [
  {
    name: 'w7/uniform',
    title: 'sums with texts, ten times the memory, uniform keys',
    work: 'text-sums-uniform',
    ...larger,
  },
  {
    name: 'w7/zipf',
    title: 'sums with texts, ten times the memory, Zipf 0.99',
    work: 'text-sums-zipf',
    ...larger,
  },
]
