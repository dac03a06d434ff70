// What matches: steps that occur so many times. The facts are those of Flink's own tests.
import { describe } from 'node:test'
import { pattern } from 'millrace'
import { type Event, fact, is } from './harness.ts'

const { begin } = pattern<Event>()
const c = begin('c', is('c'))
const next = c.next('a', is('a'))
const followedBy = c.followedBy('a', is('a'))
const followedByAny = c.followedByAny('a', is('a'))
const b = is('b')

const dense = 'c a1 a2 a3 b'
const gaps = 'c f1 a1 f2 a2 a3 b'

describe('times(n)', () => {
  fact('next, combined', next.times(2).allowCombinations().followedBy('b', b), dense, [
    'c a1 a2 b',
    'c a1 a3 b',
  ])
  fact(
    'next, combined, with gaps',
    next.times(2).allowCombinations().followedBy('b', b),
    'c a1 f1 a2 f2 a3 b',
    ['c a1 a2 b', 'c a1 a3 b'],
  )
  fact(
    'at the beginning',
    begin('a', is('a')).times(2).consecutive().followedBy('b', b),
    'a1 a2 a3 b',
    ['a1 a2 b', 'a2 a3 b'],
  )
  fact('relaxed', followedBy.times(2).followedBy('b', b), dense, ['c a1 a2 b'])
  fact('of any, combined', followedByAny.times(2).allowCombinations().followedBy('b', b), dense, [
    'c a1 a2 b',
    'c a2 a3 b',
    'c a1 a3 b',
  ])
  fact(
    'next, consecutive, with a gap',
    next.times(2).consecutive().followedBy('b', b),
    'c a1 f a2 a3 b',
    [],
  )
  fact('of any, consecutive', followedByAny.times(2).consecutive().followedBy('b', b), gaps, [
    'c a2 a3 b',
  ])
  fact(
    'of any, combined, with gaps',
    followedByAny.times(2).allowCombinations().followedBy('b', b),
    gaps,
    ['c a1 a2 b', 'c a1 a3 b', 'c a2 a3 b'],
  )
  fact(
    'four combined, then three in a row',
    begin('a', is('a')).times(4).allowCombinations().followedByAny('b', b).times(3).consecutive(),
    'a1 a2 a3 a4 b1 b2 b3',
    ['a1 a2 a3 a4 b1 b2 b3'],
  )
})

describe('times(n), or none', () => {
  fact('none came', followedBy.times(3).optional().followedBy('b', b), 'c f b', ['c b'])
  fact(
    'of any, combined',
    followedByAny.times(2).allowCombinations().optional().followedBy('b', b),
    gaps,
    ['c a1 a2 b', 'c a1 a3 b', 'c a2 a3 b', 'c b'],
  )
  fact('of any', followedByAny.times(2).optional().followedBy('b', b), gaps, [
    'c a1 a2 b',
    'c a2 a3 b',
    'c b',
  ])
  fact(
    'of any, consecutive',
    followedByAny.times(2).consecutive().optional().followedBy('b', b),
    gaps,
    ['c a2 a3 b', 'c b'],
  )
  fact('next, consecutive', next.times(2).consecutive().optional().followedBy('b', b), dense, [
    'c a1 a2 b',
    'c b',
  ])
  fact(
    'next, combined, with gaps',
    next.times(2).allowCombinations().optional().followedBy('b', b),
    'c a1 f1 a2 f2 a3 b',
    ['c a1 a2 b', 'c a1 a3 b', 'c b'],
  )
})

describe('times(from, to)', () => {
  fact('next, combined', next.times(1, 3).allowCombinations().followedBy('b', b), dense, [
    'c a1 a2 a3 b',
    'c a1 a2 b',
    'c a1 a3 b',
    'c a1 b',
  ])
  fact('from none', next.times(0, 2).allowCombinations().followedBy('b', b), dense, [
    'c a1 a2 b',
    'c a1 a3 b',
    'c a1 b',
    'c b',
  ])
  fact('of any, combined', followedByAny.times(1, 3).allowCombinations().followedBy('b', b), gaps, [
    'c a1 a2 a3 b',
    'c a1 a2 b',
    'c a1 a3 b',
    'c a2 a3 b',
    'c a1 b',
    'c a2 b',
    'c a3 b',
  ])
  const inARow = ['c a2 a3 b', 'c a1 b', 'c a2 b', 'c a3 b', 'c b']
  fact(
    'from none, consecutive',
    followedByAny.times(0, 3).consecutive().followedBy('b', b),
    gaps,
    inARow,
  )
  fact(
    'consecutive, or none',
    followedByAny.times(1, 3).consecutive().optional().followedBy('b', b),
    gaps,
    inARow,
  )
  fact(
    'next, consecutive, or none',
    next.times(1, 3).consecutive().optional().followedBy('b', b),
    dense,
    ['c a1 a2 a3 b', 'c a1 a2 b', 'c a1 b', 'c b'],
  )
  fact('or none, none came', followedBy.times(1, 3).optional().followedBy('b', b), 'c f b', ['c b'])
  fact(
    'combined, or none',
    followedByAny.times(2, 3).allowCombinations().optional().followedBy('b', b),
    gaps,
    ['c a1 a2 a3 b', 'c a1 a2 b', 'c a1 a3 b', 'c a2 a3 b', 'c b'],
  )
})

describe('timesOrMore', () => {
  fact('combined', followedBy.timesOrMore(2).allowCombinations().followedBy('b', b), dense, [
    'c a1 a2 a3 b',
    'c a1 a2 b',
    'c a1 a3 b',
  ])
  fact(
    'of any, combined',
    followedByAny.timesOrMore(2).allowCombinations().followedBy('b', b),
    gaps,
    ['c a1 a2 a3 b', 'c a1 a2 b', 'c a1 a3 b', 'c a2 a3 b'],
  )
  fact(
    'consecutive, or none',
    followedByAny.timesOrMore(2).consecutive().optional().followedBy('b', b),
    gaps,
    ['c a2 a3 b', 'c b'],
  )
  fact(
    'next, consecutive, or none',
    next.timesOrMore(2).consecutive().optional().followedBy('b', b),
    dense,
    ['c a1 a2 a3 b', 'c a1 a2 b', 'c b'],
  )
})
