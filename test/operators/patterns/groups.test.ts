// What matches: groups of steps. The facts are those of Flink's own tests. Matches are shown by
// step, so that the events of rounds stand together.
import { describe } from 'node:test'
import { pattern } from 'millrace'
import { type Event, fact, is } from './harness.ts'

const { begin } = pattern<Event>()
const c = begin('c', is('c'))
const ab = begin('a', is('a')).followedBy('b', is('b'))
const d = is('d')

const twice = 'c a1 b1 a2 b2 d'
const thrice = 'c a1 b1 a2 b2 a3 b3 d'

describe('a group', () => {
  fact('two times', c.followedBy(ab).times(2).followedBy('d', d), twice, ['c a1 a2 b1 b2 d'])
  fact('optional', c.followedBy(ab).optional().followedBy('d', d), 'c a1 a2 b d', [
    'c d',
    'c a1 b d',
  ])
  fact(
    'two times or not at all',
    c.followedBy(ab).times(2).optional().followedBy('d', d),
    'c a d',
    ['c d'],
  )
  fact('once or more', c.followedBy(ab).oneOrMore().followedBy('d', d), twice, [
    'c a1 b1 d',
    'c a1 a2 b1 b2 d',
  ])
  fact('any number of times', c.followedBy(ab).oneOrMore().optional().followedBy('d', d), twice, [
    'c d',
    'c a1 b1 d',
    'c a1 a2 b1 b2 d',
  ])
  fact(
    'two of any, combined',
    c.followedByAny(ab).times(2).allowCombinations().followedBy('d', d),
    thrice,
    ['c a1 a2 b1 b2 d', 'c a1 a3 b1 b3 d', 'c a2 a3 b2 b3 d'],
  )
  fact('two of any, or none', c.followedByAny(ab).times(2).optional().followedBy('d', d), thrice, [
    'c d',
    'c a1 a2 b1 b2 d',
    'c a2 a3 b2 b3 d',
  ])
  fact('one or more of any', c.followedByAny(ab).oneOrMore().followedBy('d', d), thrice, [
    'c a1 b1 d',
    'c a2 b2 d',
    'c a3 b3 d',
    'c a1 a2 b1 b2 d',
    'c a2 a3 b2 b3 d',
    'c a1 a2 a3 b1 b2 b3 d',
  ])
  fact(
    'next, consecutive, any number',
    c.next(ab).oneOrMore().optional().consecutive().followedBy('d', d),
    thrice,
    ['c d', 'c a1 b1 d', 'c a1 a2 b1 b2 d', 'c a1 a2 a3 b1 b2 b3 d'],
  )
  fact(
    'before notFollowedBy',
    c.followedByAny(ab).notFollowedBy('not d', d).followedBy('e', is('e')),
    'c a1 b1 d a2 b2 e',
    ['c a2 b2 e'],
  )
  fact(
    'before notNext',
    c.followedByAny(ab).notNext('not d', d).followedBy('e', is('e')),
    'c a1 b1 d a2 b2 e',
    ['c a2 b2 e'],
  )
  fact('at the beginning', begin(ab).times(1, 2).followedBy('d', d), 'a1 b1 a2 b2 d', [
    'a1 b1 d',
    'a2 b2 d',
    'a1 a2 b1 b2 d',
  ])
  const withOptional = begin('b', is('b')).optional().next('c', is('c'))
  fact(
    'that begins with an optional step',
    begin('a', is('a')).next(withOptional).next('d', d),
    'a c d',
    ['a c d'],
  )
  const pair = begin('b', is('b')).next('c', is('c'))
  fact(
    'left out before next',
    begin('a', is('a')).followedBy(pair).optional().next('d', d),
    'a d1 d2',
    ['a d1'],
  )
})

describe('groups in groups', () => {
  const start = begin('d', d)
  const bc = begin('b', is('b')).followedBy('c', is('c'))
  const a = begin('a', is('a'))
  fact(
    'any number of times, and optional',
    start.followedBy(a.followedBy(bc).oneOrMore().optional()).optional().followedBy('e', is('e')),
    'd a b1 c1 b2 c2 e',
    ['d e', 'd a e', 'd a b1 c1 e', 'd a b1 b2 c1 c2 e'],
  )
  const both = 'd a1 b1 c1 b2 c2 b3 c3 a2 b4 c4 b5 c5 b6 c6 e'
  fact(
    'three times, up to two times',
    start.followedByAny(a.followedBy(bc).times(3)).times(0, 2).followedBy('e', is('e')),
    both,
    [
      'd e',
      'd a1 b1 b2 b3 c1 c2 c3 e',
      'd a2 b4 b5 b6 c4 c5 c6 e',
      'd a1 a2 b1 b2 b3 b4 b5 b6 c1 c2 c3 c4 c5 c6 e',
    ],
  )
  fact(
    'consecutive, with a gap',
    start
      .followedByAny(a.followedBy(bc).times(3).consecutive())
      .times(0, 2)
      .consecutive()
      .followedBy('e', is('e')),
    'd a1 b1 c1 b2 c2 b3 c3 a2 b4 c4 x b5 c5 b6 c6 e',
    ['d e', 'd a1 b1 b2 b3 c1 c2 c3 e'],
  )
})
