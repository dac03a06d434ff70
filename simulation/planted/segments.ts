/** Planted bugs of state in segments: what has left memory twice, and what merges leave of it. */
import type { PlantedBug } from './bug.ts'

const TABLE = 'src/state/object-store/table.ts'
const LEVELS = 'src/state/object-store/levels.ts'

export const segmentBugs: readonly PlantedBug[] = [
  {
    name: 'buffer-dropped-before-its-segment-is-there',
    symptom: 'rows are missing while the segment that they go into is on its way',
    file: TABLE,
    find:
      '    await this.#levels.add(this.#worthWriting(frozen), frozen.writtenAt)\n' +
      '    this.#frozen = this.#frozen.filter((each) => each !== frozen)\n',
    replace:
      '    this.#frozen = this.#frozen.filter((each) => each !== frozen)\n' +
      '    await this.#levels.add(this.#worthWriting(frozen), frozen.writtenAt)\n',
  },
  {
    name: 'deleted-range-forgotten-by-a-merge',
    symptom: 'a map that was cleared after it had left memory has its entries again',
    file: LEVELS,
    find: '    this.dead.retain((range) => this.#isNeeded(range))\n',
    replace: '    this.dead.retain(() => false)\n',
    uncaught:
      'few maps are cleared whose entries have left memory, and merges follow on few of them',
  },
  {
    name: 'deletion-left-out-of-a-run-that-is-not-the-oldest',
    symptom: 'state that was deleted after it had left memory is back after a merge',
    file: LEVELS,
    find: '      if (isOldest && told.value === undefined) continue\n',
    replace: '      if (told.value === undefined) continue\n',
  },
  {
    name: 'newest-run-looked-at-last',
    symptom: 'a row that left memory twice is read as it was the first time',
    file: LEVELS,
    find: '    if (run !== undefined) this.#runs = [run, ...this.#runs]\n',
    replace: '    if (run !== undefined) this.#runs = [...this.#runs, run]\n',
  },
  {
    name: 'deletion-not-written-for-it-seems-to-be-of-nothing',
    symptom: 'state that was deleted is back when its key is older than the last run',
    file: TABLE,
    find: '  return runs.some((run) => blockOf(run, key, hash) !== undefined)\n',
    replace: '  return runs.slice(0, 1).some((run) => blockOf(run, key, hash) !== undefined)\n',
  },
  {
    name: 'buffer-being-written-is-not-read',
    symptom: 'the former value of a row is read while the newer one is being written',
    file: TABLE,
    find: '    this.#frozen = [frozen, ...this.#frozen]\n',
    replace: '    this.#frozen = [...this.#frozen]\n',
  },
  {
    name: 'filter-does-not-know-the-rows',
    symptom: 'maps that have left memory seem to be empty when they are iterated',
    file: 'src/state/object-store/run-builder.ts',
    find: '    if (rowBytes !== undefined) this.#filter.add(rowHash(key, rowBytes))\n',
    replace: '',
  },
  {
    name: 'range-deleted-in-segments-only',
    symptom: 'what is being written is there again after its map was cleared',
    file: TABLE,
    find: '    if (this.#frozen.length === 0 && this.#levels.runs.length === 0) return\n',
    replace: '    if (this.#levels.runs.length === 0) return\n',
    uncaught: 'it takes a map that is cleared while the first of all segments is being written',
  },
]
