/** What has happened so far, for the live line, the table at the end, and the evidence. */
import { KIND_NAMES, type KindName } from './kinds.ts'

export class Tally {
  readonly rounds = new Map<KindName, number>()
  /** How often a process died at a named point. */
  readonly points = new Map<string, number>()
  /** How often a point was not come to in time, and the process killed at a random moment. */
  readonly missed = new Map<string, number>()
  readonly traps = new Map<string, number>()
  /** Rounds that this machine does not allow, by the reason. */
  readonly skipped = new Map<string, number>()
  jobs = 0
  processes = 0
  kills = 0
  restarts = 0
  takeovers = 0
  linesCompared = 0
  evictions = 0
  reads = 0

  get roundsDone(): number {
    return sum(this.rounds)
  }

  /** Those that this machine does not allow included. */
  get roundsOver(): number {
    return this.roundsDone + sum(this.skipped)
  }

  /** In the order of the kinds. */
  roundsByKind(): [KindName, number][] {
    return KIND_NAMES.map((name): [KindName, number] => [name, this.rounds.get(name) ?? 0])
  }
}

export function addOne<K>(counts: Map<K, number>, name: K): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

export function sum(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0)
}
