/** Planted bugs of runs: merges, filters, look-ups, ranges of key groups, types of older ages. */
import type { PlantedBug } from './bug.ts'

const SNAPSHOTS = 'src/runtime/task-snapshots.ts'

export const runBugs: readonly PlantedBug[] = [
  {
    name: 'blocks-in-the-order-they-are-sealed',
    symptom: 'keys of a run are out of order',
    file: 'src/state/runs/sealing-queue.ts',
    find: 'const batch = this.#batches.shift()',
    replace: 'const batch = this.#batches.pop()',
  },
  {
    name: 'block-changes-while-it-is-sealed',
    symptom: 'a run holds a block twice, and lacks another one',
    file: 'src/state/runs/sealing-queue.ts',
    find: 'this.#blocks = undefined',
    replace: 'blocks?.reset()',
  },
  {
    name: 'rows-encoded-over-rows-that-are-read',
    symptom: 'a run lacks rows, and has others twice',
    file: 'src/state/table/collect.ts',
    find: 'parts.push(rows.sorted())',
    replace: 'parts.push(rows.sorted())\n      cut.giveBack(rows)',
  },
  {
    name: 'row-behind-a-cut-encoded-again',
    symptom: 'a checkpoint has a row twice',
    file: 'src/state/table/table-cut.ts',
    find: 'shardIndex === this.nextShard && slot >= this.nextSlot',
    replace: 'shardIndex === this.nextShard && slot >= 0',
  },
  {
    name: 'block-told-by-the-one-before',
    symptom: 'a row is looked for in the wrong block, or a block is found damaged',
    file: 'src/state/runs/block-index.ts',
    find: 'if (at === this.#newestAt) return this.#newest',
    replace: 'if (at === this.#newestAt || at === this.#newestAt + 1) return this.#newest',
  },
  {
    name: 'first-key-compared-without-its-length',
    symptom: 'a look-up takes a row whose key goes on for the one that is asked for',
    file: 'src/state/runs/block-index.ts',
    find: 'return length - key.length',
    replace: 'return 0',
  },
  {
    name: 'older-run-wins-a-merge',
    symptom: 'values go back to older ones at a recovery',
    file: 'src/state/runs/merge-core.ts',
    find: '(comparison === 0 && cursor.age > other.age)',
    replace: '(comparison === 0 && cursor.age < other.age)',
  },
  {
    name: 'tombstone-dropped-too-early',
    symptom: 'deleted state comes back after a merge of newer runs',
    file: SNAPSHOTS,
    find: 'await this.#merge(this.#runs.slice(plan.from, plan.to), plan.from === 0)',
    replace: 'await this.#merge(this.#runs.slice(plan.from, plan.to), plan.to > 0)',
  },
  {
    name: 'merged-run-at-the-end',
    symptom: 'values that changed during a merge go back to older ones',
    file: SNAPSHOTS,
    find:
      'return [...runs.slice(0, from), merged.by, ' +
      '...runs.slice(from + merged.replaces.length)]',
    replace:
      'return [...runs.slice(0, from), ' +
      '...runs.slice(from + merged.replaces.length), merged.by]',
  },
  {
    name: 'merged-run-deleted',
    symptom: 'the newest checkpoint lacks a file',
    file: SNAPSHOTS,
    find: '    if (this.#runs.includes(merged.by)) return\n',
    replace: '',
  },
  {
    name: 'range-tombstone-loses-its-run',
    symptom: 'entries written after a clear are gone after a merge',
    file: 'src/state/runs/merge-core.ts',
    find: 'if (age < coverAge) return undefined',
    replace: 'if (age <= coverAge) return undefined',
  },
  {
    name: 'filter-probes-differ',
    symptom: 'a restored key has no state until it is loaded in the background',
    file: 'src/state/runs/filter.ts',
    find:
      '  const stride = scramble(probe) | 1\n  for (let count = 0; count < PROBES; ' +
      'count++) {\n    const',
    replace:
      '  const stride = scramble(probe)\n  for (let count = 0; count < PROBES; ' +
      'count++) {\n    const',
  },
  {
    name: 'look-up-finds-the-oldest-version',
    symptom: 'a key that is read right after a recovery has an older value',
    file: 'src/state/runs/run-lookups.ts',
    find: 'for (let index = this.#runs.length - 1; index >= 0; index--) {',
    replace: 'for (let index = 0; index < this.#runs.length; index++) {',
  },
  {
    name: 'key-groups-off-by-one',
    symptom: 'after a rescale two subtasks hold a key group: its timers fire twice',
    file: 'src/state/key-groups.ts',
    find: 'Math.floor((subtaskIndex * maxParallelism + parallelism - 1) / parallelism)',
    replace: 'Math.floor((subtaskIndex * maxParallelism) / parallelism)',
  },
  {
    name: 'last-key-group-not-restored',
    symptom: 'a rescale loses the state of a key group of each subtask',
    file: 'src/checkpoint/restore-plan.ts',
    find: 'const own = intersect(task.keyGroups, keyGroups)',
    replace:
      'const own = intersect(task.keyGroups, ' +
      '{ start: keyGroups.start, end: Math.max(keyGroups.start, keyGroups.end - 1) })',
  },
  {
    name: 'age-of-a-type-off-by-one',
    symptom: 'state of an older version of the job is read as if it were of the new one',
    file: 'src/state/schema-history.ts',
    find: 'if (former.id < schemaId) continue',
    replace: 'if (former.id <= schemaId) continue',
  },
  {
    name: 'renamed-field-takes-its-default',
    symptom: 'a renamed field has its default after a deployment, and its values are lost',
    file: 'src/types/evolution-fields.ts',
    find: 'const names = [field.name, ...(field.renamedFrom ?? [])]',
    replace: 'const names = field.renamedFrom === undefined ? [field.name] : []',
  },
  {
    name: 'block-checksum-not-compared',
    symptom: 'bits that a disk gave wrongly become state',
    file: 'src/state/runs/block-table.ts',
    find:
      "if (crc32(stored) !== block.checksum) throw this.#damaged(index, 'its checksum " +
      "is wrong')",
    replace: "if (stored.length === 0) throw this.#damaged(index, 'it is empty')",
  },
  {
    name: 'look-up-begins-a-block-too-late',
    symptom: 'a row lacks what the block before holds of it',
    file: 'src/state/runs/run-lookup.ts',
    find: 'const isNext = next !== undefined && beginsRow(next, start)',
    replace: 'const isNext = next !== undefined && startsWith(next, start)',
  },
  {
    name: 'oldest-of-the-batches-wins',
    symptom: 'a row that nobody asked for is restored as an older checkpoint had it',
    file: 'src/state/runs/merge.ts',
    find: 'new BatchCursor(age, batches)',
    replace: 'new BatchCursor(-age, batches)',
  },
  {
    name: 'rows-loaded-over-those-that-were-asked-for',
    symptom: 'what records changed while state was loaded is as it was in the checkpoint',
    file: 'src/state/table/restore.ts',
    find:
      '    if (shard.find(key, hash) >= 0) return\n' +
      '    table.addRow(table.keyType.isolate(key), hash, shardIndex, flags)\n',
    replace:
      '    if (shard.find(key, hash) >= 0) table.select(key, hash)\n' +
      '    else table.addRow(table.keyType.isolate(key), hash, shardIndex, flags)\n',
  },
  {
    name: 'runs-merged-elsewhere-in-another-order',
    symptom: 'values go back to older ones at a recovery, if another thread has merged their runs',
    file: 'src/runtime/task-merges.ts',
    find: 'merger.merge({ ...order, ...how, blockBytes, location }, signal)',
    replace:
      'merger.merge({ ...order, runs: order.runs.toReversed(),\n' +
      '      ...how, blockBytes, location }, signal)',
  },
  {
    name: 'newest-run-not-merged-elsewhere',
    symptom: 'changes are lost once another thread has merged the runs that they are in',
    file: 'src/runtime/task-merges.ts',
    find: 'await this.#elsewhere({ ...what, name: this.#name(checkpointId) }, written)',
    replace:
      'await this.#elsewhere(\n' +
      '      { ...what, runs: runs.slice(0, -1), name: this.#name(checkpointId) }, written)',
  },
  {
    name: 'timers-told-of-one-operator',
    symptom: 'timers of other operators never fire after a recovery',
    file: 'src/state/runs/run-writer.ts',
    find: 'else if (keyGroupOfKey(key) !== RECORDS_KEY_GROUP) this.#timed.add(operatorOfKey(key))',
    replace:
      'else if (keyGroupOfKey(key) !== RECORDS_KEY_GROUP && this.#timed.size === 0)\n' +
      '      this.#timed.add(operatorOfKey(key))',
  },
  {
    name: 'timers-not-told-of',
    symptom: 'no timer of before fires after a recovery',
    file: 'src/state/runs/run-writer.ts',
    find: 'timedOperators: [...this.#timed]',
    replace: 'timedOperators: []',
  },
  {
    name: 'manifest-checksum-not-compared',
    symptom: 'bits that a disk gave wrongly become a manifest',
    file: 'src/checkpoint/manifest-codec.ts',
    find: "if (hashOf(line) !== match[2]) return corrupt(name, 'does not match its checksum')",
    replace: "if (line.length === 0) return corrupt(name, 'does not match its checksum')",
    uncaught: 'wrong bits are refused by the checks of each field, or by the hash in the next link',
  },
]
