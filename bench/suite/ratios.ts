/**
 * How contenders stand to the first one of their cell: by rate, or by each measure. Above 1 the
 * first one is faster.
 */
import type { CellResult, Runs } from './contract.ts'

/** A ratio in each round in which both ran. */
export interface Ratios {
  readonly contender: string
  /** The name of the measure; undefined: it is the rate. */
  readonly measure: string | undefined
  readonly values: readonly number[]
}

/** Records per millisecond of each round, which is thousands per second. */
export function ratesOf({ records, rounds }: Runs): readonly number[] {
  return rounds.map(({ ms }) => records / ms)
}

/** One figure of each round. */
export function measuresOf({ rounds }: Runs, name: string): readonly number[] {
  return rounds.map(({ measures }) => measures?.[name] ?? Number.NaN)
}

/** The first contender's rate, as a multiple of another's, in each round in which both ran. */
export function ratiosTo(first: Runs, other: Runs): readonly number[] {
  return quotients(ratesOf(first), ratesOf(other))
}

/** How many times as long another one takes, in each round in which both ran. */
export function durationRatiosTo(first: Runs, other: Runs, measure: string): readonly number[] {
  return quotients(measuresOf(other, measure), measuresOf(first, measure))
}

function quotients(upper: readonly number[], lower: readonly number[]): readonly number[] {
  return upper.slice(0, lower.length).map((value, round) => value / (lower[round] ?? Number.NaN))
}

/** All ratios of a cell; those of contenders that failed are left out. */
export function allRatios({ cell, runs: [first, ...others] }: CellResult): readonly Ratios[] {
  if (first === undefined || first.problem !== undefined) return []
  const compared = cell.measures?.filter(({ unit }) => unit === undefined)
  return others
    .filter(({ problem, rounds }) => problem === undefined && rounds.length > 0)
    .flatMap((other): readonly Ratios[] => {
      const contender = other.contender.name
      if (compared === undefined) {
        return [{ contender, measure: undefined, values: ratiosTo(first, other) }]
      }
      return compared.map(({ name }) => {
        return { contender, measure: name, values: durationRatiosTo(first, other, name) }
      })
    })
}
