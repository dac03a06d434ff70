// Time limits, late records, and processing time: who times out, when, and that it is not a
// millisecond late; also before 1970.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Pattern, pattern } from 'millrace'
import {
  type Event,
  events,
  fact,
  is,
  late,
  patternHarness,
  type PatternHarnessOptions,
  timedOut,
} from './harness.ts'

const { begin } = pattern<Event>()
const [a, b, c] = [is('a'), is('b'), is('c')]

/** What comes out, in order, with the times of the results. */
async function run<M>(
  chosen: Pattern<Event, M>,
  text: string,
  options: PatternHarnessOptions = { withTimedOut: true },
): Promise<{ matches: readonly string[]; timedOut: readonly string[] }> {
  await using harness = await patternHarness(chosen, options)
  for (const [event, at] of events(text)) harness.processElement('key', event, at)
  harness.processWatermark(Infinity)
  assert.deepEqual(harness.keys(), [], 'nothing is kept once all is over')
  const matches = harness.output.map((match, at) => `${match}@${harness.outputTimestamps[at]}`)
  return { matches, timedOut: harness.sideOutput(timedOut) }
}

describe('within', () => {
  const abc = begin('a', a).followedBy('b', b).followedBy('c', c)
  const text = 'a1@1 a2@2 b@3 x@4 c1@11 c2@13'
  fact('counts from the first event', abc.within(10), text, ['a2 b c1'])
  fact('counts from the event before', abc.within(9, 'previous'), text, ['a1 b c1', 'a2 b c1'])
  fact('ends before its last millisecond', begin('a', a).next('b', b).within(5), 'a@1 b@6', [])
  fact('lasts until its last millisecond', begin('a', a).next('b', b).within(5), 'a@1 b@5', ['a b'])
  fact('of several, the shortest counts', abc.within(10).within(5).within(20), text, [])
  fact('of groups counts, too', begin('x', a).followedBy(begin('y', b).within(2)), 'a@1 b@3', [])

  it('gives out what is out of time, at the time it ended', async () => {
    const abc = begin('a', a).followedByAny('b', b).followedByAny('c', c)
    assert.deepEqual(await run(abc.within(10), text), {
      matches: ['a2 b c1@11'],
      timedOut: ['a1 b@11', 'a1@11', 'a2 b@12', 'a2@12'],
    })
  })

  it('gives out what waited too long for the next event', async () => {
    const abc = begin('a', a).followedByAny('b', b).followedByAny('c', c)
    await using harness = await patternHarness(abc.within(10, 'previous'), { withTimedOut: true })
    for (const [event, at] of events(text)) harness.processElement('key', event, at)
    harness.processWatermark(100)
    assert.deepEqual(harness.output, ['a1 b c1', 'a2 b c1'])
    assert.deepEqual(harness.sideOutput(timedOut), ['a1 b@13', 'a2 b@13'])
    assert.deepEqual(harness.keys(), ['key'], 'a1 and a2 wait for another b')
  })

  it('times out what began at 0 and before, too', async () => {
    const ab = begin('a', a).followedBy('b', b).within(10)
    assert.deepEqual(await run(ab, 'a1@-20 b1@-15 a2@-10 b2@0 a3@0 b3@10 a4@20'), {
      matches: ['a1 b1@-15'],
      timedOut: ['a2@0', 'a3@10', 'a4@30'],
    })
  })

  it('is over as soon as the watermark says so, without another event', async () => {
    const ab = begin('a', a).followedBy('b', b).within(10)
    await using harness = await patternHarness(ab, { withTimedOut: true })
    harness.processElement('key', { kind: 'a', name: 'a', price: 0 }, -3)
    harness.processWatermark(6)
    assert.deepEqual(harness.sideOutput(timedOut), [])
    assert.deepEqual(harness.keys(), ['key'])
    harness.processWatermark(7)
    assert.deepEqual(harness.sideOutput(timedOut), ['a@7'])
    assert.deepEqual(harness.keys(), [])
  })

  it('of each event of a loop ends the loop, and not the match', async () => {
    const loop = begin('a', a).oneOrMore().within(5, 'previous').followedBy('b', b)
    const { matches } = await run(loop, 'a1@1 a2@5 a3@10 b@30', {})
    assert.deepEqual(matches.toSorted(), ['a1 a2 b@30', 'a1 b@30', 'a2 b@30', 'a3 b@30'])
  })

  it('of an optional step leaves the match without it', async () => {
    const optional = begin('a', a).followedBy('b', b).optional().within(5, 'previous')
    const whole = optional.followedBy('c', c)
    assert.deepEqual((await run(whole, 'a@1 b@5 c@9', {})).matches, ['a b c@9', 'a c@9'])
    assert.deepEqual((await run(whole, 'a@1 b@6 c@9', {})).matches, ['a c@9'])
  })
})

