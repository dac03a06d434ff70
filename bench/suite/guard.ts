/**
 * Did Millrace become slower? Its rates as multiples of those of others, in the same rounds, are
 * compared with stored ones: what a machine does in a second is not. A ratio is stored for a cell
 * with its number of records, and only such runs are compared.
 */
import { median } from '../lib.ts'
import type { CellResult } from './contract.ts'
import { ratiosTo } from './report.ts'

/** By cell, then by contender. */
export interface StoredRatios {
  readonly [cell: string]: {
    readonly records: number
    readonly ratios: Readonly<Record<string, number>>
  }
}

/** A ratio that is lower by more than this share is a regression. */
export const TOLERATED = 0.15

/** Of fewer the median says little. */
export const ROUNDS_MIN = 3

/** What a run would store. */
export function ratiosOf(results: readonly CellResult[]): StoredRatios {
  const entries = results.flatMap(({ cell, runs: [first, ...others] }) => {
    if (first === undefined || first.problem !== undefined) return []
    const ratios = others
      .filter(({ problem, rounds }) => problem === undefined && rounds.length > 0)
      .map((other) => [other.contender.name, median(ratiosTo(first, other))] as const)
    return [[cell.name, { records: first.records, ratios: Object.fromEntries(ratios) }] as const]
  })
  return Object.fromEntries(entries)
}

/** The regressions, as sentences. */
export function regressions(
  results: readonly CellResult[],
  stored: StoredRatios,
): readonly string[] {
  return Object.entries(ratiosOf(results)).flatMap(([cell, { records, ratios }]) => {
    const before = stored[cell]
    if (before === undefined || before.records !== records) return []
    return Object.entries(ratios).flatMap(([contender, ratio]) => {
      const wanted = before.ratios[contender]
      if (wanted === undefined || ratio >= wanted * (1 - TOLERATED)) return []
      const [now, then] = [ratio, wanted].map((each) => each.toPrecision(3))
      return [`${cell}: ${now}× of ${contender}, was ${then}×`]
    })
  })
}

/** The stored ratios with those of a run in place of older ones. */
export function renewed(stored: StoredRatios, results: readonly CellResult[]): StoredRatios {
  const rounded = Object.entries(ratiosOf(results)).map(([cell, { records, ratios }]) => {
    const entries = Object.entries(ratios).map(([contender, ratio]) => {
      return [contender, Number(ratio.toPrecision(3))] as const
    })
    return [cell, { records, ratios: Object.fromEntries(entries) }] as const
  })
  const all = { ...stored, ...Object.fromEntries(rounded) }
  return Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
