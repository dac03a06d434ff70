/**
 * Who reads which split: the coordinator's side of all sources. It owns the splits that no task
 * holds and the list of finished ones; both are in every manifest. Pure bookkeeping; the job master
 * sends what it returns. Bounded sources get splits on demand, so that fast subtasks read more;
 * unbounded ones get theirs spread evenly as they are found, for all must be read at once. So do
 * bounded ones in event time: a split that waits might hold the oldest record of all, and the
 * watermark must wait for it.
 *
 * When a region fails, its subtasks go back to the newest checkpoint, and so must what they read:
 * therefore it is known of each split who has it, and where it stood then.
 */
import type { SourceRecord, SplitRecord, TaskRecord } from '../checkpoint/manifest.ts'
import { required } from '../util/assert.ts'

export interface SourceSpec {
  readonly uid: string
  readonly bounded: boolean
  /** Subtasks ask for splits, one by one. */
  readonly onDemand: boolean
  /** New splits may be found while it runs. */
  readonly discoversAgain: boolean
  readonly parallelism: number
}

export interface Assignment {
  readonly uid: string
  readonly subtaskIndex: number
  readonly splits: readonly SplitRecord[]
  /** No split will follow any more. */
  readonly noMore: boolean
}

/** A split that a subtask was given since the newest checkpoint in which it was finished. */
interface Held {
  readonly subtaskIndex: number
  /** To be read from here if the subtask goes back to the newest checkpoint. */
  readonly record: SplitRecord
  /** The subtask held it in that checkpoint; else it was given it afterwards. */
  readonly isInCheckpoint: boolean
}

interface SourceState {
  readonly spec: SourceSpec
  /** In the order of discovery. */
  readonly pending: SplitRecord[]
  readonly known: Set<string>
  readonly finished: Set<string>
  readonly waiting: Set<number>
  /** By split, in the order in which they were given away. */
  readonly held: Map<string, Held>
  /** Subtasks whose region is down: they take nothing on. */
  readonly down: Set<number>
  /** Its splits are known from a checkpoint. */
  readonly isRestored: boolean
  discovered: boolean
  nextSubtask: number
}

export class SplitCoordinator {
  readonly #sources = new Map<string, SourceState>()

