// Patterns over snapshots: a cut anywhere, on either backend, also when rows and entries have to
// leave memory, changes nothing; nor does the order of records within the bound. And what is kept:
// each event once, and nothing that no partial match needs.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pattern, type ReadonlyMapState, skipPastLastEvent, skipToFirst } from 'millrace'
import type { KeyedHarnessOptions } from 'millrace/testing'
import type { Random } from '../../../src/util/random.ts'
import { backends, randomFor } from '../windows/harness.ts'
import { type Event, events, type Harness, is, patternHarness, sum, timedOut } from './harness.ts'

const { begin } = pattern<Event>()
const [a, b, c] = [is('a'), is('b'), is('c')]

const patterns = {
  'steps and a time limit': begin('a', a).followedByAny('b', b).followedBy('c', c).within(9),
  'a loop that looks back': begin('a', a)
    .oneOrMore()
    .allowCombinations()
    .followedBy('b', (event, { match }) => b(event) && sum(match.a) < 12)
    .within(7),
  'what must not follow': begin('a', a).notFollowedBy('b', b).within(4),
  'a group, with skipping': begin(begin('a', a).followedBy('b', b))
    .times(1, 2)
    .followedBy('c', c)
    .within(12)
    .afterMatch(skipPastLastEvent()),
  'matches that wait for others': begin('a', a)
    .followedBy('b', b)
    .oneOrMore()
    .greedy()
    .followedBy('c', c)
    .within(10)
    .afterMatch(skipToFirst('b')),
}

interface Step {
  readonly key: string
  readonly event: Event
  readonly at: number
}

const BOUND = 6

function randomSteps(random: Random, count: number): Step[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = 'aabbcd'[random.int(6)] ?? ''
    const event = { kind, name: `${kind}${index}`, price: random.int(6) }
    return { key: `key-${random.int(2)}`, event, at: index - 50 }
  })
}

/** Feeds each record, then the watermark that a source with this bound would give. */
function feed(harness: Harness, steps: readonly Step[], newest = -Infinity): number {
  let max = newest
  for (const { key, event, at } of steps) {
    harness.processElement(key, event, at)
    max = Math.max(max, at)
    harness.processWatermark(max - BOUND - 1)
  }
  return max
}

interface Results {
  readonly matches: readonly string[]
  readonly timedOut: readonly string[]
}

const resultsOf = (harness: Harness): Results => ({
  matches: harness.output,
  timedOut: harness.sideOutput(timedOut),
})

for (const [what, chosen] of Object.entries(patterns)) {
  const open = (options: KeyedHarnessOptions = {}): Promise<Harness> =>
    patternHarness<object>(chosen, { ...options, withTimedOut: true })

  const wholeRun = async (steps: readonly Step[]): Promise<Results> => {
    await using harness = await open()
    feed(harness, steps)
    harness.processWatermark(Infinity)
    assert.deepEqual(harness.keys(), [])
    return resultsOf(harness)
  }

  describe(`a pattern of ${what}`, () => {
    for (const { name, isThere, create } of backends) {
      it(`is not changed by snapshots on ${name}`, { skip: !isThere }, async (context) => {
        const steps = randomSteps(randomFor(context), 120)
        const expected = await wholeRun(steps)
        assert.ok(expected.matches.length > 0, 'there are matches')
        const all: { matches: string[]; timedOut: string[] } = { matches: [], timedOut: [] }
        let options: KeyedHarnessOptions = { backend: create(), memory: 1 }
        let [from, newest] = [0, -Infinity]
        for (const cut of [17, 18, 60, steps.length]) {
          await using harness = await open(options)
          newest = feed(harness, steps.slice(from, cut), newest)
          const restore = await harness.snapshot()
          if (cut === steps.length) harness.processWatermark(Infinity)
          all.matches.push(...harness.output)
          all.timedOut.push(...harness.sideOutput(timedOut))
          // What follows the snapshot in this harness must not be seen by the next.
          feed(harness, steps.slice(cut), newest)
          options = { backend: create(), restore, memory: 1 }
          from = cut
        }
        assert.deepEqual(all, expected)
      })
    }

    it('is not changed by records that are out of order within the bound', async (context) => {
      const random = randomFor(context)
      const steps = randomSteps(random, 90)
      const shuffled = steps
        .map((step) => ({ step, at: step.at + random.int(BOUND) }))
        .sort((one, other) => one.at - other.at)
        .map(({ step }) => step)
      const [expected, found] = [await wholeRun(steps), await wholeRun(shuffled)]
      // Keys are apart; of one key the order stays, of several it depends on the watermarks.
      assert.deepEqual(found.matches.toSorted(), expected.matches.toSorted())
      assert.deepEqual(found.timedOut.toSorted(), expected.timedOut.toSorted())
    })
  })
}

/** The events that the state of the only key holds. */
async function keptEvents(text: string): Promise<readonly string[]> {
  await using harness = await patternHarness(patterns['a loop that looks back'])
  let last = 0
  for (const [event, at] of events(text)) {
    harness.processElement('key', event, at)
    last = at
  }
  harness.processWatermark(last)
  // The state that the operator declares, by the name it has in snapshots.
  const state = harness.state('key') as Readonly<Record<string, ReadonlyMapState<number, Event>>>
  const kept = state['pattern-events']
  assert.ok(kept)
  return Array.from(kept.values(), ({ name }) => name).toSorted()
}

describe('the state of a key', () => {
  it('has each event once, whatever the number of matches that share it', async () => {
    assert.deepEqual(await keptEvents('a1 a2 a3 a4'), ['a1', 'a2', 'a3', 'a4'])
  })

  it('has only the events that a partial match may still need', async () => {
    assert.deepEqual(await keptEvents('d1 b1 a1 d2'), ['a1'])
    assert.deepEqual(await keptEvents('d1 b1 d2'), [])
  })

  it('loses what is out of time', async () => {
    assert.deepEqual(await keptEvents('a1@1 a2@3 d@8'), ['a2'])
  })
})

describe('a changed pattern', () => {
  it('does not continue partial matches of the former one that it has no place for', async () => {
    await using before = await patternHarness(begin('a', a).followedBy('b', b))
    for (const [event, at] of events('a')) before.processElement('key', event, at)
    before.processWatermark(5)
    const restore = await before.snapshot()
    await using after = await patternHarness(begin('a', a).followedBy('other', c), { restore })
    for (const [event, at] of events('b@9')) after.processElement('key', event, at)
    assert.throws(() => after.processWatermark(10), { code: 'CHECKPOINT_INCOMPATIBLE' })
  })
})
