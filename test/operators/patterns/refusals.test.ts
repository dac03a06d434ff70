// Patterns that make no sense are refused when they are built, in words, with a cure.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  job,
  type KeyedStream,
  outputTag,
  type Pattern,
  pattern,
  skipToFirst,
  skipToNext,
} from 'millrace'
import { buildJobGraph } from '../../../src/graph/build.ts'
import type { AnyPattern } from '../../../src/operators/patterns/builder.ts'
import { type Event, is, matchesOf } from './harness.ts'

const { begin } = pattern<Event>()
const a = begin('a', is('a'))
/** As JavaScript sees it, without the types that refuse some of it. */
const untyped = (value: unknown): AnyPattern => value as AnyPattern

const refused: Readonly<Record<string, readonly [RegExp, () => unknown]>> = {
  'no name': [/no name of a step/, () => begin('')],
  'a name that objects have': [/no name of a step/, () => begin('__proto__')],
  'something else for a name': [/no name of a step/, () => untyped(a).next(5)],
  'a condition that is no function': [/needs a condition/, () => untyped(a).next('b', 5)],
  'no condition for where': [/needs a condition/, () => untyped(a).where(undefined)],
  'times(0)': [/matches nothing/, () => a.times(0)],
  'times from more to less': [/matches nothing/, () => a.times(3, 2)],
  'a part of a time': [/no number of times/, () => a.times(1.5)],
  'too many times': [/no number of times/, () => a.times(1_001)],
  'timesOrMore(0)': [/no number of times/, () => a.timesOrMore(0)],
  'two quantifiers': [/told twice/, () => a.times(2).oneOrMore()],
  'optional twice': [/optional already/, () => a.optional().optional()],
  'optional after times from 0': [/optional already/, () => a.times(0, 2).optional()],
  'optional after greedy': [
    /follows a greedy one/,
    () => a.oneOrMore().greedy().next('b', is('b')).optional(),
  ],
  'greedy for one event': [/needs a step that repeats/, () => a.greedy()],
  'greedy combinations': [/contradicts/, () => a.oneOrMore().allowCombinations().greedy()],
  'combinations of greedy': [/contradicts/, () => a.oneOrMore().greedy().allowCombinations()],
  'a greedy group': [/group cannot be greedy/, () => untyped(begin(a).oneOrMore()).greedy()],
  'consecutive for one event': [/needs a step that repeats/, () => a.consecutive()],
  'consecutive combinations': [
    /say one, once|comes after/,
    () => a.oneOrMore().consecutive().allowCombinations(),
  ],
  'until without a loop': [/none to end/, () => a.times(3).until(is('b'))],
  'until twice': [/none to end/, () => a.oneOrMore().until(is('b')).until(is('c'))],
  'where after a group': [/follows a group/, () => untyped(begin(a)).where(is('b'))],
  'a quantifier for what must not occur': [
    /makes no sense/,
    () => untyped(a.notNext('b', is('b'))).oneOrMore(),
  ],
  'optional for what must not occur': [
    /makes no sense/,
    () => untyped(a.notFollowedBy('b', is('b'))).optional(),
  ],
  'what must not occur after an optional step': [
    /after an optional step/,
    () => a.optional().notNext('b', is('b')),
  ],
  'no time at all': [/leaves no time/, () => a.within(0)],
  'an unknown kind of time': [/say|within/, () => untyped(a).within(5, 'always')],
  'a time before a group': [/about the events of a step/, () => begin(a).within(5, 'previous')],
  'no strategy': [/no strategy/, () => untyped(a).afterMatch({ kind: 'sometimes' } as never)],
  'a group with a strategy': [
    /a group has an afterMatch/,
    () => a.next(begin('b').afterMatch(skipToNext())),
  ],
  'a nothing for a step': [/no name of a step/, () => untyped(a).next(undefined)],
}

describe('a call that makes no sense', () => {
  for (const [what, [problem, call]] of Object.entries(refused)) {
    it(`is refused: ${what}`, () => {
      assert.throws(call, (error: { code?: string; message: string; cure?: string }) => {
        assert.equal(error.code, 'JOB_GRAPH_INVALID')
        assert.match(error.message, problem)
        assert.ok(error.cure)
        return true
      })
    })
  }

  it('is refused: an asynchronous condition', () => {
    const condition = async (): Promise<boolean> => true
    assert.throws(() => untyped(a).next('b', condition), { code: 'JOB_ASYNC_FUNCTION' })
  })

  it('leaves the pattern as it was', () => {
    const before = JSON.stringify(untyped(a).spec)
    a.oneOrMore().next('b', is('b')).within(5)
    assert.equal(JSON.stringify(untyped(a).spec), before)
  })
})

