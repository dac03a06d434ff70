/**
 * `pattern()`, and what is behind the types of `types.ts`: each call copies the pattern, with one
 * step or property more. Calls that make no sense are refused at once.
 */
import { types } from 'node:util'
import { MillraceError } from '../../errors.ts'
import { parseDurationMs } from '../../util/duration.ts'
import { checkPattern, refused } from './check.ts'
import { noSkip, type SkipStrategy } from './skip.ts'
import { ALWAYS, type Condition, type Contiguity, type PatternSpec, type Step } from './steps.ts'
import type { PatternStart } from './types.ts'

/** More states than this are surely a mistake. */
const TIMES_MAX = 1_000
const INFINITE = Number.POSITIVE_INFINITY
const SKIPS = new Set(['none', 'to-next', 'past-last-event', 'to-first', 'to-last'])

/**
 * Begins a pattern over events of this type. Patterns are values: they can be kept, reused in
 * several streams, and put into other patterns as groups.
 *
 * @throws `JOB_GRAPH_INVALID`, from any of the calls, if the pattern makes no sense.
 * @example
 * const breakIn = pattern<Login>()
 *   .begin('fail', (login) => !login.ok).times(3).consecutive()
 *   .next('ok', (login, { match }) => login.ok && match.fail[0].user === login.user)
 *   .within('10 min')
 */
export function pattern<T>(): PatternStart<T> {
  const begin = (first: unknown, condition?: unknown): AnyPattern =>
    EMPTY.followed('strict', first, condition)
  // The types restate what the methods of AnyPattern do with values of any type.
  return Object.freeze({ begin })
}

/** Any pattern, whatever its types. */
export class AnyPattern {
  readonly spec: PatternSpec

  constructor(spec: PatternSpec) {
    this.spec = spec
  }

  next(step: unknown, condition?: unknown): AnyPattern {
    return this.followed('strict', step, condition)
  }

  followedBy(step: unknown, condition?: unknown): AnyPattern {
    return this.followed('relaxed', step, condition)
  }

  followedByAny(step: unknown, condition?: unknown): AnyPattern {
    return this.followed('any', step, condition)
  }

  notNext(name: unknown, condition?: unknown): AnyPattern {
    return this.#not('not-next', name, condition)
  }

  notFollowedBy(name: unknown, condition?: unknown): AnyPattern {
    return this.#not('not-followed', name, condition)
  }

  where(condition: unknown): AnyPattern {
    return this.#change(this.#single('where'), { condition: this.#combined('and', condition) })
  }

  or(condition: unknown): AnyPattern {
    return this.#change(this.#single('or'), { condition: this.#combined('or', condition) })
  }

  times(from: unknown, to: unknown = from): AnyPattern {
    const least = count(from, 'times')
    const most = count(to, 'times')
    if (most < 1 || most < least || (least === 0 && to === from)) {
      throw refused(`times(${least}, ${most}) matches nothing`, 'give a range from less to more')
    }
    const isOptional = this.#last('times').isOptional || least === 0
    const change = { quantifier: 'times', from: Math.max(1, least), to: most, isOptional } as const
    return this.#quantified('times', change)
  }

  oneOrMore(): AnyPattern {
    return this.#quantified('oneOrMore', { quantifier: 'loop', from: 1, to: 1 })
  }

  timesOrMore(times: unknown): AnyPattern {
    const from = count(times, 'timesOrMore')
    if (from < 1) throw refused('timesOrMore(0) is no number of times', 'add .optional()')
    return this.#quantified('timesOrMore', { quantifier: 'loop', from, to: from })
  }

  optional(): AnyPattern {
    const step = this.#occurring('optional')
    if (step.isOptional) throw refused(`"${step.name}" is optional already`, 'say it once')
    if (this.spec.steps.at(-2)?.isGreedy === true) {
      const problem = `the optional step "${step.name}" follows a greedy one`
      throw refused(problem, 'leave out greedy(), or make two patterns of it')
    }
    return this.#change(step, { isOptional: true })
  }

  greedy(): AnyPattern {
    const step = this.#occurring('greedy')
    if (step.group !== undefined) {
      throw refused('a group cannot be greedy', 'make the steps in it greedy')
    }
    if (step.quantifier === 'one' || step.inner === 'any') {
      const problem = `greedy() needs a step that repeats, and "${step.name}" does not`
      const cure = 'put times, oneOrMore or timesOrMore before it'
      throw step.quantifier === 'one' ? refused(problem, cure) : contradiction()
    }
    return this.#change(step, { isGreedy: true })
  }

  allowCombinations(): AnyPattern {
    const step = this.#repeated('allowCombinations')
    if (step.isGreedy) throw contradiction()
    return this.#change(step, { inner: 'any' })
  }

  consecutive(): AnyPattern {
    return this.#change(this.#repeated('consecutive'), { inner: 'strict' })
  }

  until(condition: unknown): AnyPattern {
    const step = this.#occurring('until')
    if (step.quantifier !== 'loop' || step.until !== undefined) {
      const problem = `until() ends a loop, once, and "${step.name}" has none to end`
      throw refused(problem, 'put it after oneOrMore or timesOrMore')
    }
    return this.#change(step, { until: test(condition, 'until') })
  }

