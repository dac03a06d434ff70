// What matches: steps that occur several times. The facts are those of Flink's own tests.
import { describe } from 'node:test'
import { pattern } from 'millrace'
import { type Event, fact, is } from './harness.ts'

const { begin } = pattern<Event>()
const c = begin('c', is('c'))
const next = c.next('a', is('a'))
const followedBy = c.followedBy('a', is('a'))
const followedByAny = c.followedByAny('a', is('a'))
const b = is('b')

describe('oneOrMore', () => {
  const gaps = 'c d1 a1 a2 a3 d2 a4 b'
  fact('relaxed', followedBy.oneOrMore().followedBy('b', b), gaps, [
    'c a1 a2 a3 a4 b',
    'c a1 a2 a3 b',
    'c a1 a2 b',
    'c a1 b',
  ])
  fact('consecutive', followedBy.oneOrMore().consecutive().followedBy('b', b), gaps, [
    'c a1 a2 a3 b',
    'c a1 a2 b',
    'c a1 b',
  ])
  const combined = [
    'c a1 a2 a3 a4 b',
    'c a1 a3 a4 b',
    'c a1 a2 a3 b',
    'c a1 a2 a4 b',
    'c a1 a2 b',
    'c a1 a3 b',
    'c a1 a4 b',
    'c a1 b',
  ]
  fact('with combinations', followedBy.oneOrMore().allowCombinations().followedBy('b', b), gaps, [
    ...combined,
  ])
  fact(
    'with combinations, or none',
    followedBy.oneOrMore().optional().allowCombinations().followedBy('b', b),
    gaps,
    [...combined, 'c b'],
  )
  fact('of any', followedByAny.oneOrMore().followedByAny('b', b), 'c a1 a2 a3 b', [
    'c a1 a2 a3 b',
    'c a1 a2 b',
    'c a2 a3 b',
    'c a3 b',
    'c a2 b',
    'c a1 b',
  ])
  fact(
    'of any, combined',
    followedByAny.oneOrMore().allowCombinations().followedByAny('b', b),
    'c a1 a2 b',
    ['c a1 a2 b', 'c a1 b', 'c a2 b'],
  )
  fact('at the end', followedBy.oneOrMore(), 'c a1 a2 a3', ['c a1 a2 a3', 'c a1 a2', 'c a1'])
  fact('of any event, at the end', begin('x').followedBy('y').oneOrMore(), 'a b c d e', [
    'a b c d e',
    'a b c d',
    'a b c',
    'a b',
    'b c d e',
    'b c d',
    'b c',
    'c d e',
    'c d',
    'd e',
  ])
  const first = begin('a', is('a')).oneOrMore()
  fact('at the beginning, combined', first.allowCombinations().followedBy('b', b), 'a1 a2 a3 b', [
    'a1 a2 a3 b',
    'a1 a2 b',
    'a1 a3 b',
    'a2 a3 b',
    'a1 b',
    'a2 b',
    'a3 b',
  ])
  fact('alone, consecutive', first.consecutive(), 'c1 a1 c2 a2 a3', ['a1', 'a2 a3', 'a2', 'a3'])
  // Many matches have the same events, split at other places: all of them count.
  const twice =
    '12345 12345 12345 12345 1234 1234 1234 1235 1235 1245 1245 1345 1345 ' +
    '123 123 124 125 134 145 12'
  fact(
    'twice over the same events, combined',
    followedBy
      .oneOrMore()
      .allowCombinations()
      .followedBy('d', is('a'))
      .oneOrMore()
      .allowCombinations()
      .followedBy('b', b),
    'c a1 a2 a3 a4 a5 b',
    twice.split(' ').map((taken) => `c ${taken.replaceAll(/\d/g, 'a$& ')}b`),
  )
})

