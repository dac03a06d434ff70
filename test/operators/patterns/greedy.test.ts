// What matches: greedy steps, and loops that end at a condition. The facts are those of Flink's own
// tests. Prices are written as `a1=4`.
import { describe } from 'node:test'
import { pattern } from 'millrace'
import { type Event, fact, is, sum } from './harness.ts'

const { begin } = pattern<Event>()
const c = begin('c', is('c'))
const a = c.followedBy('a', is('a'))
const d = is('d')
const isDear = ({ price }: Event): boolean => price > 3

describe('a greedy step', () => {
  const star = a.oneOrMore().optional().greedy()
  const plus = a.oneOrMore().greedy()
  fact('or none', star.followedBy('d', d), 'c a1 a2 a3 d', ['c a1 a2 a3 d'])
  fact('or none, with gaps', star.followedBy('d', d), 'c x1 a1 x2 a2 x3 a3 d', ['c a1 a2 a3 d'])
  fact('or none, with a gap after', star.followedBy('d', d), 'c a1 a2 x d', ['c a1 a2 d'])
  fact('or none, none came', star.followedBy('d', d), 'c x d', ['c d'])
  fact('at least once', plus.followedBy('d', d), 'c a1 a2 a3 d', ['c a1 a2 a3 d'])
  fact('at least once, with gaps', plus.followedBy('d', d), 'c x1 a1 x2 a2 x3 a3 d', [
    'c a1 a2 a3 d',
  ])
  fact('at least once, with a gap after', plus.followedBy('d', d), 'c a1 a2 x d', ['c a1 a2 d'])
  fact('at least once, none came', plus.followedBy('d', d), 'c x d', [])
  fact('some times', a.times(2, 5).greedy().followedBy('d', d), 'c a1 a2 a3 a4 d', [
    'c a1 a2 a3 a4 d',
  ])
  const pair = begin('d', d).followedBy('e', is('e'))
  fact(
    'before a group',
    star.followedBy(pair).times(2).followedBy('f', is('f')),
    'c a1 a2 x a3 d1 e1 d2 e2 f',
    ['c a1 a2 a3 d1 d2 e1 e2 f'],
  )
  fact('at the end, where it has no effect', star, 'c a1 a2 x a3', [
    'c',
    'c a1',
    'c a1 a2',
    'c a1 a2 a3',
  ])
  fact('consecutive, at the end', a.oneOrMore().optional().consecutive().greedy(), 'c a1 a2 x a3', [
    'c',
    'c a1',
    'c a1 a2',
  ])
  fact('some times, at the end', a.times(2, 5).greedy(), 'c a1 a2 a3 a4 x', [
    'c a1 a2',
    'c a1 a2 a3',
    'c a1 a2 a3 a4',
  ])
  fact('until, or none', star.until(isDear).followedBy('d', d), 'c a1=2 a2=3 a3=3 a4=4 d', [
    'c a1 a2 a3 d',
  ])
  fact(
    'until before it began, or none',
    star.until(isDear).followedBy('d', d),
    'c a4=4 a1=2 a2=3 a3=3 d',
    ['c d'],
  )
  fact('until', plus.until(isDear).followedBy('d', d), 'c a1=2 a2=3 a3=3 a4=4 d', ['c a1 a2 a3 d'])
  fact(
    'until before it began',
    plus.until(isDear).followedBy('d', d),
    'c a4=4 a1=2 a2=3 a3=3 d',
    [],
  )
})

describe('until', () => {
  const is5 = ({ price }: Event): boolean => price === 5
  const end = '=5'
  const events = `c a1=2 a2=3 x${end} y=6`
  const letter = ({ kind }: Event): boolean => 'axy'.includes(kind)
  const loop = c.followedBy('a', letter).oneOrMore()
  fact('relaxed', loop.until(is5).followedBy('x', is5), events, ['c a1 a2 x', 'c a1 x'])
  fact('combined', loop.allowCombinations().until(is5).followedBy('x', is5), 'c a1 a2 a3 x=5 y', [
    'c a1 a2 a3 x',
    'c a1 a2 x',
    'c a1 a3 x',
    'c a1 x',
  ])
  fact('consecutive', loop.consecutive().until(is5).followedBy('x', is5), events, [
    'c a1 a2 x',
    'c a1 x',
  ])
  fact(
    'consecutive, with a gap',
    loop.consecutive().until(is5).followedBy('x', is5),
    'c a1 b a3 x=5 y',
    ['c a1 x'],
  )
  fact('or none', loop.optional().until(is5).followedBy('x', is5), events, [
    'c a1 a2 x',
    'c a1 x',
    'c x',
  ])
  fact(
    'consecutive, or none',
    loop.optional().consecutive().until(is5).followedBy('x', is5),
    events,
    ['c a1 a2 x', 'c a1 x', 'c x'],
  )
  const anyLoop = c.followedByAny('a', letter).oneOrMore()
  fact('of any, at the end', anyLoop.until(is5), events, ['c a1 a2', 'c a1', 'c a2', 'c y'])
  fact('of any, or none, at the end', anyLoop.optional().until(is5), events, [
    'c a1 a2',
    'c a1',
    'c a2',
    'c y',
    'c',
  ])
  const every = c.followedBy('a').oneOrMore()
  fact('without condition', every.until(is5), 'c a1 a2 d x=5 y', ['c a1 a2 d', 'c a1 a2', 'c a1'])
  fact(
    'a sum of the events before',
    every.until((_event, { match }) => sum(match.a) === 6),
    'c a1=2 a2=3 d=1 x=5 y',
    ['c a1 a2 d', 'c a1 a2', 'c a1'],
  )
  fact(
    'a sum of the events before, or none',
    every.optional().until((_event, { match }) => sum(match.a) === 6),
    'c a1=2 a2=3 d=1 x=5 y',
    ['c a1 a2 d', 'c a1 a2', 'c a1', 'c'],
  )
  fact(
    'three of equal time',
    begin('a', is('a'))
      .followedBy('d', d)
      .oneOrMore()
      .until((_event, { match }) => match.d.length === 3),
    'a@1 d1@2 d2@2 d3@2 d4@4',
    ['a d1 d2 d3', 'a d1 d2', 'a d1'],
  )
  const pair = begin('a', is('a')).followedBy('b', is('b'))
  fact(
    'of a group',
    c.followedBy(pair).oneOrMore().until(d).followedBy('d', d),
    'c a1 b1 a2 b2 d',
    ['c a1 b1 d', 'c a1 a2 b1 b2 d'],
  )
})
