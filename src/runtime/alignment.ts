/**
 * Watermark alignment: sources of one group are not read further ahead of the slowest split of the
 * group than each allows, in whatever worker that split is. Workers tell the master the least
 * watermark of theirs, the master tells all the least of all. The slowest may always be read, so
 * nothing waits in a circle; what has ended or is idle does not count.
 */
import type { FromWorker } from '../checkpoint/messages.ts'
import type { TimeStrategy } from '../graph/job-graph.ts'

/** While there is work; before a worker waits, it tells what has changed in any case. */
const REPORT_EVERY_MS = 50

/** A source as alignment sees it. */
export interface AlignedSource {
  readonly time: TimeStrategy | undefined
  /** The least watermark of the splits that count; +∞ if none does. */
  readonly groupWatermark: number
  /** Splits beyond it are not read. */
  align(limit: number): void
}

/** The side of a worker. */
export class Alignment {
  readonly #groups = new Map<string, AlignedSource[]>()
  readonly #reported = new Map<string, number>()
  /** By group, what the master has said. */
  readonly #watermarks = new Map<string, number>()
  readonly #send: (message: FromWorker) => void
  #reportedAtMs = Number.NEGATIVE_INFINITY

  constructor(sources: readonly AlignedSource[], send: (message: FromWorker) => void) {
    this.#send = send
    this.replace(sources)
  }

  /** From now on these are all; some may be new. */
  replace(sources: readonly AlignedSource[]): void {
    this.#groups.clear()
    for (const source of sources) {
      const group = source.time?.alignment?.group
      if (group === undefined) continue
      this.#groups.set(group, [...(this.#groups.get(group) ?? []), source])
    }
    for (const group of this.#groups.keys()) {
      // Until it is known where the others stand, nothing is read.
      this.receive(group, this.#watermarks.get(group) ?? Number.NEGATIVE_INFINITY)
    }
  }

  /** @param isWaiting nothing will happen here before the master says something. */
  report(nowMs: number, isWaiting: boolean): void {
    if (this.#groups.size === 0) return
    if (!isWaiting && nowMs - this.#reportedAtMs < REPORT_EVERY_MS) return
    this.#reportedAtMs = nowMs
    for (const [group, sources] of this.#groups) {
      const watermark = Math.min(...sources.map((source) => source.groupWatermark))
      if (this.#reported.get(group) === watermark) continue
      this.#reported.set(group, watermark)
      this.#send({ kind: 'group-watermark', group, watermark })
    }
  }

  /** The master's answer. */
  receive(group: string, watermark: number): void {
    this.#watermarks.set(group, watermark)
    for (const source of this.#groups.get(group) ?? []) {
      source.align(watermark + (source.time?.alignment?.maxDriftMs ?? 0))
    }
  }
}

/** The side of the master: pure bookkeeping. */
export class GroupWatermarks {
  readonly #workers: number
  readonly #groups = new Map<string, Map<number, number>>()
  readonly #told = new Map<string, number>()

  constructor(workers: number) {
    this.#workers = workers
  }

  /** A worker is a new one: it has not been told anything. */
  replaced(): void {
    this.#told.clear()
  }

  /** The watermark of the group, if all workers are to be told of it. */
  report(worker: number, group: string, watermark: number): number | undefined {
    const ofGroup = this.#groups.get(group) ?? new Map<number, number>()
    this.#groups.set(group, ofGroup.set(worker, watermark))
    if (ofGroup.size < this.#workers) return undefined
    const least = Math.min(...ofGroup.values())
    if (this.#told.get(group) === least) return undefined
    this.#told.set(group, least)
    return least
  }
}
