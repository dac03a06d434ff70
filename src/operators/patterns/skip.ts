/**
 * What becomes of the other matches once one is complete, as in Flink. A partial match is told by
 * the event it began with; events are numbered in the order in which they were looked at.
 */

/** What becomes of other matches; `Name` is the step it refers to, if any. */
export interface SkipStrategy<Name extends string = string> {
  readonly kind: 'none' | 'to-next' | 'past-last-event' | 'to-first' | 'to-last'
  readonly step?: Name
  readonly onMiss?: 'fail' | 'skip nothing'
}

/** `fail` ends the job with `FUNCTION_FAILED` where a match lacks the step, or begins with it. */
export interface SkipToOptions {
  readonly onMiss?: 'fail' | 'skip nothing'
}

/** Every match is given. This is the default. */
export function noSkip(): SkipStrategy<never> {
  return Object.freeze({ kind: 'none' })
}

/** Drops the others that began with the same event. */
export function skipToNext(): SkipStrategy<never> {
  return Object.freeze({ kind: 'to-next' })
}

/** Drops the others that began before this one ended. */
export function skipPastLastEvent(): SkipStrategy<never> {
  return Object.freeze({ kind: 'past-last-event' })
}

/**
 * Drops the others that began before the first event of this step.
 *
 * @example
 * const peak = pattern<Tick>().begin('rise', rises).oneOrMore().next('fall', falls)
 * ticks.pattern(peak.afterMatch(skipToFirst('fall')))
 */
export function skipToFirst<Name extends string>(
  step: Name,
  options: SkipToOptions = {},
): SkipStrategy<Name> {
  return Object.freeze({ kind: 'to-first', step, ...options })
}

/** Drops the others that began before the last event of this step. */
export function skipToLast<Name extends string>(
  step: Name,
  options: SkipToOptions = {},
): SkipStrategy<Name> {
  return Object.freeze({ kind: 'to-last', step, ...options })
}
