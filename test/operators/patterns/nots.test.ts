// What matches: what must not occur. The facts are those of Flink's own tests.
import { describe } from 'node:test'
import { pattern, skipPastLastEvent } from 'millrace'
import { type Event, fact, is } from './harness.ts'

const { begin } = pattern<Event>()
const a = begin('a', is('a'))
const [b, c, d] = [is('b'), is('c'), is('d')]

describe('notNext', () => {
  const middle = a.notNext('not b', b)
  fact('did not occur', middle.followedByAny('c', c).followedBy('d', d), 'a c1 b c2 d', [
    'a c1 d',
    'a c2 d',
  ])
  fact('occurred', middle.followedBy('c', c).followedBy('d', d), 'a b c1 c2 d', [])
  const end = a.followedByAny('c', c).followedByAny('d', d).notNext('not b', b)
  fact('occurred at the end', end, 'a c1 c2 d b', [])
  fact('did not occur at the end', end, 'a c1 c2 d x', ['a c1 d', 'a c2 d'])
  fact('is not known at the end of input', end, 'a c1 c2 d', [])
  fact(
    'after a loop',
    a.followedBy('b', b).oneOrMore().notNext('not c', c).followedBy('d', d),
    'a b1 c b2 d',
    [],
  )
  fact(
    'after a loop of any',
    a.followedByAny('b', b).oneOrMore().notNext('not c', c).followedBy('d', d),
    'a b1 c b2 d',
    ['a b2 d'],
  )
})

describe('notFollowedBy', () => {
  const not = a.notFollowedBy('not b', b)
  fact('before any', not.followedByAny('c', c).followedBy('d', d), 'a c1 b c2 d', ['a c1 d'])
  fact(
    'before an optional step',
    not.followedByAny('c', c).optional().followedBy('d', d),
    'a c1 b c2 d',
    ['a c1 d'],
  )
  fact('before an optional step at the end', not.followedByAny('c', c).optional(), 'a c1 b c2', [
    'a c1',
    'a',
  ])
  fact(
    'before two, or none',
    not.followedByAny('c', c).times(2).optional().followedBy('d', d),
    'a c1 b c2 d',
    ['a c1 c2 d'],
  )
  fact(
    'while passing over',
    not.followedByAny('c', c).times(2).optional().followedBy('d', d),
    'a d1 e b c1 c2 d2',
    ['a d1'],
  )
  fact('for one beginning of two', not.followedBy('c', c).followedBy('d', d), 'a1 b c1 a2 c2 d', [
    'a2 c2 d',
  ])
  const twice = a.followedByAny('b', b).times(2).notFollowedBy('not c', c).followedBy('d', d)
  fact('after two, between them', twice, 'a b1 c b2 d', [])
  fact('after two', twice, 'a d1 e b1 b2 c d2', [])

  const after = 'a b1 b2 b3 c b4 b5 b6 d'
  const eager = ['a b4 b5 b6 d', 'a b4 b5 d', 'a b4 d', 'a b5 b6 d', 'a b5 d', 'a b6 d']
  const loop = a.followedBy('b', b).oneOrMore()
  const anyLoop = a.followedByAny('b', b).oneOrMore()
  fact('after a loop', loop.notFollowedBy('not c', c).followedBy('d', d), after, [])
  fact('after a loop of any', anyLoop.notFollowedBy('not c', c).followedBy('d', d), after, eager)
  fact(
    'after combinations',
    loop.allowCombinations().notFollowedBy('not c', c).followedBy('d', d),
    after,
    [],
  )
  fact(
    'after combinations of any',
    anyLoop.allowCombinations().notFollowedBy('not c', c).followedBy('d', d),
    after,
    [...eager, 'a b4 b6 d'],
  )

  const before = 'a b1 c b4 b5 b6 d'
  const relaxed = ['a b1 b4 b5 b6 d', 'a b1 b4 b5 d', 'a b1 b4 d', 'a b1 d']
  const combined = [...relaxed, 'a b1 b4 b6 d', 'a b1 b5 b6 d', 'a b1 b5 d', 'a b1 b6 d']
  const notC = a.notFollowedBy('not c', c)
  for (const [how, step] of [
    ['followedBy', notC.followedBy('b', b)],
    ['followedByAny', notC.followedByAny('b', b)],
  ] as const) {
    fact(`before a loop, ${how}`, step.oneOrMore().followedBy('d', d), before, relaxed)
    fact(
      `before combinations, ${how}`,
      step.oneOrMore().allowCombinations().followedBy('d', d),
      before,
      combined,
    )
    fact(
      `before a loop or none, ${how}`,
      step.oneOrMore().optional().followedBy('d', d),
      before,
      relaxed,
    )
    fact(
      `before combinations or none, ${how}`,
      step.oneOrMore().optional().allowCombinations().followedBy('d', d),
      before,
      combined,
    )
  }
})

describe('notFollowedBy at the end', () => {
  const events = 'a1@1 b1@2 a2@4 c@5 b2@10 a3@11 b3@13'
  fact('within a time from the first event', a.notFollowedBy('b', b).within(3), events, ['a2'])
  fact('within a time from the last', a.notFollowedBy('b', b).within(3, 'previous'), events, ['a2'])
  fact(
    'within a time, before some or none',
    a.notFollowedBy('b', b).followedBy('c', c).times(0, 2).within(3),
    'a1@1 b1@2 a2@10 c1@11 c2@12 a3@20 c3@21 c4@24',
    ['a1', 'a2', 'a2 c1', 'a2 c1 c2', 'a3', 'a3 c3'],
  )
  fact(
    'one match of many, the others skipped',
    a
      .oneOrMore()
      .allowCombinations()
      .followedBy('c', c)
      .notFollowedBy('b', b)
      .within(5)
      .afterMatch(skipPastLastEvent()),
    'a1@1 a2@2 a3@3 c1@4 c2@10',
    ['a1 a2 a3 c1'],
  )
  fact('several begin', a.notFollowedBy('b', b).within(5), 'a1@1 b1@4 a2@5 a3@11 b2@18', [
    'a2',
    'a3',
  ])
})