const chain = (use: (keyed: KeyedStream<string, Event>) => unknown) => (): unknown =>
  buildJobGraph(
    job('patterns', (env) => {
      use(env.fromElements<Event>('events', []).keyBy((event) => event.kind))
    }),
    { parallelism: 1, maxParallelism: 128, params: {} },
  )
const using =
  <M>(chosen: Pattern<Event, M>) =>
  (keyed: KeyedStream<string, Event>): unknown =>
    keyed.pattern(chosen)

const tag = outputTag<string>('some')
const unusable: Readonly<Record<string, readonly [RegExp, () => unknown]>> = {
  'two steps of one name': [
    /"a" is given twice/,
    chain((keyed) => keyed.pattern(untyped(untyped(a).next('a')) as never)),
  ],
  'two of one name in a group': [
    /"a" is given twice/,
    chain(using(a.next(begin('b').next(begin('a'))))),
  ],
  'an end that is never known': [/never known/, chain(using(a.notFollowedBy('b', is('b'))))],
  'a group that ends in what must not follow': [
    /ends a group/,
    chain(using(a.next(begin('b').notFollowedBy('c', is('c'))).within(5))),
  ],
  'a group that repeats and may match nothing': [
    /all of its steps may be left out/,
    chain(using(a.next(begin('b').optional().next('c').optional()).oneOrMore().next('d'))),
  ],
  'skipping to a step that is not there': [
    /names no step "b"/,
    chain((keyed) => keyed.pattern(a.afterMatch(skipToFirst('b') as never))),
  ],
  'skipping to what must not occur': [
    /names no step "b"/,
    chain((keyed) => keyed.pattern(a.notNext('b').afterMatch(skipToFirst('b') as never))),
  ],
  'a longer time between two events than for all': [
    /than the whole may take/,
    chain(using(a.next('b').within(10, 'previous').within(5))),
  ],
  'groups in groups that come to too many states': [
    /more than 10000 states/,
    chain(using(begin(begin(a).times(200)).times(200).next('b'))),
  ],
  'something else': [/no pattern/, chain((keyed) => keyed.pattern({} as never))],
  'no function': [/needs a function/, chain((keyed) => keyed.pattern(a).select('x', 5 as never))],
  'no process function': [
    /needs a processMatch/,
    chain((keyed) => keyed.pattern(a).process('x', {} as never)),
  ],
  'timedOut without a time limit': [
    /no time limit/,
    chain((keyed) => keyed.pattern(a).timedOut(tag, () => '')),
  ],
  'late records in processing time': [
    /none in processing time/,
    chain((keyed) => keyed.pattern(a).inProcessingTime().sideOutputLateData(outputTag('late'))),
  ],
  'processing time with late records': [
    /none in processing time/,
    chain((keyed) => keyed.pattern(a).sideOutputLateData(outputTag('late')).inProcessingTime()),
  ],
  'two side outputs of one name': [
    /two side outputs "some"/,
    chain((keyed) =>
      keyed
        .pattern(a.within(5))
        .timedOut(tag, () => '')
        .process('x', { sideOutputs: [tag], processMatch() {} }),
    ),
  ],
}

describe('a pattern that makes no sense', () => {
  for (const [what, [problem, build]] of Object.entries(unusable)) {
    it(`is refused when it is used: ${what}`, () => {
      assert.throws(build, (error: { code?: string; message: string }) => {
        assert.equal(error.code, 'JOB_GRAPH_INVALID')
        assert.match(error.message, problem)
        return true
      })
    })
  }
})

describe('a pattern with endless matches', () => {
  it('fails the job when a key has too many, and says what to do', async () => {
    const all = begin('a', is('a')).oneOrMore().allowCombinations().next('b', is('b'))
    const letters = Array.from({ length: 20 }, (_, index) => `a${index}`).join(' ')
    await assert.rejects(matchesOf(all, letters), {
      code: 'FUNCTION_FAILED',
      message: /over 65536 matches under way/,
      cure: /within/,
    })
  })
})
