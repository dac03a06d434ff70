/**
 * The queries of Nexmark as one figure: the geometric mean of their ratios, in which twice as fast
 * and half as fast cancel each other.
 */
import { type CellResult, isNexmark } from './contract.ts'
import { ratiosOf } from './guard.ts'

/** A line for each contender that the first one was compared with in more than one query. */
export function nexmarkMeans(results: readonly CellResult[]): readonly string[] {
  const queries = results.filter(({ cell }) => isNexmark(cell.work))
  const byContender = new Map<string, [cell: string, ratio: number][]>()
  for (const [cell, { ratios }] of Object.entries(ratiosOf(queries))) {
    for (const [contender, ratio] of Object.entries(ratios)) {
      byContender.set(contender, [...(byContender.get(contender) ?? []), [cell, ratio]])
    }
  }
  return [...byContender].flatMap(([contender, of]) => {
    const [least] = of.toSorted(([, a], [, b]) => a - b)
    if (of.length < 2 || least === undefined) return []
    const mean = Math.exp(of.reduce((sum, [, ratio]) => sum + Math.log(ratio), 0) / of.length)
    const lowest = `the lowest ${least[1].toPrecision(3)}× (${least[0]})`
    const title = `geometric mean of ${of.length} queries: ${mean.toPrecision(3)}× of ${contender}`
    return [`${title}, ${lowest}`]
  })
}