describe('oneOrMore, or none', () => {
  fact('relaxed', followedBy.oneOrMore().optional().followedBy('b', b), 'c a1 a2 d a3 b', [
    'c a1 a2 a3 b',
    'c a1 a2 b',
    'c a1 b',
    'c b',
  ])
  fact(
    'of any, combined',
    followedByAny.oneOrMore().allowCombinations().optional().followedBy('b', b),
    'c a1 a2 b',
    ['c a1 a2 b', 'c a1 b', 'c a2 b', 'c b'],
  )
  fact(
    'of any, consecutive',
    followedByAny.oneOrMore().consecutive().optional().followedBy('b', b),
    'c f1 a1 f2 a2 a3 b',
    ['c a2 a3 b', 'c a1 b', 'c a2 b', 'c a3 b', 'c b'],
  )
  fact(
    'before more of any',
    followedByAny
      .oneOrMore()
      .allowCombinations()
      .optional()
      .followedByAny('b', b)
      .followedByAny('d', is('d'))
      .followedByAny('e', is('e')),
    'c a1 a2 a3 b d1 d2 e',
    ['', ' a1', ' a2', ' a3', ' a1 a2', ' a1 a3', ' a2 a3', ' a1 a2 a3'].flatMap((taken) => [
      `c${taken} b d1 e`,
      `c${taken} b d2 e`,
    ]),
  )
  fact('at the end', followedBy.oneOrMore().optional(), 'c a1 a2 a3', [
    'c a1 a2 a3',
    'c a1 a2',
    'c a1',
    'c',
  ])
  const first = begin('a', is('a')).oneOrMore().optional()
  fact('at the beginning', first.followedBy('b', b), 'a1 a2 a3 b', [
    'a1 a2 a3 b',
    'a1 a2 b',
    'a2 a3 b',
    'a1 b',
    'a2 b',
    'a3 b',
    'b',
  ])
  fact('alone', first, 'c a1 a2 a3 d1 d2', ['a1 a2 a3', 'a1 a2', 'a1', 'a2 a3', 'a2', 'a3'])
  fact('alone, consecutive', first.consecutive(), 'c1 a1 c2 a2 a3', ['a1', 'a2 a3', 'a2', 'a3'])
  fact(
    'twice',
    followedByAny
      .oneOrMore()
      .allowCombinations()
      .optional()
      .followedBy('d', is('d'))
      .oneOrMore()
      .allowCombinations()
      .optional()
      .followedBy('e', is('e')),
    'c a1 d1 d2 e',
    ['c a1 d1 d2 e', 'c a1 d1 e', 'c d1 d2 e', 'c d1 e', 'c a1 e', 'c e'],
  )
  const tail = begin('c', is('c'))
    .followedByAny('a', is('a'))
    .followedByAny('f', is('f'))
    .followedByAny('d', is('d'))
    .oneOrMore()
    .allowCombinations()
    .optional()
    .followedBy('e', is('e'))
  fact('after branches', tail, 'c a1 a2 f d1 d2 e', [
    'c a1 f e',
    'c a1 f d1 e',
    'c a1 f d2 e',
    'c a1 f d1 d2 e',
    'c a2 f e',
    'c a2 f d1 e',
    'c a2 f d2 e',
    'c a2 f d1 d2 e',
  ])
  fact(
    'then next, with something between',
    followedBy.oneOrMore().optional().next('b', b),
    'c a1 a2 d b',
    [],
  )
  fact(
    'of any, then next',
    followedByAny.oneOrMore().optional().allowCombinations().next('b', b),
    'c a1 a2 b',
    ['c a1 a2 b', 'c a2 b'],
  )
  fact(
    'next, consecutive, none came',
    next.oneOrMore().optional().consecutive().followedBy('b', b),
    'c d a1 a2 a3 b',
    ['c b'],
  )
  fact(
    'of events of equal time',
    followedBy.oneOrMore().optional().followedBy('b', b),
    'c@1 a1@3 a1@3 a1@3 a2@4 d@5 a3@6 a3@6 b@7',
    [
      'c a1 a1 a1 a2 a3 a3 b',
      'c a1 a1 a1 a2 a3 b',
      'c a1 a1 a1 a2 b',
      'c a1 a1 a1 b',
      'c a1 a1 b',
      'c a1 b',
      'c b',
    ],
  )
})