  constructor(specs: readonly SourceSpec[], restored: readonly SourceRecord[]) {
    for (const spec of specs) {
      const former = restored.filter((record) => record.uid === spec.uid)
      const pending = former.flatMap((record) => record.pending)
      const finished = new Set(former.flatMap((record) => record.finished))
      this.#sources.set(spec.uid, {
        spec,
        pending: pending.filter((split) => !finished.has(split.id)),
        known: new Set([...finished, ...pending.map((split) => split.id)]),
        finished,
        waiting: new Set(),
        held: new Map(),
        down: new Set(),
        isRestored: former.some((record) => record.pending.length + record.finished.length > 0),
        discovered: false,
        nextSubtask: 0,
      })
    }
  }

  /** Splits that a worker found; those that are known already are not read again. */
  discovered(uid: string, splits: readonly SplitRecord[]): readonly Assignment[] {
    const state = this.#source(uid)
    // The input of a bounded source is what there was when the job began. Files that have grown
    // since are cut elsewhere, and what is new would make the result depend on a crash.
    const isFixed = state.spec.bounded && state.isRestored
    for (const split of isFixed ? [] : splits) {
      if (state.known.has(split.id)) continue
      state.known.add(split.id)
      state.pending.push(split)
    }
    state.discovered = true
    return state.spec.onDemand ? this.#answerWaiting(state) : this.#spread(state)
  }

  wants(uid: string, subtaskIndex: number): readonly Assignment[] {
    const state = this.#source(uid)
    state.waiting.add(subtaskIndex)
    return this.#answerWaiting(state)
  }

  finished(uid: string, splitId: string): void {
    this.#source(uid).finished.add(splitId)
  }

  /** A bounded source has not been read to its end. */
  get hasBacklog(): boolean {
    return [...this.#sources.values()].some(({ spec, discovered, known, finished }) => {
      return spec.bounded && (!discovered || finished.size < known.size)
    })
  }

  /** The coordinator's part of a checkpoint, taken when it is triggered. */
  snapshot(): readonly SourceRecord[] {
    return [...this.#sources.values()].map(({ spec, pending, finished }) => ({
      uid: spec.uid,
      pending: [...pending],
      finished: [...finished],
    }))
  }

  /** Sources nobody has looked for the splits of yet. */
  get undiscovered(): readonly string[] {
    const missing = [...this.#sources.values()].filter(({ discovered }) => !discovered)
    return missing.map(({ spec }) => spec.uid)
  }

  /** A checkpoint of this attempt is complete: what it holds is what subtasks go back to. */
  confirmed(tasks: readonly TaskRecord[], sources: readonly SourceRecord[]): void {
    for (const { uid, finished } of sources) this.#forget(this.#source(uid), finished)
    for (const { subtaskIndex, source } of tasks) {
      if (source === undefined) continue
      const state = this.#source(source.uid)
      this.#forget(state, source.finished)
      for (const record of source.pending) {
        state.held.set(record.id, { subtaskIndex, record, isInCheckpoint: true })
      }
    }
  }

  /** The region of a subtask has failed: nothing is given to it until it is back. */
  lost(uid: string, subtaskIndex: number): void {
    const state = this.#source(uid)
    state.down.add(subtaskIndex)
    state.waiting.delete(subtaskIndex)
  }

  /**
   * The subtask is back as the newest checkpoint knew it. What it had then it reads on from there;
   * what it was given later goes back to all, unless all splits are read at once.
   */
  back(uid: string, subtaskIndex: number): readonly Assignment[] {
    const state = this.#source(uid)
    const { onDemand, discoversAgain } = state.spec
    state.down.delete(subtaskIndex)
    const splits: SplitRecord[] = []
    const returned: SplitRecord[] = []
    for (const [id, held] of state.held) {
      if (held.subtaskIndex !== subtaskIndex) continue
      state.finished.delete(id)
      if (held.isInCheckpoint || !onDemand) splits.push(held.record)
      else {
        returned.push(held.record)
        state.held.delete(id)
      }
    }
    state.pending.unshift(...returned)
    const noMore = !onDemand && state.discovered && !discoversAgain
    if (splits.length === 0 && !noMore) return this.#answerWaiting(state)
    return [{ uid, subtaskIndex, splits, noMore }, ...this.#answerWaiting(state)]
  }

  #forget(state: SourceState, finished: readonly string[]): void {
    for (const id of finished) state.held.delete(id)
  }

  #source(uid: string): SourceState {
    return required(this.#sources.get(uid), `no source "${uid}"`)
  }

  #answerWaiting(state: SourceState): readonly Assignment[] {
    const assignments: Assignment[] = []
    if (!state.spec.onDemand || !state.discovered) return assignments
    for (const subtaskIndex of [...state.waiting].sort((a, b) => a - b)) {
      const split = state.pending.shift()
      state.waiting.delete(subtaskIndex)
      if (split !== undefined) this.#hold(state, subtaskIndex, split)
      assignments.push({
        uid: state.spec.uid,
        subtaskIndex,
        splits: split === undefined ? [] : [split],
        noMore: split === undefined,
      })
    }
    return assignments
  }

  #spread(state: SourceState): readonly Assignment[] {
    const { parallelism, uid, discoversAgain } = state.spec
    const perSubtask = Array.from({ length: parallelism }, (): SplitRecord[] => [])
    for (const split of state.pending.splice(0)) {
      perSubtask[state.nextSubtask]?.push(split)
      this.#hold(state, state.nextSubtask, split)
      state.nextSubtask = (state.nextSubtask + 1) % parallelism
    }
    // A subtask that will never have a split ends, so that event time does not wait for it.
    const noMore = !discoversAgain
    return perSubtask
      .map((splits, subtaskIndex) => ({ uid, subtaskIndex, splits, noMore }))
      .filter(({ splits }) => splits.length > 0 || noMore)
      .filter(({ subtaskIndex }) => !state.down.has(subtaskIndex))
  }

  #hold({ held }: SourceState, subtaskIndex: number, record: SplitRecord): void {
    held.set(record.id, { subtaskIndex, record, isInCheckpoint: false })
  }
}
