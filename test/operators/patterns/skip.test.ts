// What matches: what becomes of other matches after one. The facts are those of Flink's own tests.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noSkip, pattern, skipPastLastEvent, skipToFirst, skipToLast, skipToNext } from 'millrace'
import { type Event, fact, is, matchesOf } from './harness.ts'

const { begin } = pattern<Event>()
const a = begin('a', is('a'))
const ab = ({ kind }: Event): boolean => kind === 'ab'

describe('afterMatch', () => {
  const three = a.times(3)
  fact('noSkip', three.afterMatch(noSkip()), 'a1 a2 a3 a4 a5 a6', [
    'a1 a2 a3',
    'a2 a3 a4',
    'a3 a4 a5',
    'a4 a5 a6',
  ])
  fact('skipPastLastEvent', three.afterMatch(skipPastLastEvent()), 'a1 a2 a3 a4 a5 a6', [
    'a1 a2 a3',
    'a4 a5 a6',
  ])
  const pairs = a.followedByAny('b', is('b'))
  fact('noSkip of any', pairs, 'a1 b1 a2 b2', ['a1 b1', 'a1 b2', 'a2 b2'])
  fact('skipToNext of any', pairs.afterMatch(skipToNext()), 'a1 b1 a2 b2', ['a1 b1', 'a2 b2'])
  const loop = a.next('b', is('b')).oneOrMore()
  fact('noSkip of a loop', loop, 'a b1 b2 b3', ['a b1 b2 b3', 'a b1 b2', 'a b1'])
  fact('skipToNext of a loop', loop.afterMatch(skipToNext()), 'a b1 b2 b3', ['a b1'])
  const twoTwice = begin('x', ab).times(2).next('y', ab).times(2)
  fact('skipToFirst', twoTwice.afterMatch(skipToFirst('y')), 'ab1 ab2 ab3 ab4 ab5 ab6', [
    'ab1 ab2 ab3 ab4',
    'ab3 ab4 ab5 ab6',
  ])
  fact('skipToLast', twoTwice.afterMatch(skipToLast('y')), 'ab1 ab2 ab3 ab4 ab5 ab6 ab7', [
    'ab1 ab2 ab3 ab4',
    'ab4 ab5 ab6 ab7',
  ])
  fact(
    'skipPastLastEvent of many branches',
    pairs.followedByAny('c', is('c')).followedBy('d', is('d')).afterMatch(skipPastLastEvent()),
    'a1 a2 b1 b2 c1 c2 d1 d2',
    ['a1 b1 c1 d1'],
  )
  fact(
    'skipPastLastEvent after one that died',
    a.next('b', is('b')).afterMatch(skipPastLastEvent()),
    'a1 c a2 b2',
    ['a2 b2'],
  )
  const single = a.next('b', is('b')).oneOrMore().consecutive()
  const letters = 'a1 b1 a2 b2 b3 a3 b4'
  fact('skipToFirst of a loop', single.afterMatch(skipToFirst('b')), letters, [
    'a1 b1',
    'a2 b2',
    'a3 b4',
  ])
  fact('skipToLast of a loop', single.afterMatch(skipToLast('b')), letters, [
    'a1 b1',
    'a2 b2',
    'a3 b4',
  ])
  const runs = a.oneOrMore().consecutive().greedy().next('b', is('b'))
  const all = ['a1 a2 a3 b1', 'a2 a3 b1', 'a3 b1']
  fact('noSkip of runs', runs.afterMatch(noSkip()), 'a1 a2 a3 b1', all)
  fact('skipToNext of runs', runs.afterMatch(skipToNext()), 'a1 a2 a3 b1', all)
  fact('skipToFirst of runs', runs.afterMatch(skipToFirst('a')), 'a1 a2 a3 b1', all)
  fact('skipToLast of runs', runs.afterMatch(skipToLast('a')), 'a1 a2 a3 b1', [
    'a1 a2 a3 b1',
    'a3 b1',
  ])
  fact('skipPastLastEvent of runs', runs.afterMatch(skipPastLastEvent()), 'a1 a2 a3 b1', [
    'a1 a2 a3 b1',
  ])
  const ac = begin('a or c', is('a', 'c'))
  const discarding = ac
    .followedBy('b or c', is('b', 'c'))
    .followedBy('c', is('c'))
    .oneOrMore()
    .greedy()
    .followedBy('d', is('d'))
  fact(
    'skipToFirst that drops what began before',
    discarding.afterMatch(skipToFirst('c')),
    'a b c1 c2 c3 d',
    ['a b c1 c2 c3 d', 'c1 c2 c3 d'],
  )
  const samePrice = a
    .followedBy('c', is('c'))
    .followedBy('b', (event, { match }) => event.kind === 'b' && match.a[0].price === event.price)
  fact(
    'skipToFirst where a later beginning was complete before',
    samePrice.afterMatch(skipToFirst('c')),
    'a1=0 c1 a2=1 c2 b1=1 b2=0',
    ['a1 c1 b2', 'a2 c2 b1'],
  )
})

describe('skipping to a step that a match lacks', () => {
  const optional = a.next('b', is('b')).oneOrMore().optional().consecutive().next('c', is('c'))
  for (const [name, to] of [
    ['skipToFirst', skipToFirst],
    ['skipToLast', skipToLast],
  ] as const) {
    fact(`skips nothing: ${name}`, optional.afterMatch(to('b')), 'a c', ['a c'])
    it(`fails the job if asked to: ${name}`, async () => {
      const failing = optional.afterMatch(to('b', { onMiss: 'fail' }))
      await assert.rejects(matchesOf(failing, 'a c'), { code: 'FUNCTION_FAILED' })
    })
  }

  fact('or that is its first event', a.afterMatch(skipToFirst('a')), 'a1 a2', ['a1', 'a2'])
  it('fails the job for the first event, if asked to', async () => {
    const failing = a.afterMatch(skipToFirst('a', { onMiss: 'fail' }))
    await assert.rejects(matchesOf(failing, 'a'), { code: 'FUNCTION_FAILED' })
  })
})
