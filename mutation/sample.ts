// A random sample of the mutants, for the whole takes hours. Whether a mutant belongs to it follows
// from a hash of the seed and of where it stands, so each has the same chance whatever its folder,
// and the same seed gives the same sample. For Stryker the others are mutants that do not compile:
// that is the one state which it leaves out of the score.
import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import type { Mutant, StrykerOptions } from './settings.ts'

export const OUTSIDE = 'not in the sample'

/** Stryker's checker: called with mutants before they are run. */
export class Sampler {
  readonly #share: number
  readonly #seed: number

  static readonly inject = ['options']

  constructor({ millrace }: StrykerOptions) {
    this.#share = millrace.share
    this.#seed = millrace.seed
  }

  init(): Promise<void> {
    return Promise.resolve()
  }

  group(mutants: readonly Mutant[]): Promise<string[][]> {
    return Promise.resolve([mutants.map(({ id }) => id)])
  }

  check(mutants: readonly Mutant[]): Promise<Record<string, object>> {
    const verdicts = mutants.map((mutant) => [
      mutant.id,
      this.#isChosen(mutant) ? { status: 'passed' } : { status: 'compileError', reason: OUTSIDE },
    ])
    return Promise.resolve(Object.fromEntries(verdicts))
  }

  #isChosen({ fileName, mutatorName, replacement, location }: Mutant): boolean {
    if (this.#share >= 1) return true
    const { start, end } = location
    const place = [start.line, start.column, end.line, end.column].join()
    const key = [this.#seed, relative('', fileName), place, mutatorName, replacement].join('\0')
    const number = createHash('sha256').update(key).digest().readUInt32LE(0)
    return number < this.#share * 2 ** 32
  }
}
