/**
 * From steps to states, from the last step to the first: each is given the state that follows it.
 * States and transitions are those of Flink's patterns: they decide what matches in the corners.
 */
import { type GroupScope, Guards } from './guards.ts'
import { always, and, type Automaton, connect, type Guard, not, type State } from './states.ts'
import { refuseEmptyLoops } from './check.ts'
import { StateSet } from './state-set.ts'
import type { Contiguity, Step } from './steps.ts'

/** Where a step stands. */
interface Place {
  readonly step: Step
  readonly steps: readonly Step[]
  readonly index: number
  /** The group around it. */
  readonly scope: GroupScope | undefined
}

interface SingleGuards {
  readonly take: Guard
  readonly ignore: Guard | undefined
  readonly isOptional: boolean
}

export function compile(steps: readonly Step[]): Automaton {
  return new Compiler().compile(steps)
}

class Compiler {
  readonly #guards = new Guards()
  readonly #states = new StateSet()
  readonly #stops = new Map<Step, State>()
  /** States as they were before a greedy step narrowed their transitions. */
  readonly #unnarrowed = new Map<State, State>()

  compile(steps: readonly Step[]): Automaton {
    const start = this.#sequence(steps, this.#states.add('', 'final'), undefined)
    const states = [...this.#states.byName.values()]
    refuseEmptyLoops(states)
    for (const state of states) if (hasWayOn(state)) state.limitMs = Number.POSITIVE_INFINITY
    return { start, byName: this.#states.byName, conditions: this.#guards.conditions }
  }

  #sequence(steps: readonly Step[], sink: State, scope: GroupScope | undefined): State {
    let next = sink
    for (let index = steps.length - 1; index >= 0; index--) {
      const step = steps[index] as Step // within the list
      const place = { step, steps, index, scope }
      if (step.contiguity === 'not-followed') {
        // Those in the middle become transitions of the states around them.
        if (next.kind === 'final') next = this.#pending(place)
      } else if (step.contiguity === 'not-next') next = this.#notNext(place, next)
      else next = this.#occurring(place, next)
    }
    return next
  }

  /** Waits, at the end of a pattern, for the time to be over. */
  #pending(place: Place): State {
    const { step } = place
    const state = this.#stateOf(step, 'pending')
    const guard = this.#guards.take(step, place.scope)
    connect(state, 'proceed', this.#stop(place), guard)
    connect(state, 'ignore', state, not(guard))
    return state
  }

  #notNext(place: Place, next: State): State {
    const { step } = place
    const state = this.#states.add(step.name, 'normal')
    const guard = this.#guards.take(step, place.scope)
    // At the end it takes an event to know that it is not the wrong one.
    connect(state, next.kind === 'final' ? 'ignore' : 'proceed', next, not(guard))
    connect(state, 'proceed', this.#stop(place), guard)
    return state
  }

  #occurring(place: Place, sink: State): State {
    const { step, scope } = place
    let first: State
    if (step.quantifier === 'loop') {
      const looping = this.#loop(place, this.#withoutNots(place, sink))
      first = this.#times(place, looping, sink, step.from, step.from)
    } else if (step.quantifier === 'times') {
      first = this.#times(place, sink, sink, step.from, step.to)
    } else {
      const take = this.#guards.take(step, scope)
      const ignore = this.#guards.ignore(step, contiguityOf(place), scope)
      first = this.#single(place, sink, sink, { take, ignore, isOptional: step.isOptional }, true)
    }
    this.#stopBefore(place, first)
    return first
  }

