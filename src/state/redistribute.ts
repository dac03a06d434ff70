/**
 * Who gets what of operator state when a job is restored, by the rules of Flink's
 * `RoundRobinOperatorStateRepartitioner`. At unchanged parallelism list state stays where it was.
 * Else the elements of each list state, in the order of the former subtasks, are
 * cut into runs of equal length; the subtasks that get one more start where those of the state
 * before ended, so that many short lists do not all go to the first. Union state goes to everybody
 * whole, and so does the copy of broadcast state; of several copies subtask i gets that of former
 * subtask i modulo their number.
 */
import { assert } from '../util/assert.ts'
import type { OperatorStateKind } from './operator-state.ts'
import type { OperatorStateEntry } from './snapshot.ts'

/** Entries of one operator, by subtask. */
export type EntriesPerSubtask = readonly (readonly OperatorStateEntry[])[]

/**
 * What each of `parallelism` subtasks gets of one kind of one operator's state.
 *
 * @param former entries of the operator by former subtask; those of other kinds are passed over.
 */
export function redistribute(
  former: EntriesPerSubtask,
  parallelism: number,
  kind: OperatorStateKind,
): EntriesPerSubtask {
  assert(Number.isInteger(parallelism) && parallelism > 0, `parallelism ${parallelism}`)
  const own = former.map((entries) => entries.filter((entry) => entry.kind === kind))
  if (kind === 'union-list') {
    const all = own.flat()
    return Array.from({ length: parallelism }, () => all)
  }
  if (kind === 'broadcast') return broadcast(own, parallelism)
  return own.length === parallelism ? own : split(own, parallelism)
}

function split(former: EntriesPerSubtask, parallelism: number): EntriesPerSubtask {
  const shares: OperatorStateEntry[][] = Array.from({ length: parallelism }, () => [])
  let first = 0
  for (const elements of byName(former.flat()).values()) {
    const base = Math.floor(elements.length / parallelism)
    const extra = elements.length % parallelism
    let taken = 0
    for (let turn = 0; turn < parallelism; turn++) {
      const count = base + (turn < extra ? 1 : 0)
      shares[(first + turn) % parallelism]?.push(...elements.slice(taken, taken + count))
      taken += count
    }
    first = (first + extra) % parallelism
  }
  return shares
}

function broadcast(former: EntriesPerSubtask, parallelism: number): EntriesPerSubtask {
  const copies = [...byName(former.flat()).values()]
  return Array.from({ length: parallelism }, (_, subtask) =>
    copies.flatMap((ofName) => ofName[subtask % ofName.length] ?? []),
  )
}

function byName(entries: readonly OperatorStateEntry[]): Map<string, OperatorStateEntry[]> {
  const grouped = new Map<string, OperatorStateEntry[]>()
  for (const entry of entries) {
    const ofName = grouped.get(entry.name) ?? []
    ofName.push(entry)
    grouped.set(entry.name, ofName)
  }
  return grouped
}
