/**
 * The automaton: states, with transitions that are open if a guard holds. `take` adds the event to
 * the match, `ignore` passes over it, `proceed` goes on to another state with the same event.
 */

/** Answers for the event and the partial match that are being looked at. */
export interface Facts {
  /** Whether condition number `index` holds. */
  holds(index: number): boolean
  /** Time since the event before, in the partial match; NaN if there is none. */
  readonly gapMs: number
}

export type Guard = (facts: Facts) => boolean

export interface Transition {
  readonly action: 'take' | 'ignore' | 'proceed'
  readonly target: State
  /** A greedy step before narrows it. */
  guard: Guard
}

export interface State {
  /** In snapshots: the name of the step, and a number where a step has several states. */
  readonly name: string
  /** Reaching `stop` ends a partial match; `pending` becomes a match when its time is over. */
  readonly kind: 'normal' | 'pending' | 'stop' | 'final'
  /** The step whose events it takes. */
  readonly step: string
  readonly transitions: Transition[]
  /** How long a match may stay here after its last event; infinite for most. */
  limitMs: number
}

/** What a pattern is compiled to. */
export interface Automaton {
  readonly start: State
  readonly byName: ReadonlyMap<string, State>
  /** The functions behind the guards. */
  readonly conditions: readonly ((event: unknown, context: unknown) => unknown)[]
}

export const always: Guard = () => true
const never: Guard = () => false

export function not(guard: Guard): Guard {
  if (guard === always) return never
  return guard === never ? always : (facts) => !guard(facts)
}

export function and(left: Guard, right: Guard): Guard {
  if (left === always) return right
  return right === always ? left : (facts) => left(facts) && right(facts)
}

export function or(left: Guard, right: Guard): Guard {
  if (left === always || right === always) return always
  return (facts) => left(facts) || right(facts)
}

export function connect(
  from: State,
  action: Transition['action'],
  target: State,
  guard: Guard,
): void {
  from.transitions.push({ action, target, guard })
}