  within(duration: unknown, between: unknown = 'whole'): AnyPattern {
    const durationMs = parseDurationMs(duration, 'pattern: within')
    if (durationMs <= 0) throw refused('within(0) leaves no time', 'give a positive duration')
    if (between === 'previous') {
      const step = this.#last('within')
      if (step.group !== undefined || step.contiguity === 'not-next') {
        const problem = "within(…, 'previous') is about the events of a step"
        throw refused(problem, 'put it after a step that takes events, or into the group')
      }
      return this.#change(step, { gapMs: durationMs })
    }
    if (between !== 'whole') {
      throw refused(`within(…, ${JSON.stringify(between)})`, "say 'whole' or 'previous'")
    }
    const withinMs = Math.min(this.spec.withinMs, durationMs)
    return new AnyPattern({ ...this.spec, withinMs })
  }

  afterMatch(skip: SkipStrategy): AnyPattern {
    if (!SKIPS.has(skip?.kind)) throw refused('afterMatch got no strategy', 'pass skipToNext() …')
    return new AnyPattern({ ...this.spec, skip })
  }

  followed(contiguity: Contiguity, step: unknown, condition?: unknown): AnyPattern {
    if (!(step instanceof AnyPattern)) {
      return this.#with(newStep(nameOf(step), contiguity, condition))
    }
    const { steps, withinMs, skip } = step.spec
    if (skip.kind !== 'none') {
      throw refused('a group has an afterMatch strategy', 'give it to the whole pattern')
    }
    const group = newStep('', contiguity, undefined, steps)
    return this.#with(group, Math.min(this.spec.withinMs, withinMs))
  }

  /** What is compiled, once it is known that it can be. */
  checked(): PatternSpec {
    checkPattern(this.spec)
    return this.spec
  }

  #not(contiguity: 'not-next' | 'not-followed', name: unknown, condition: unknown): AnyPattern {
    const before = this.#last(contiguity)
    if (before.isOptional) {
      const problem = `"${nameOf(name)}" must not occur after an optional step`
      throw refused(problem, 'make two patterns of it, with the optional step and without')
    }
    return this.#with(newStep(nameOf(name), contiguity, condition))
  }

  #with(step: Step, withinMs = this.spec.withinMs): AnyPattern {
    return new AnyPattern({ ...this.spec, steps: [...this.spec.steps, step], withinMs })
  }

  #change(step: Step, change: Partial<Step>): AnyPattern {
    const steps = this.spec.steps.with(-1, Object.freeze({ ...step, ...change }))
    return new AnyPattern({ ...this.spec, steps })
  }

  #quantified(call: string, change: Partial<Step>): AnyPattern {
    const step = this.#occurring(call)
    if (step.quantifier !== 'one') {
      throw refused(`"${step.name}" is told twice how often it occurs`, 'say it once')
    }
    return this.#change(step, change)
  }

  #repeated(call: string): Step {
    const step = this.#occurring(call)
    if (step.quantifier === 'one') {
      const problem = `${call}() needs a step that repeats, and "${step.name}" does not`
      throw refused(problem, 'put times, oneOrMore or timesOrMore before it')
    }
    if (step.inner === 'relaxed') return step
    throw refused(`${call}() comes after consecutive() or allowCombinations()`, 'say one, once')
  }

  #occurring(call: string): Step {
    const step = this.#last(call)
    if (step.contiguity !== 'not-next' && step.contiguity !== 'not-followed') return step
    throw refused(`${call}() makes no sense where "${step.name}" must not occur`, 'leave it out')
  }

  #single(call: string): Step {
    const step = this.#last(call)
    if (step.group === undefined) return step
    throw refused(`${call}() follows a group`, 'give the conditions to the steps in the group')
  }

  #last(call: string): Step {
    const step = this.spec.steps.at(-1)
    if (step === undefined) throw refused(`${call}() needs a step`, 'begin with .begin(name)')
    return step
  }

  #combined(kind: 'and' | 'or', condition: unknown): Condition {
    const left = this.#single('where').condition
    const right = test(condition, kind === 'and' ? 'where' : 'or')
    return left.kind === 'always' ? right : Object.freeze({ kind, left, right })
  }
}

const EMPTY = new AnyPattern({ steps: [], withinMs: INFINITE, skip: noSkip() })

function newStep(
  name: string,
  contiguity: Contiguity,
  condition: unknown,
  group?: readonly Step[],
): Step {
  return Object.freeze<Step>({
    name,
    group,
    contiguity,
    inner: 'relaxed',
    condition: condition === undefined ? ALWAYS : test(condition, `"${name}"`),
    until: undefined,
    quantifier: 'one',
    from: 1,
    to: 1,
    isOptional: false,
    isGreedy: false,
    gapMs: INFINITE,
  })
}

function contradiction(): MillraceError {
  return refused('greedy() contradicts allowCombinations()', 'leave one of them out')
}

function nameOf(name: unknown): string {
  if (typeof name === 'string' && name !== '' && name !== '__proto__') return name
  const cure = "give each step a name, 'start' for example, or pass a pattern as a group"
  throw refused(`${JSON.stringify(name)} is no name of a step`, cure)
}

function test(condition: unknown, what: string): Condition {
  if (typeof condition !== 'function') {
    throw refused(`${what} needs a condition, and got ${typeof condition}`, 'pass a function')
  }
  if (types.isAsyncFunction(condition)) {
    throw new MillraceError(
      'JOB_ASYNC_FUNCTION',
      `pattern: the condition of ${what} is asynchronous`,
    )
  }
  // It is given only events of the stream, and a context that fits the steps before.
  const fn = condition as (event: unknown, context: unknown) => unknown
  return Object.freeze({ kind: 'test', test: fn })
}

function count(times: unknown, call: string): number {
  if (Number.isInteger(times) && Number(times) >= 0 && Number(times) <= TIMES_MAX) {
    return Number(times)
  }
  throw refused(`${call}(${String(times)}) is no number of times`, `give 1 to ${TIMES_MAX}`)
}
