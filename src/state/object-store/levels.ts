/**
 * The runs of a table, newest first, merged in the background: so many of one level become one of
 * the next. Runs never change; a segment is deleted when its run was merged and nobody reads it.
 */
import { blocksOf, type Run, type Segment } from './segment.ts'
import { Merged, RunCursor } from './cursors.ts'
import { type DeadRange, DeadRanges } from './dead-ranges.ts'
import { RunBuilder } from './run-builder.ts'
import type { SegmentStore } from './segment-store.ts'
import type { Item } from './write-buffer.ts'

const RUNS_OF_LEVEL_MAX = 8
/** More than so many of the first level: who writes waits. */
const RUNS_NEW_MAX = 3 * RUNS_OF_LEVEL_MAX
/** With more than that, everything is merged, and then there are none. */
const DEAD_RANGES_MAX = 50_000
/** Of each run that is merged, fetched at once. */
const BLOCKS_MERGED = 64
/** Entries between two looks at what else there is to do. */
const ENTRIES_PER_TURN = 2_048
/** Of the cache, for what was merged: else what is seldom asked for would push out the rest. */
const CACHE_SHARE = 1 / 8

export class Levels {
  readonly dead = new DeadRanges()
  readonly #store: SegmentStore
  readonly #unwrittenAt: () => number | undefined
  #runs: readonly Run[] = []
  #readers = 0
  #retired: Segment[] = []
  #merging: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined
  #isClosing = false

  /** @param unwrittenAt when the oldest of what is to be added was written, if there is any */
  constructor(store: SegmentStore, unwrittenAt: () => number | undefined) {
    this.#store = store
    this.#unwrittenAt = unwrittenAt
  }

  /** Newest first. */
  get runs(): readonly Run[] {
    return this.#runs
  }

  /** Throws why a merge has failed. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Writes items in order of keys as the newest run. */
  async add(items: Iterable<Item>, writtenAt: number): Promise<void> {
    const builder = new RunBuilder(this.#store, { level: 0, writtenAt, isKept: true })
    let entries = 0
    for (const item of items) {
      if (++entries % ENTRIES_PER_TURN === 0) await this.#store.clock.yield()
      if (builder.add(item)) await builder.send()
    }
    const run = await builder.end()
    if (run !== undefined) this.#runs = [run, ...this.#runs]
    this.#merge(this.dead.count > DEAD_RANGES_MAX ? this.#runs : this.#due())
    while (this.#countOf(0) > RUNS_NEW_MAX && this.#merging !== undefined) await this.#merging
    this.check()
  }

  /** What is read stays as it is meanwhile: no segment is deleted, no dead range is forgotten. */
  async reading<T>(read: () => Promise<T>): Promise<T> {
    this.#readers++
    try {
      return await read()
    } finally {
      this.#readers--
      this.#sweep()
    }
  }

  /** Ends what is under way; nothing is merged any more. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#merging
  }

  /** Begins to merge neighbours, if nothing is being merged. */
  #merge(due: readonly Run[]): void {
    if (this.#merging !== undefined || due.length === 0 || this.#isClosing) return
    this.#merging = this.#replace(due)
      .catch((error: unknown) => (this.#failure ??= { error }))
      .then(() => {
        this.#merging = undefined
        if (this.#failure === undefined) this.#merge(this.#due())
      })
  }

  /** The runs of a level that has enough of them. */
  #due(): readonly Run[] {
    const levels = new Set(this.#runs.map(({ level }) => level))
    const full = [...levels].find((level) => this.#countOf(level) >= RUNS_OF_LEVEL_MAX)
    return this.#runs.filter(({ level }) => level === full)
  }

  #countOf(level: number): number {
    return this.#runs.filter((run) => run.level === level).length
  }

  async #replace(due: readonly Run[]): Promise<void> {
    const made = await this.#merged(due)
    if (this.#isClosing) return
    const gone = new Set(due)
    const at = this.#runs.findIndex((run) => gone.has(run))
    const rest = this.#runs.filter((run) => !gone.has(run))
    this.#runs = [...rest.slice(0, at), ...(made === undefined ? [] : [made]), ...rest.slice(at)]
    this.#retired.push(...due.flatMap(({ segments }) => segments))
    this.#sweep()
  }

  async #merged(due: readonly Run[]): Promise<Run | undefined> {
    const store = this.#store
    const isOldest = due.at(-1) === this.#runs.at(-1)
    const bytes = due.reduce((sum, { storedBytes }) => sum + storedBytes, 0)
    const builder = new RunBuilder(store, {
      level: Math.max(...due.map(({ level }) => level)) + 1,
      writtenAt: Math.max(...due.map(({ writtenAt }) => writtenAt)),
      isKept: bytes <= store.cache.bytesMax * CACHE_SHARE,
    })
    const options = { store, isDown: false, keeps: false } as const
    const count = { blocksFirst: BLOCKS_MERGED, blocksMax: BLOCKS_MERGED }
    const cursors = due.map(({ blocks, writtenAt }) => {
      return new RunCursor(blocks, { ...options, ...count, writtenAt })
    })
    const merged = new Merged(cursors, false)
    for (let entries = 0; !this.#isClosing; entries++) {
      if (entries % ENTRIES_PER_TURN === 0) await this.#store.clock.yield()
      for (let wait = merged.ready(); wait !== undefined; wait = merged.ready()) await wait
      const told = merged.next()
      if (told === undefined) break
      if (isOldest && told.value === undefined) continue
      if (this.dead.has(told.key, told.writtenAt)) continue
      if (builder.add(told)) await builder.send()
    }
    return await builder.end()
  }

  /** Whether something older may have keys that the range has deleted. */
  #isNeeded(range: DeadRange): boolean {
    if ((this.#unwrittenAt() ?? range.moment) < range.moment) return true
    return this.#runs.some((run) => run.writtenAt < range.moment && blocksOf(run, range).length > 0)
  }

  /** Forgets what was of use for the runs that were merged, once nobody reads those. */
  #sweep(): void {
    if (this.#readers > 0 || this.#retired.length === 0) return
    this.dead.retain((range) => this.#isNeeded(range))
    const gone = this.#retired
    this.#retired = []
    for (const id of gone.flatMap(({ blockIds }) => blockIds)) this.#store.cache.forget(id)
    const names = gone.map(({ name }) => name)
    this.#store.delete(names).catch((error: unknown) => (this.#failure ??= { error }))
  }
}
