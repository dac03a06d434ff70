// What matches: steps one after the other, with the three kinds of contiguity, conditions and
// repetition. The facts are those of Flink's own tests of patterns.
import { describe } from 'node:test'
import { pattern } from 'millrace'
import { type Event, fact, is } from './harness.ts'

const begin = pattern<Event>().begin
const all = () => true

describe('a pattern of steps', () => {
  fact('any event, then any', begin('x').followedBy('y'), 'a b c d e', ['a b', 'b c', 'c d', 'd e'])
  fact('any event, then any other', begin('x').followedByAny('y', all), 'a b c d', [
    'a b',
    'a c',
    'a d',
    'b c',
    'b d',
    'c d',
  ])
  fact('next', begin('x', is('a')).next('y', is('b')), 'a1 b1 a2 c1 b2', ['a1 b1'])
  fact('followedBy', begin('x', is('a')).followedBy('y', is('b')), 'a1 c1 a2 b1 b2', [
    'a1 b1',
    'a2 b1',
  ])
  fact('any after loop', begin('x').followedBy('y').oneOrMore(), 'a b c d e', [
    'a b',
    'a b c',
    'a b c d',
    'a b c d e',
    'b c',
    'b c d',
    'b c d e',
    'c d',
    'c d e',
    'd e',
  ])
})
