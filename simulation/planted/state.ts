/** Planted bugs of state in memory and below it: dirty rows, cuts, eviction, spilling. */
import type { PlantedBug } from './bug.ts'

const ROWS = 'src/state/table/row-store.ts'
const EVICTOR = 'src/state/table/evictor.ts'
const PACKED = 'src/state/table/packed-map-collection.ts'
const MAP = 'src/state/table/map-collection.ts'

export const stateBugs: readonly PlantedBug[] = [
  {
    name: 'row-not-preserved-for-a-cut',
    symptom: 'a row that changes while its checkpoint is written is missing from it',
    file: ROWS,
    find: '    if (this.cuts.isNeeded)\n      this.cuts.preserveRow(',
    replace: '    if (this.cuts.isNeeded && this.group.isRestoring)\n      this.cuts.preserveRow(',
  },
  {
    name: 'item-not-preserved-for-a-cut',
    symptom: 'a map entry that changes while its checkpoint is written is missing from it',
    file: ROWS,
    find:
      '    if (this.cuts.isNeeded) this.cuts.preserveItem(item)\n' +
      '    item.flags |= ITEM_STALE\n',
    replace: '    item.flags |= ITEM_STALE\n',
  },
  {
    name: 'packed-entry-not-dirty',
    symptom: 'a number in a map that was set anew has its old value after a recovery',
    file: PACKED,
    find:
      'if (entries.words[word + ENTRY_EPOCH] !== this.#host.epoch) this.#touch(at)\n' +
      '    const mark',
    replace: 'if (found < 0) this.#touch(at)\n    const mark',
  },
  {
    name: 'folded-number-not-dirty',
    symptom: 'what a window counted after a checkpoint is missing after a recovery',
    file: PACKED,
    find: '    if (this.epochAt(at) !== this.#host.epoch) this.#touch(at)\n',
    replace: '',
  },
  {
    name: 'folded-entry-not-dirty',
    symptom: 'what a window folded into an object after a checkpoint is missing after a recovery',
    file: 'src/state/table/map-handles.ts',
    find: '    if (isObject && by.changesInPlace) held.touch(item)\n',
    replace: '',
  },
  {
    name: 'packed-entry-forgotten-with-its-tombstone',
    symptom: 'numbers that were deleted from a map are back after a recovery',
    file: PACKED,
    find: 'if ((entries.flagsAt(at) & ENTRY_BELOW) === 0) this.#remove(at)',
    replace: 'if (this.#live >= 0) this.#remove(at)',
  },
  {
    name: 'packed-entry-left-behind-a-hole',
    symptom: 'a number in a map is not found any more once another one was deleted',
    file: 'src/state/table/packed-entries.ts',
    find:
      '      this.#copy(this.words, base + next * stride, base + hole * stride)\n' +
      '      hole = next\n',
    replace: '      break\n',
  },
  {
    name: 'deleted-entry-not-dirty',
    symptom: 'map entries that were deleted are back after a recovery',
    file: MAP,
    find: '    this.touch(item)\n    if (!item.isDead) this.#live--\n',
    replace: '    if (!item.isDead) this.#live--\n',
  },
  {
    name: 'few-entries-lost-when-they-become-many',
    symptom: 'a map that grows has only the entries that came after the first four',
    file: 'src/state/table/item-index.ts',
    find: 'this.#many ??= new Map(few.map((each) => [each.key, each]))',
    replace: 'this.#many ??= new Map()',
  },
  {
    name: 'entry-missed-for-ever',
    symptom: 'a map entry is not found where the map was asked for it before it was set',
    file: 'src/state/table/item-index.ts',
    find: '    this.#last = item\n    this.#missed = NONE_MISSED\n',
    replace: '    this.#last = item\n',
  },
  {
    name: 'held-element-from-its-former-place',
    symptom: 'a list that is updated with a new first element has the old one there',
    file: 'src/types/collections.ts',
    find: 'copy.push(isNear(held, index, item) ? item : element.isolate(item))',
    replace: 'copy.push(isNear(held, index, item) ? (held[index] as T) : element.isolate(item))',
  },
  {
    name: 'number-in-place-not-dirty',
    symptom: 'counts that go on after a checkpoint are those of the checkpoint after a recovery',
    file: 'src/state/table/scalar-handles.ts',
    find: 'if (isNumber && words[at * 2 + WORD_EPOCH] === epoch) return at + this.lane',
    replace: 'if (isNumber) return at + this.lane',
  },
  {
    name: 'list-growth-not-dirty',
    symptom: 'elements added to a list are missing after a recovery',
    file: 'src/state/table/list-collection.ts',
    find: '      this.#touch(chunk)\n      elementsOf(chunk).push(value)\n',
    replace: '      elementsOf(chunk).push(value)\n',
  },
  {
    name: 'list-read-is-the-state-itself',
    symptom: 'a list that was read and kept changes with the state, or freezes it',
    file: 'src/state/table/list-collection.ts',
    find: 'return this.#elements(0).slice()',
    replace: 'return this.#elements(0)',
  },
  {
    name: 'moved-rows-not-marked',
    symptom: 'rows that move when a table grows are missing from the next checkpoint',
    file: 'src/state/table/shard.ts',
    find:
      '    if ((target.touchedBlocks[block] as number) < epoch) ' +
      'target.touchedBlocks[block] = epoch\n',
    replace: '',
  },
  {
    name: 'cleared-collection-not-marked',
    symptom: 'what a collection held before it was cleared is back after a recovery',
    file: 'src/state/table/collection.ts',
    find:
      '      this.cleared ??= new Item(this, undefined, undefined, ITEM_DEAD | ITEM_RANGE)\n' +
      '      if (this.cleared.epoch !== host.epoch) host.touchItem(this.cleared)\n',
    replace: '',
  },
  {
    name: 'eviction-drops-a-dirty-row',
    symptom: 'rows that leave memory before their checkpoint are missing from it',
    file: EVICTOR,
    find: 'if ((shard.words[word + WORD_EPOCH] as number) > this.#confirmedEpoch()) {',
    replace: 'if ((shard.words[word + WORD_EPOCH] as number) > this.#confirmedEpoch() + 1) {',
  },
  {
    name: 'eviction-drops-a-dirty-item',
    symptom: 'map entries that leave memory before their checkpoint are missing from it',
    file: EVICTOR,
    find: 'if (item.epoch > this.#confirmedEpoch()) table.cuts.encodeItem(this.#spilled, item)',
    replace: 'if (item.epoch < this.#confirmedEpoch()) table.cuts.encodeItem(this.#spilled, item)',
  },
  {
    name: 'evicted-row-not-preserved-for-a-cut',
    symptom: 'a row that leaves memory while its checkpoint is written is missing from it',
    file: EVICTOR,
    find: '    table.cuts.preserveRow(shard, slot, shardIndex)\n',
    replace: '',
  },
  {
    name: 'evicted-clear-not-written',
    symptom: 'what a collection held before it was cleared is back when its row is read again',
    file: EVICTOR,
    find: '    if ((flags & ITEM_STALE) === 0) return false\n    this.#deleteAll(table, owner)\n',
    replace: '    if ((flags & ITEM_STALE) === 0) return false\n',
  },
  {
    name: 'spilled-version-wins',
    symptom: 'a checkpoint holds the value a row had when it left memory, not the newest',
    file: 'src/state/runs/snapshot-writer.ts',
    find: 'const held = new IterableCursor(spilled.length, entries)',
    replace: 'const held = new IterableCursor(-1, entries)',
  },
  {
    name: 'spill-of-an-aborted-cut-on-top',
    symptom: 'after a failed checkpoint an older value wins over a newer one',
    file: 'src/state/table/spill.ts',
    find: '[...segments, ...this.#segments].toSorted((a, b) => a.number - b.number)',
    replace: '[...this.#segments, ...segments]',
  },
  {
    name: 'write-batch-in-the-wrong-order',
    symptom: 'an entry that was put after a clear is gone from the store below',
    file: EVICTOR,
    find:
      '      if (collection.cleared !== undefined) {\n' +
      '        if (this.#evictClearMark(table, collection, collection.cleared)) isStale = true\n' +
      '      }\n      for (const item of collection.items()) {\n' +
      '        if (this.#evictItem(table, item)) isStale = true\n        items++\n      }\n',
    replace:
      '      for (const item of collection.items()) {\n' +
      '        if (this.#evictItem(table, item)) isStale = true\n        items++\n      }\n' +
      '      if (collection.cleared !== undefined) {\n' +
      '        if (this.#evictClearMark(table, collection, collection.cleared)) isStale = true\n' +
      '      }\n',
  },
  {
    name: 'changed-entry-not-written-below',
    symptom: 'a map entry that has left memory has an older value when it is read again',
    file: ROWS,
    find: '    item.flags |= ITEM_STALE\n    this.#noteChange(item)\n',
    replace: '    this.#noteChange(item)\n',
  },
  {
    name: 'unloaded-row-comes-back-empty-handed',
    symptom: 'state deleted right after a recovery is back a moment later',
    file: 'src/state/table/lazy-rows.ts',
    find: 'if (entries.length > 0) this.#loader.addRow(table, entries, ROW_RECORDED)',
    replace: 'if (entries.length > 0) this.#loader.addRow(table, entries, 0)',
  },
]
