// Why no test need find some mutants: each was looked at and leaves nothing that can be observed.
// They count as survivors all the same; the list says which of these are known.
import type { Survivor } from './report.ts'

export interface Reason {
  readonly file: string
  readonly mutator: string
  /** The code that was replaced, as the list of survivors shows it. */
  readonly text: string
  /** Left out where the reason holds for every replacement. */
  readonly replacement?: string
  readonly why: string
}

export const reasons: readonly Reason[] = []

/** Why it may survive; undefined if nobody has said so. */
export function reasonFor(survivor: Survivor): string | undefined {
  return reasons.find(
    ({ file, mutator, text, replacement = survivor.replacement }) =>
      survivor.file === file &&
      survivor.mutator === mutator &&
      survivor.text === text &&
      survivor.replacement === replacement,
  )?.why
}
