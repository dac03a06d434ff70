/** Compares what became visible with what the oracle says, by what is certain of each sink. */
import { required } from '../../src/util/assert.ts'
import { evaluate } from '../oracle.ts'
import { anewDifference } from './begun-anew.ts'
import { historyDifference } from './history.ts'
import { Violation } from '../scheduler.ts'
import { type Compare, MISSING_MAX, type Rec, type Workload } from '../workloads/workload.ts'

const LINES_MAX = 6

/**
 * Throws with what differs unless each sink shows what the oracle demands.
 *
 * @param timesErased how often it was asked for that the subject of a key be erased.
 */
export function requireOutput(
  workload: Workload,
  visibleAt: (uid: string) => readonly Rec[],
  timesErased: (k: number) => number,
): void {
  const expected = evaluate(workload)
  for (const node of workload.nodes) {
    if (node.kind !== 'sink') continue
    const wanted = required(expected.get(node.uid), `the oracle does not know ${node.uid}`)
    const visible = visibleAt(node.uid)
    const difference =
      node.compare === 'begun anew'
        ? anewDifference(wanted, visible, timesErased)
        : outputDifference(node.compare, wanted, visible)
    if (difference !== undefined) {
      throw new Violation(`${node.uid} (${node.compare}): ${difference}`)
    }
  }
}

/** Undefined if they agree, else what differs. */
export function outputDifference(
  compare: Exclude<Compare, 'begun anew'>,
  expected: readonly Rec[],
  visible: readonly Rec[],
): string | undefined {
  if (compare === 'order per key') return orderDifference(expected, visible)
  if (compare === 'history') return historyDifference(expected, visible)
  if (compare === 'most') return mostDifference(expected.map(textOf), visible.map(textOf))
  if (compare === 'sums') return listDifference(sums(expected), sums(visible))
  return listDifference(expected.map(textOf).toSorted(), visible.map(textOf).toSorted())
}

/** Nothing that is not expected, nothing more often, and only a few are missing. */
function mostDifference(
  expected: readonly string[],
  visible: readonly string[],
): string | undefined {
  const left = new Map<string, number>()
  for (const line of expected) left.set(line, (left.get(line) ?? 0) + 1)
  for (const line of visible) {
    const count = left.get(line) ?? 0
    if (count === 0) return `${line} is visible, or so again, and should not be`
    left.set(line, count - 1)
  }
  const missing = expected.length - visible.length
  return missing > MISSING_MAX ? `${missing} of ${expected.length} records are missing` : undefined
}

function orderDifference(expected: readonly Rec[], visible: readonly Rec[]): string | undefined {
  const wanted = byKey(expected)
  const found = byKey(visible)
  for (const key of new Set([...wanted.keys(), ...found.keys()])) {
    const difference = listDifference(wanted.get(key) ?? [], found.get(key) ?? [])
    if (difference !== undefined) return `key ${key}: ${difference}`
  }
  return undefined
}

function byKey(records: readonly Rec[]): ReadonlyMap<number, readonly string[]> {
  const groups = new Map<number, string[]>()
  for (const record of records) {
    const group = groups.get(record.k) ?? []
    groups.set(record.k, group)
    group.push(textOf(record))
  }
  return groups
}

function sums(records: readonly Rec[]): readonly string[] {
  const totals = new Map<string, number>()
  for (const { k, v, at } of records) {
    totals.set(`k=${k} at=${at}`, (totals.get(`k=${k} at=${at}`) ?? 0) + v)
  }
  return [...totals].map(([window, v]) => `${window} v=${v}`).toSorted()
}

function textOf({ k, v, at, pad }: Rec): string {
  return `k=${k} v=${v} at=${at}${pad === '' ? '' : ` pad=${pad.length}`}`
}

function listDifference(
  expected: readonly string[],
  visible: readonly string[],
): string | undefined {
  const at = expected.findIndex((line, index) => line !== visible[index])
  if (at < 0 && expected.length === visible.length) return undefined
  const from = at < 0 ? expected.length : at
  const show = (lines: readonly string[]) =>
    lines
      .slice(from, from + LINES_MAX)
      .map((line) => `\n    ${line}`)
      .join('')
  return (
    `${visible.length} records instead of ${expected.length}, different from ${from} on` +
    `\n  expected:${show(expected)}\n  visible:${show(visible)}`
  )
}
