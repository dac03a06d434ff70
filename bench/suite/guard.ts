/**
 * Did Millrace become slower? Its rates as multiples of those of others, in the same rounds, are
 * compared with stored ones: what a machine does in a second is not. A ratio is stored for a cell
 * with its number of records, and only such runs are compared. Single pauses and checkpoints vary
 * more than rates do, so more of them is tolerated.
 */
import { median } from '../lib.ts'
import type { CellResult } from './contract.ts'
import { allRatios, type Ratios } from './ratios.ts'

/** By cell, then by contender; of a cell with measures, by contender and measure. */
export interface StoredRatios {
  readonly [cell: string]: {
    readonly records: number
    readonly ratios: Readonly<Record<string, number>>
  }
}

/** A ratio that is lower by more than this share is a regression: of rates, and of durations. */
export const TOLERATED = { rate: 0.15, duration: 0.5 } as const

/** Of fewer the median says little. */
export const ROUNDS_MIN = 3

const labelOf = ({ contender, measure }: Ratios): string =>
  measure === undefined ? contender : `${contender}: ${measure}`

/** What a run would store. */
export function ratiosOf(results: readonly CellResult[]): StoredRatios {
  const entries = results.flatMap((result) => {
    const [first] = result.runs
    if (first === undefined || first.problem !== undefined) return []
    const ratios = allRatios(result).map((each) => [labelOf(each), median(each.values)] as const)
    const stored = { records: first.records, ratios: Object.fromEntries(ratios) }
    return [[result.cell.name, stored] as const]
  })
  return Object.fromEntries(entries)
}

/** The regressions, as sentences. */
export function regressions(
  results: readonly CellResult[],
  stored: StoredRatios,
): readonly string[] {
  return results.flatMap((result) => {
    const before = stored[result.cell.name]
    if (before === undefined || before.records !== result.runs[0]?.records) return []
    return allRatios(result).flatMap((each) => {
      const label = labelOf(each)
      const wanted = before.ratios[label]
      const ratio = median(each.values)
      const tolerated = each.measure === undefined ? TOLERATED.rate : TOLERATED.duration
      if (wanted === undefined || ratio >= wanted * (1 - tolerated)) return []
      const [now, then] = [ratio, wanted].map((value) => value.toPrecision(3))
      return [`${result.cell.name}: ${now}× of ${label}, was ${then}×`]
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
