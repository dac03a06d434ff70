/** What comparing two schemas gives, and how the results for their parts become one. */
import { describeSchema } from './describe.ts'
import { SAME, type Step } from './evolution-step.ts'
import { cut } from './mismatch.ts'
import type { TypeSchema } from './type.ts'

const DESCRIBED_CHARS_MAX = 100

/** How to convert, or why that cannot be. */
export interface Resolution {
  readonly step: Step
  /** What differs and is converted, with paths. */
  readonly changes: readonly string[]
  /** What cannot be read, with paths and cures; empty if all can. */
  readonly refusals: readonly string[]
}

export function refused(why: string): Resolution {
  return { step: SAME, changes: [], refusals: [why] }
}

/** The same, with a place in front of what it says. */
export function within(
  place: string,
  { step, changes, refusals }: Resolution,
  wrap: (step: Step) => Step = (inner) => inner,
): Resolution {
  const put = (text: string): string => `${place}: ${text}`
  return { step: wrap(step), changes: changes.map(put), refusals: refusals.map(put) }
}

export function joined(parts: readonly Resolution[], step: Step): Resolution {
  return {
    step,
    changes: parts.flatMap((part) => part.changes),
    refusals: parts.flatMap((part) => part.refusals),
  }
}

export function changed(stored: TypeSchema, declared: TypeSchema): string {
  return `was ${describe(stored)}, is ${describe(declared)}`
}

export function describe(schema: TypeSchema): string {
  return cut(describeSchema(schema), DESCRIBED_CHARS_MAX)
}
