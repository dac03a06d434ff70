// What matches: conditions that look at the match so far, several conditions, and subtypes. The
// facts about matches so far are those of Flink's own tests.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pattern } from 'millrace'
import { type Event, fact, is, matchesOf, sum } from './harness.ts'

const { begin } = pattern<Event>()
const start = begin('s', is('s'))
const end = is('e')
const foo = is('foo')

describe('a condition that looks at the match so far', () => {
  const events = 's1 foo1=1 foo2=2 s2 foo3=3 foo4=1 n e'
  const cheap = start
    .followedBy('foo', (event, { match }) => foo(event) && sum(match.foo) + event.price < 5)
    .oneOrMore()
  fact('of its own step', cheap.followedBy('e', end), events, [
    's1 foo1 foo2 foo4 e',
    's1 foo1 foo2 e',
    's1 foo1 e',
    's2 foo3 foo4 e',
    's2 foo3 e',
  ])
  fact('of its own step, combined', cheap.allowCombinations().followedBy('e', end), events, [
    's1 foo1 foo2 foo4 e',
    's1 foo1 foo2 e',
    's1 foo1 foo3 e',
    's2 foo3 foo4 e',
    's1 foo1 foo4 e',
    's1 foo1 e',
    's2 foo3 e',
  ])
  const looping = begin('s', (event, { match }) => is('s')(event) && sum(match.s) + event.price < 5)
  const prices = 's1=1 s2=2 s3=3 e'
  fact('of the first step', looping.oneOrMore().optional().followedBy('e', end), prices, [
    's1 s2 e',
    's1 e',
    's2 e',
    's3 e',
    'e',
  ])
  fact(
    'of the first step, combined',
    looping.oneOrMore().allowCombinations().optional().followedBy('e', end),
    prices,
    ['s1 s2 e', 's1 s3 e', 's1 e', 's2 e', 's3 e', 'e'],
  )
  const dearEnd = start
    .oneOrMore()
    .followedBy('e', (event, { match }) => end(event) && sum(match.s) >= 2)
  fact('of the step before', dearEnd, 's1=1 s2=2 e', ['s1 s2 e', 's2 e'])
  fact(
    'of a step before branches',
    start
      .oneOrMore()
      .followedByAny('foo', foo)
      .followedByAny('e', (event, { match }) => end(event) && sum(match.s) >= 2),
    's1=1 s2=2 foo1 s3=3 foo2 e',
    [
      's1 s2 foo1 e',
      's2 foo1 e',
      's1 s2 foo2 e',
      's1 s2 s3 foo2 e',
      's2 s3 foo2 e',
      's2 foo2 e',
      's3 foo2 e',
    ],
  )
  fact(
    'of its own step, after another',
    start
      .followedByAny('foo', foo)
      .followedBy('t', (event, { match }) => is('s')(event) && sum(match.t) + event.price <= 5)
      .oneOrMore()
      .followedBy('e', end),
    's1=1 foo1 s2=2 s3=3 foo2 s4=4 foo3 foo4 e',
    ['s1 foo1 s2 s3 e', 's1 foo1 s2 e', 's1 foo2 s4 e', 's2 foo2 s4 e', 's3 foo2 s4 e'],
  )

  it('is given times', async () => {
    const seen: unknown[] = []
    const timed = start.next('e', (_event, { timestamp, currentProcessingTime }) => {
      seen.push([timestamp, currentProcessingTime])
      return true
    })
    assert.deepEqual(await matchesOf(timed, 's@5 e@9'), ['s e'])
    assert.deepEqual(seen, [[9, 0]])
  })

  it('is called once for an event and a match, however often it is asked', async () => {
    let calls = 0
    const counted = start.followedBy('x', (event) => {
      calls++
      return event.kind === 'x'
    })
    await matchesOf(counted.oneOrMore().greedy().followedBy('e', end), 's x1 x2 e')
    // For x1, x2 and e; s begins the match.
    assert.equal(calls, 3)
  })
})

describe('several conditions of a step', () => {
  const [a, dear] = [is('a'), ({ price }: Event) => price > 1]
  fact('all', begin('a', a).where(dear), 'a1=1 a2=2 b=2', ['a2'])
  fact('one of them', begin('a', a).or(dear), 'a1=1 c=0 b=2', ['a1', 'b'])
  fact('from left to right', begin('a', a).where(dear).or(is('c')), 'a1=1 a2=2 c=0', ['a2', 'c'])
  fact(
    'of what must not occur',
    start
      .notNext('x', is('x'))
      .or(is('y'))
      .next('e', is('e', 'x', 'y')),
    's1 x s2 y s3 e',
    ['s3 e'],
  )
})
