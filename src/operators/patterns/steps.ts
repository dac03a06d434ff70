/**
 * A pattern as data: a chain of steps, each a name, a condition and how often, or a group of steps.
 * `pattern()` builds it; `compile.ts` makes states of it.
 */
import type { SkipStrategy } from './skip.ts'

/** What must hold of an event; functions may look at the partial match so far. */
export type Condition =
  | { readonly kind: 'always' }
  | { readonly kind: 'test'; readonly test: (event: unknown, context: unknown) => unknown }
  | { readonly kind: 'and'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'or'; readonly left: Condition; readonly right: Condition }

/**
 * What may lie between an event and the one before it: nothing, events that do not fit, or any.
 * The last two are of steps that must not occur.
 */
export type Contiguity = 'strict' | 'relaxed' | 'any' | 'not-next' | 'not-followed'

export interface Step {
  /** Empty for groups. */
  readonly name: string
  /** The steps of a group. */
  readonly group: readonly Step[] | undefined
  readonly contiguity: Contiguity
  /** Between the events of a step that occurs several times. */
  readonly inner: 'strict' | 'relaxed' | 'any'
  readonly condition: Condition
  /** Ends a loop. */
  readonly until: Condition | undefined
  readonly quantifier: 'one' | 'times' | 'loop'
  readonly from: number
  /** Of `times` only. */
  readonly to: number
  readonly isOptional: boolean
  readonly isGreedy: boolean
  /** An event of this step comes less than this after the one before it; infinite without. */
  readonly gapMs: number
}

export interface PatternSpec {
  readonly steps: readonly Step[]
  /** From first to last event it takes less than this; infinite without. */
  readonly withinMs: number
  readonly skip: SkipStrategy
}

export const ALWAYS: Condition = Object.freeze({ kind: 'always' })

export function isNot(step: Step): boolean {
  return step.contiguity === 'not-next' || step.contiguity === 'not-followed'
}

/** The names under which a match has events, in order. */
export function matchNames(steps: readonly Step[]): readonly string[] {
  return steps.flatMap((step) => {
    if (step.group !== undefined) return matchNames(step.group)
    return isNot(step) ? [] : [step.name]
  })
}

/** All names, also of steps that must not occur. */
export function allNames(steps: readonly Step[]): readonly string[] {
  return steps.flatMap((step) => (step.group === undefined ? [step.name] : allNames(step.group)))
}