  /** One state for each time, the last leading to `sink`; from those after `from` it may go on. */
  #times(place: Place, sink: State, proceed: State, from: number, to: number): State {
    const { step, scope } = place
    const { take, ignore } = this.#innerGuards(place)
    if (step.isGreedy && from !== to) {
      if (step.until !== undefined) this.#unnarrowed.set(sink, this.#states.copy(sink))
      narrow(sink, take)
    }
    let next = sink
    for (let time = to; time > 1; time--) {
      const isOptional = time > from
      next = this.#single(place, next, proceed, { take, ignore, isOptional }, false)
      this.#stopLooping(place, next)
    }
    const first = {
      take,
      ignore: this.#guards.ignore(step, contiguityOf(place), scope),
      isOptional: step.isOptional,
    }
    return this.#single(place, next, proceed, first, true)
  }

  /** A state that takes one event of the step, or the states of one round of a group. */
  #single(
    place: Place,
    sink: State,
    proceed: State,
    { take, ignore, isOptional }: SingleGuards,
    isFirstRound: boolean,
  ): State {
    const { step, scope } = place
    if (step.group !== undefined) {
      const first = this.#sequence(step.group, sink, { step, isFirstRound })
      if (isOptional) connect(first, 'proceed', proceed, this.#guards.open(scope))
      return first
    }
    const state = this.#stateOf(step, 'normal')
    // Once an event of an optional step came, what must not come before it no longer matters.
    const target = this.#withoutNots(place, sink)
    connect(state, 'take', target, take)
    if (isOptional) this.#proceed(place, state, proceed)
    if (ignore === undefined) return state
    if (!isOptional && !isHeadOfOptionalGroup(place)) {
      connect(state, 'ignore', state, ignore)
      return state
    }
    // Once an event was passed over, the step is no longer left out: so no match comes twice.
    const ignoring = this.#stateOf(step, 'normal')
    connect(ignoring, 'take', target, take)
    connect(ignoring, 'ignore', ignoring, ignore)
    if (isFirstRound) this.#stopBefore(place, ignoring)
    else this.#stopLooping(place, ignoring)
    connect(state, 'ignore', ignoring, ignore)
    return state
  }

  /** The way on from a state without an event of its step; a greedy step leaves no event over. */
  #proceed({ step, scope }: Place, state: State, sink: State): void {
    const open = this.#guards.open(scope)
    const until = this.#guards.until(step)
    if (!step.isGreedy || until === undefined) return connect(state, 'proceed', sink, open)
    connect(state, 'proceed', this.#unnarrowed.get(sink) ?? sink, and(open, until))
    connect(state, 'proceed', sink, and(open, not(until)))
  }

  /** A state that takes any number of further events; each time it may go on to `sink`. */
  #loop(place: Place, sink: State): State {
    const { step, scope } = place
    if (step.group !== undefined) {
      const back = this.#states.add(`(${step.group[0]?.name ?? ''})`, 'normal')
      const first = this.#sequence(step.group, back, { step, isFirstRound: false })
      connect(first, 'proceed', sink, this.#guards.open(scope))
      connect(back, 'proceed', first, this.#guards.open(scope))
      return first
    }
    const { take, ignore } = this.#innerGuards(place)
    const state = this.#stateOf(step, 'normal')
    if (step.isGreedy && step.until !== undefined)
      this.#unnarrowed.set(sink, this.#states.copy(sink))
    this.#proceed(place, state, sink)
    if (step.isGreedy) narrow(sink, this.#guards.take(step, scope))
    connect(state, 'take', state, take)
    this.#stopLooping(place, state)
    if (ignore === undefined) return state
    const ignoring = this.#stateOf(step, 'normal')
    connect(ignoring, 'take', state, take)
    connect(ignoring, 'ignore', ignoring, ignore)
    connect(state, 'ignore', ignoring, ignore)
    this.#stopLooping(place, ignoring)
    return state
  }

  /** Until an event of a step, what must not come before it ends the match. */
  #stopBefore(place: Place, state: State): void {
    for (const not of notsBefore(place)) {
      connect(state, 'proceed', this.#stop(not), this.#guards.take(not.step, not.scope))
    }
  }

  /** Between events of a step, what must not follow it ends the match, too. */
  #stopLooping({ steps, index, scope }: Place, state: State): void {
    const step = steps[index + 1]
    if (step?.contiguity !== 'not-followed') return
    const place = { step, steps, index: index + 1, scope }
    connect(state, 'proceed', this.#stop(place), this.#guards.take(step, scope))
  }

  #innerGuards({ step, index, scope }: Place): { take: Guard; ignore: Guard | undefined } {
    const until = this.#guards.until(step)
    const open = until === undefined ? always : not(until)
    const inner = index === 0 && scope !== undefined ? scope.step.inner : step.inner
    const ignore = this.#guards.ignore(step, inner, scope)
    return {
      take: and(open, this.#guards.take(step, scope)),
      ignore: ignore === undefined ? undefined : and(open, ignore),
    }
  }

  /** `state` without the ends that lie before an optional step; itself if there are none. */
  #withoutNots(place: Place, state: State): State {
    const nots = notsBefore(place)
    if (nots.length === 0 || !place.step.isOptional) return state
    const stops = new Set(nots.map((each) => this.#stop(each)))
    const copy = this.#states.add(state.step, state.kind, state.limitMs)
    for (const { action, target, guard } of state.transitions) {
      if (target === state) connect(copy, action, copy, guard)
      else if (action === 'take') connect(copy, action, target, guard)
      else if (!stops.has(target)) connect(copy, action, this.#withoutNots(place, target), guard)
    }
    return copy
  }

  #stop({ step }: Place): State {
    const known = this.#stops.get(step)
    if (known !== undefined) return known
    const stop = this.#states.add(step.name, 'stop')
    this.#stops.set(step, stop)
    return stop
  }

  #stateOf({ name, gapMs }: Step, kind: State['kind']): State {
    return this.#states.add(name, kind, gapMs)
  }
}

/** Of the first step of a group, it is that of the group. */
function contiguityOf({ step, index, scope }: Place): Contiguity {
  if (index > 0 || scope === undefined) return step.contiguity
  return scope.isFirstRound ? scope.step.contiguity : scope.step.inner
}

function isHeadOfOptionalGroup({ index, scope }: Place): boolean {
  return index === 0 && scope !== undefined && scope.isFirstRound && scope.step.isOptional
}

/** What must not come before a step, through all optional steps before it. */
function notsBefore(place: Place): readonly Place[] {
  const nots: Place[] = []
  for (let index = place.index - 1; index > 0; index--) {
    const step = place.steps[index] as Step // within the list
    if (step.contiguity === 'not-followed') nots.push({ ...place, step, index })
    else if (!step.isOptional) break
  }
  return nots
}

/** True if a match may leave the state without an event of its step. */
function hasWayOn(state: State): boolean {
  return state.transitions.some(({ action, target }) => {
    return action === 'proceed' && target.kind !== 'stop'
  })
}

/** Lets events go on only if the greedy step before does not take them. */
function narrow(state: State, take: Guard): void {
  for (const transition of state.transitions) transition.guard = and(transition.guard, not(take))
}
