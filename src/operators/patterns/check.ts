/** What is refused when a pattern is built; all of it would otherwise never match, or never end. */
import { MillraceError } from '../../errors.ts'
import type { State } from './states.ts'
import { allNames, matchNames, type PatternSpec, type Step } from './steps.ts'

export function refused(problem: string, cure: string): MillraceError {
  return new MillraceError('JOB_GRAPH_INVALID', `pattern: ${problem}`, { cure })
}

/** Checks the whole pattern; single calls have been checked when they were made. */
export function checkPattern({ steps, withinMs, skip }: PatternSpec): void {
  const names = allNames(steps)
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) {
    throw refused(`the name "${twice}" is given twice`, 'give each step a name of its own')
  }
  checkEnds(steps, withinMs)
  if (skip.step !== undefined && !matchNames(steps).includes(skip.step)) {
    const cure = `name a step that occurs: ${matchNames(steps).join(', ')}`
    throw refused(`what is skipped after a match names no step "${skip.step}"`, cure)
  }
  checkGaps(steps, withinMs)
}

function checkEnds(steps: readonly Step[], withinMs: number): void {
  const last = steps.at(-1)
  if (last?.contiguity === 'not-followed' && withinMs === Infinity && last.gapMs === Infinity) {
    const problem = `notFollowedBy("${last.name}") at the end is never known to be true`
    throw refused(problem, 'say until when: .within(duration)')
  }
  for (const { group } of steps) if (group !== undefined) checkGroup(group)
}

function checkGroup(steps: readonly Step[]): void {
  const last = steps.at(-1)
  if (last?.contiguity === 'not-followed') {
    const problem = `notFollowedBy("${last.name}") ends a group`
    throw refused(problem, 'put it after the group, or a step after it')
  }
  for (const { group } of steps) if (group !== undefined) checkGroup(group)
}

function checkGaps(steps: readonly Step[], withinMs: number): void {
  for (const step of steps) {
    if (step.group !== undefined) checkGaps(step.group, withinMs)
    else if (step.gapMs > withinMs && step.gapMs !== Infinity) {
      const problem = `"${step.name}" may come later after its predecessor than the whole may take`
      throw refused(problem, 'make the time between two events the shorter one')
    }
  }
}

/**
 * Refuses loops around nothing: a group that repeats although all its steps may be left out would
 * be gone through for ever with the same event.
 */
export function refuseEmptyLoops(states: readonly State[]): void {
  const done = new Set<State>()
  const open = new Set<State>()
  const visit = (state: State): void => {
    if (open.has(state)) {
      const problem = `a group repeats and all of its steps may be left out`
      throw refused(problem, 'make one step of the group required, and the group optional')
    }
    if (done.has(state)) return
    open.add(state)
    for (const { action, target } of state.transitions) if (action === 'proceed') visit(target)
    open.delete(state)
    done.add(state)
  }
  for (const state of states) visit(state)
}
