// What matches: steps one after the other, with the three kinds of contiguity, and steps that may
// be left out. The facts are those of Flink's own tests of patterns.
import { describe } from 'node:test'
import { pattern } from 'millrace'
import { type Event, fact, is } from './harness.ts'

const { begin } = pattern<Event>()
const c = begin('c', is('c'))

describe('steps', () => {
  fact('any event, then any', begin('x').followedBy('y'), 'a b c d e', ['a b', 'b c', 'c d', 'd e'])
  fact('any event, then any other', begin('x').followedByAny('y'), 'a b c d e', [
    'a b',
    'a c',
    'a d',
    'a e',
    'b c',
    'b d',
    'b e',
    'c d',
    'c e',
    'd e',
  ])
  fact('next', begin('a', is('a')).next('b', is('b')), 'a b', ['a b'])
  fact('next, with something between', begin('a', is('a')).next('b', is('b')), 'a c b', [])
  fact('followedBy', begin('a', is('a')).followedBy('b', is('b')), 'a1 c1 a2 b1 b2', [
    'a1 b1',
    'a2 b1',
  ])
  fact(
    'followedByAny three times',
    begin('s', is('s'))
      .followedByAny('f', is('f'))
      .followedByAny('n', is('n'))
      .followedByAny('e', is('e')),
    's f1 f2 f3 n1 n2 e',
    ['s f1 n1 e', 's f2 n1 e', 's f3 n1 e', 's f1 n2 e', 's f2 n2 e', 's f3 n2 e'],
  )
  fact(
    'followedBy twice, then any',
    begin('s', is('s'))
      .followedBy('f', is('f'))
      .followedBy('n', is('n'))
      .followedByAny('e', is('e')),
    's f1 f2 f3 n1 n2 e',
    ['s f1 n1 e'],
  )
  fact(
    'any, then followedBy',
    begin('s', is('s'))
      .followedByAny('f', is('f'))
      .followedBy('n', is('n'))
      .followedByAny('e', is('e')),
    's f1 f2 f3 n1 n2 e',
    ['s f1 n1 e', 's f2 n1 e', 's f3 n1 e'],
  )
  fact(
    'five in a row',
    begin('a', is('a'))
      .next('b', is('b'))
      .next('aa', is('aa'))
      .next('bb', is('bb'))
      .next('ab', is('ab')),
    'a b aa bb ab',
    ['a b aa bb ab'],
  )
  fact('a single step', begin('a', is('a')), 'a1 b a2', ['a1', 'a2'])
})

describe('optional steps', () => {
  const optional = c.followedBy('a', is('a')).optional()
  fact('in the middle', optional.followedBy('b', is('b')), 'c a b', ['c a b', 'c b'])
  fact('at the end', optional, 'c a', ['c', 'c a'])
  fact('at the beginning', c.optional().followedBy('b', is('b')), 'c b', ['c b', 'b'])
  fact(
    'two of them',
    optional.followedBy('d', is('d')).optional().followedBy('e', is('e')),
    'c a d e',
    ['c e', 'c a e', 'c d e', 'c a d e'],
  )
  fact('that must come next', c.next('a', is('a')).optional().next('b', is('b')), 'c a b', [
    'c a b',
  ])
  fact('that did not come next', c.next('a', is('a')).optional().next('b', is('b')), 'c b', ['c b'])
})
