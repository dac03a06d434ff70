/** Planted bugs of rows in memory: where records lie, keys that lie in them, records in batches. */
import type { PlantedBug } from './bug.ts'

const ARENA = 'src/state/table/slot-arena.ts'
const FINDER = 'src/state/table/row-finder.ts'
const ADDER = 'src/state/table/number-adder.ts'
const BATCH = 'src/runtime/keyed-batch.ts'

export const rowBugs: readonly PlantedBug[] = [
  {
    name: 'place-taken-with-its-old-records',
    symptom: 'where another shard was, its records are found again',
    file: ARENA,
    find: '    } else segment.lanes.fill(0, base, base + lanes)\n',
    replace: '    }\n',
  },
  {
    name: 'two-shards-at-one-place',
    symptom: 'a shard that grows writes over the records of another',
    file: ARENA,
    find: '      segment.unusedFrom += lanes\n',
    replace: '      segment.unusedFrom += segment.used > 1 ? 0 : lanes\n',
  },
  {
    name: 'moved-shard-not-noted',
    symptom: 'rows of a shard that has grown are looked for where it was',
    file: FINDER,
    find: 'if (this.places.note(shardIndex, shard)) this.ahead.forget()',
    replace: 'if (shard.count === 1) this.places.note(shardIndex, shard)',
  },
  {
    name: 'text-key-of-another-row',
    symptom: 'of a row that was loaded for another key the former key is told',
    file: FINDER,
    find: '    this.#key = key\n    this.#routeHash = routeHash\n    const slot',
    replace: '    const slot',
  },
  {
    name: 'row-found-ahead-in-the-former-shard',
    symptom: 'what lies beside the record of a row is looked for in the shard of the row before it',
    file: 'src/state/table/look-ahead.ts',
    find: '    into.shard = into.shards[index]\n',
    replace: '    into.shard ??= into.shards[index]\n',
  },
  {
    name: 'many-sums-not-dirty',
    symptom: 'sums that were added many at a time are as they were before, after a restore',
    file: ADDER,
    find: '      if (words[row * 2 + WORD_EPOCH] !== epoch) return at\n',
    replace: '',
  },
  {
    name: 'batch-keeps-old-hashes',
    symptom: 'a word is looked for by the hash of the one that had its place in the batch before',
    file: BATCH,
    find: '    this.#hashed[at] = hash === undefined ? 0 : OF_VALUE\n',
    replace: '    if (hash !== undefined) this.#hashed[at] = OF_VALUE\n',
  },
  {
    name: 'batch-keeps-old-inputs',
    symptom: 'a record of the first input is taken for one of the second',
    file: BATCH,
    find: '    this.inputs[at] = input\n',
    replace: '    if (input > 0) this.inputs[at] = input\n',
  },
  {
    name: 'batch-begins-over-what-waits',
    symptom: 'values that are taken together lie over those that were gathered before',
    file: BATCH,
    find: 'const [into, timestamps, before] = [this.values, this.timestamps, start - from]',
    replace: 'const [into, timestamps, before] = [this.values, this.timestamps, start]',
  },
]
