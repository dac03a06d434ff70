/** From the conditions of steps to guards of transitions; each function is known by a number. */
import { always, and, type Guard, not, or } from './states.ts'
import { type Condition, isNot, type Step } from './steps.ts'

/** The group that the steps of a place are in, and which of its rounds this is. */
export interface GroupScope {
  readonly step: Step
  readonly isFirstRound: boolean
}

export class Guards {
  readonly conditions: ((event: unknown, context: unknown) => unknown)[] = []
  readonly #known = new Map<Condition, Guard>()

  /** An event is of the step. */
  take(step: Step, scope: GroupScope | undefined): Guard {
    const { gapMs } = step
    const guard = and(this.open(scope), this.#of(step.condition))
    if (gapMs === Number.POSITIVE_INFINITY || isNot(step)) return guard
    // Of NaN, before the first event, nothing is true.
    return and((facts) => !(facts.gapMs >= gapMs), guard)
  }

  /** An event may be passed over while waiting for the step; undefined if none may. */
  ignore(
    step: Step,
    contiguity: Step['contiguity'],
    scope: GroupScope | undefined,
  ): Guard | undefined {
    if (contiguity === 'relaxed') return and(this.open(scope), not(this.#of(step.condition)))
    return contiguity === 'any' ? this.open(scope) : undefined
  }

  /** The loop of the step is over. */
  until(step: Step): Guard | undefined {
    return step.until === undefined ? undefined : this.#of(step.until)
  }

  /** The loop of the group is not over. */
  open(scope: GroupScope | undefined): Guard {
    const until = scope === undefined ? undefined : this.until(scope.step)
    return until === undefined ? always : not(until)
  }

  #of(condition: Condition): Guard {
    const known = this.#known.get(condition)
    if (known !== undefined) return known
    const guard = this.#make(condition)
    this.#known.set(condition, guard)
    return guard
  }

  #make(condition: Condition): Guard {
    if (condition.kind === 'always') return always
    if (condition.kind === 'and') return and(this.#of(condition.left), this.#of(condition.right))
    if (condition.kind === 'or') return or(this.#of(condition.left), this.#of(condition.right))
    const index = this.conditions.push(condition.test) - 1
    return (facts) => facts.holds(index)
  }
}
