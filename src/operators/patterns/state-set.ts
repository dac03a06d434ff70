/** The states of a pattern while it is compiled: they get names, which snapshots refer to. */
import { refused } from './check.ts'
import { connect, type State } from './states.ts'

/** Repeated groups in repeated groups multiply. */
const STATES_MAX = 10_000

export class StateSet {
  readonly byName = new Map<string, State>()
  /** The last number that a state of a step got. */
  readonly #numbers = new Map<string, number>()

  add(step: string, kind: State['kind'], limitMs = Number.POSITIVE_INFINITY): State {
    if (this.byName.size >= STATES_MAX) {
      const cure = 'let steps and groups occur less often'
      throw refused(`it comes to more than ${STATES_MAX} states`, cure)
    }
    let name = step
    // A step may have the very name that is made here.
    while (this.byName.has(name)) {
      const number = (this.#numbers.get(step) ?? 1) + 1
      this.#numbers.set(step, number)
      name = `${step}:${number}`
    }
    const state: State = { name, kind, step, transitions: [], limitMs }
    this.byName.set(name, state)
    return state
  }

  /** Another with the same transitions; those to itself lead to the copy. */
  copy(state: State): State {
    const copy = this.add(state.step, state.kind, state.limitMs)
    for (const { action, target, guard } of state.transitions) {
      connect(copy, action, target === state ? copy : target, guard)
    }
    return copy
  }
}
