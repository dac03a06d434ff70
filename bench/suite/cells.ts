/**
 * The cells: words counted (W1), sums by key (W2), maps and lists (W3), the exchange alone (W6) and
 * the start of a process (W9). In memory, 10 million records or more; where RocksDB holds state,
 * mostly fewer, for it is slower by a multiple. Those of large state (W4, W7)
 * and of latency (W8) are in `state-cells.ts`,
 * those of Nexmark (W5) in `nexmark-cells.ts`.
 */
import type { Cell, Contender, Work } from './contract.ts'
import { nexmarkCells } from './nexmark-cells.ts'
import { W4, W7, W8 } from './state-cells.ts'

const M = 1_000_000

const memory = { backend: 'memory', parallelism: 1 } as const
const rocksdb = { backend: 'rocksdb', parallelism: 1 } as const

const MILLRACE: Contender = { name: 'Millrace', engine: 'millrace', ...memory }
const WITH_WORDS: Contender = { name: 'Millrace, words()', engine: 'millrace-words', ...memory }
const FLINK: Contender = { name: 'Flink, heap', engine: 'flink', ...memory }
const BY_HAND: Contender = { name: 'a loop and a Map, by hand', engine: 'by-hand', ...memory }
const TABLES: Contender = { name: 'a loop and typed arrays, by hand', engine: 'tables', ...memory }
const RXJS: Contender = { name: 'RxJS', engine: 'rxjs', ...memory, oneIn: 10 }
const D2TS: Contender = {
  name: 'd2ts, by 1000 records',
  engine: 'd2ts',
  ...memory,
  oneIn: 20,
  isBatched: true,
}
const ON_ROCKSDB: readonly Contender[] = [
  { name: 'Millrace, rocksdb', engine: 'millrace', ...rocksdb },
  { name: 'Flink, RocksDB', engine: 'flink', ...rocksdb },
]

/** Those that can use two workers, with two. */
function withTwo(contenders: readonly Contender[]): readonly Contender[] {
  return contenders
    .filter(({ engine }) => ['millrace', 'millrace-words', 'flink'].includes(engine))
    .map((contender) => ({ ...contender, name: `${contender.name}, 2`, parallelism: 2 }))
}

function cell(
  name: string,
  title: string,
  [work, records, keys]: readonly [Work, number, number],
  contenders: readonly Contender[],
): Cell {
  return { name, title, work, records, keys, contenders }
}

const WORDS = ['words', 20 * M, 0] as const
const IN_MEMORY = [MILLRACE, FLINK, TABLES, BY_HAND]

const W1: readonly Cell[] = [
  cell('w1/words', 'word count', WORDS, [...IN_MEMORY, RXJS, D2TS]),
  cell('w1/words-2', 'word count, two workers', WORDS, withTwo(IN_MEMORY)),
  cell('w1/built-in', 'word count with words()', WORDS, [WITH_WORDS, FLINK, TABLES, BY_HAND]),
  cell(
    'w1/built-in-2',
    'word count with words(), two workers',
    WORDS,
    withTwo([WITH_WORDS, FLINK]),
  ),
  cell('w1/words-rocksdb', 'word count, RocksDB', ['words', 5 * M, 0], ON_ROCKSDB),
]

const W2: readonly Cell[] = [
  cell('w2/100k', 'sums, 100 k number keys', ['sum-number', 20 * M, M / 10], IN_MEMORY),
  cell('w2/1m', 'sums, 1 M number keys', ['sum-number', 20 * M, M], [...IN_MEMORY, RXJS, D2TS]),
  cell('w2/10m', 'sums, 10 M number keys', ['sum-number', 40 * M, 10 * M], IN_MEMORY),
  cell(
    'w2/1m-2',
    'sums, 1 M number keys, two workers',
    ['sum-number', 20 * M, M],
    withTwo(IN_MEMORY),
  ),
  cell(
    'w2/1m-string',
    'sums, 1 M string keys',
    ['sum-string', 10 * M, M],
    [MILLRACE, FLINK, BY_HAND],
  ),
  cell(
    'w2/100k-rocksdb',
    'sums, 100 k number keys, RocksDB',
    ['sum-number', 5 * M, M / 10],
    ON_ROCKSDB,
  ),
  cell('w2/1m-rocksdb', 'sums, 1 M number keys, RocksDB', ['sum-number', 5 * M, M], ON_ROCKSDB),
  cell(
    'w2/10m-rocksdb',
    'sums, 10 M number keys, RocksDB',
    ['sum-number', 20 * M, 10 * M],
    ON_ROCKSDB,
  ),
  cell(
    'w2/1m-2-rocksdb',
    'sums, 1 M number keys, two workers, RocksDB',
    ['sum-number', 5 * M, M],
    withTwo(ON_ROCKSDB),
  ),
  cell(
    'w2/1m-string-rocksdb',
    'sums, 1 M string keys, RocksDB',
    ['sum-string', 5 * M, M],
    ON_ROCKSDB,
  ),
]

const W3: readonly Cell[] = [
  cell(
    'w3/map',
    'maps of 100 entries, 10 k keys',
    ['map', 10 * M, M / 100],
    [MILLRACE, FLINK, BY_HAND],
  ),
  cell(
    'w3/list',
    'lists up to 100, 10 k keys',
    ['list', 10 * M, M / 100],
    [MILLRACE, FLINK, BY_HAND],
  ),
  cell(
    'w3/map-rocksdb',
    'maps of 100 entries, 10 k keys, RocksDB',
    ['map', 4 * M, M / 100],
    ON_ROCKSDB,
  ),
  cell(
    'w3/list-rocksdb',
    'lists up to 100, 10 k keys, RocksDB',
    ['list', 4 * M, M / 100],
    ON_ROCKSDB,
  ),
]

const W6: readonly Cell[] = [
  cell(
    'w6/exchange',
    'from two workers to two by key, no state',
    ['exchange', 20 * M, M],
    withTwo([MILLRACE, FLINK]),
  ),
]

const W9: readonly Cell[] = [
  cell(
    'w9/start',
    'from the start of a process to its first result',
    ['start', 1, 0],
    [
      MILLRACE,
      { ...FLINK, name: 'Flink, a cluster in a fresh process' },
      { ...BY_HAND, name: 'Node.js alone' },
      { name: 'RxJS', engine: 'rxjs', ...memory },
    ],
  ),
]

export const SUITES: Readonly<Record<string, readonly Cell[]>> = {
  w1: W1,
  w2: W2,
  w3: W3,
  w4: W4,
  w5: nexmarkCells([MILLRACE, FLINK]),
  w6: W6,
  w7: W7,
  w8: W8,
  w9: W9,
}