describe('event time', () => {
  it('puts events into order, and keeps the order of those of equal time', async () => {
    await using harness = await patternHarness(begin('x').times(4))
    for (const [event, at] of events('d@9 b1@5 a@2 b2@5')) harness.processElement('key', event, at)
    assert.deepEqual(harness.output, [])
    harness.processWatermark(8)
    assert.deepEqual(harness.output, [])
    harness.processWatermark(9)
    assert.deepEqual(harness.output, ['a b1 b2 d'])
    assert.deepEqual(harness.outputTimestamps, [9])
  })

  it('gives late records to a side output', async () => {
    await using harness = await patternHarness(begin('x'))
    harness.processWatermark(5)
    for (const [event, at] of events('a@4 b@5 c@6')) harness.processElement('key', event, at)
    harness.processWatermark(10)
    assert.deepEqual(harness.output, ['c'])
    assert.deepEqual(
      harness.sideOutput(late).map(({ name }) => name),
      ['a', 'b'],
    )
  })

  it('keeps keys apart', async () => {
    await using harness = await patternHarness(begin('a', a).next('b', b))
    for (const [event, at] of events('a1 a2 b1 b2')) {
      harness.processElement(event.name.endsWith('1') ? 'one' : 'two', event, at)
    }
    harness.processWatermark(10)
    assert.deepEqual(harness.output, ['a1 b1', 'a2 b2'])
  })

  it('refuses records without timestamp', async () => {
    await using harness = await patternHarness(begin('a', a))
    const [first] = events('a')
    assert.ok(first)
    assert.throws(() => harness.processElement('key', first[0]), { code: 'JOB_GRAPH_INVALID' })
  })
})

describe('processing time', () => {
  const inProcessingTime = true

  it('looks at events as they come, and gives results without timestamp', async () => {
    await using harness = await patternHarness(begin('a', a).next('b', b), { inProcessingTime })
    for (const [event] of events('a b')) harness.processElement('key', event)
    assert.deepEqual(harness.output, ['a b'])
    assert.deepEqual(harness.outputTimestamps, [undefined])
  })

  it('times out to the millisecond', async () => {
    const ab = begin('a', a).followedBy('b', b).within(10)
    const options = { inProcessingTime, withTimedOut: true, processingTime: 100 }
    await using harness = await patternHarness(ab, options)
    const [first] = events('a')
    assert.ok(first)
    harness.processElement('key', first[0])
    harness.setProcessingTime(109)
    assert.deepEqual(harness.sideOutput(timedOut), [])
    harness.setProcessingTime(110)
    assert.deepEqual(harness.sideOutput(timedOut), ['a@undefined'])
    assert.deepEqual(harness.keys(), [])
  })

  it('is out of time also for an event that comes before its timer fires', async () => {
    const ab = begin('a', a).followedBy('b', b).within(10)
    await using harness = await patternHarness(ab, { inProcessingTime })
    const [first, second] = events('a b')
    assert.ok(first && second)
    harness.processElement('key', first[0])
    harness.setProcessingTime(9)
    harness.processElement('key', second[0])
    assert.deepEqual(harness.output, ['a b'])
  })
})
