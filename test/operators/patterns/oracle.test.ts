// Random patterns over random events, against the plain meaning: every way to choose events for the
// steps is tried, and kept if what lies between them may lie there. CASES=5000 looks longer.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Random } from '../../../src/util/random.ts'
import { AnyPattern } from '../../../src/operators/patterns/builder.ts'
import { pattern } from 'millrace'
import { randomFor } from '../windows/harness.ts'
import { type Event, is, patternHarness } from './harness.ts'

const CASES = Number(process.env['CASES'] ?? 250)
const KINDS = ['a', 'b', 'c']

type Contiguity = 'next' | 'followedBy' | 'followedByAny'
const CONTIGUITY: readonly Contiguity[] = ['next', 'followedBy', 'followedByAny']
const INNER = {
  next: 'consecutive',
  followedBy: undefined,
  followedByAny: 'allowCombinations',
} as const

interface Step {
  readonly kinds: readonly string[]
  readonly contiguity: Contiguity
  readonly inner: Contiguity
  readonly from: number
  readonly to: number
  /** What must not come between this step and the next. */
  readonly not: 'next' | 'followedBy' | undefined
}

interface Case {
  readonly steps: readonly Step[]
  readonly within: number
  readonly events: readonly (readonly [kind: string, at: number])[]
}

const choose = <X>(random: Random, values: readonly X[]): X =>
  values[random.int(values.length)] as X

function randomCase(random: Random): Case {
  const count = 1 + random.int(3)
  const steps = Array.from({ length: count }, (_, index): Step => {
    const isOptional = random.int(4) === 0
    const from = 1 + random.int(2)
    const isLoop = random.int(4) === 0
    const times = random.int(2) === 0 ? [1, 1] : [from, isLoop ? 99 : from + random.int(3)]
    const [least = 1, most = 1] = times
    const hasNot = index < count - 1 && !isOptional && random.int(4) === 0
    return {
      kinds: random.int(3) === 0 ? ['a', choose(random, ['b', 'c'])] : [choose(random, KINDS)],
      contiguity: index === 0 ? 'next' : choose(random, CONTIGUITY),
      inner: choose(random, CONTIGUITY),
      from: isOptional ? 0 : least,
      to: isOptional && least > 1 ? 1 : most,
      not: hasNot ? choose(random, ['next', 'followedBy']) : undefined,
    }
  })
  let at = -5
  const events = Array.from({ length: 3 + random.int(7) }, () => {
    at += random.int(3)
    return [choose(random, [...KINDS, 'd']), at] as const
  })
  return { steps, within: random.int(2) === 0 ? Infinity : 2 + random.int(8), events }
}

function built({ steps, within }: Case): AnyPattern {
  // Its methods, without the types that a pattern not known beforehand cannot have.
  let made: AnyPattern | undefined
  for (const [index, step] of steps.entries()) {
    const [name, condition] = [`s${index}`, is(...step.kinds)]
    if (made === undefined) {
      const first: unknown = pattern<Event>().begin(name, condition)
      assert.ok(first instanceof AnyPattern)
      made = first
    } else made = made[step.contiguity](name, condition)
    const { from, to } = step
    if (to === 99) made = from < 2 ? made.oneOrMore() : made.timesOrMore(from)
    else if (to > 1) made = made.times(Math.max(from, 1), to)
    const inner = INNER[step.inner]
    if (to > 1 && inner !== undefined) made = made[inner]()
    if (from === 0) made = made.optional()
    if (step.not === 'next') made = made.notNext(`n${index}`, is('d'))
    if (step.not === 'followedBy') made = made.notFollowedBy(`n${index}`, is('d'))
  }
  assert.ok(made)
  return within === Infinity ? made : made.within(within)
}

/** Every choice of events, step by step; `found` has the indexes of those chosen. */
function naiveMatches({ steps, within, events }: Case): readonly string[] {
  const matches: string[] = []
  const isOf = (index: number, step: Step): boolean => step.kinds.includes(events[index]?.[0] ?? '')
  const isForbidden = (index: number): boolean => events[index]?.[0] === 'd'
  const reaches = (before: number, index: number, how: Contiguity, step: Step): boolean => {
    if (how === 'next') return index === before + 1
    if (how === 'followedByAny') return true
    for (let between = before + 1; between < index; between++) if (isOf(between, step)) return false
    return true
  }
  const mayFollow = (stepIndex: number, found: readonly number[][], index: number): boolean => {
    // Through all steps that were left out.
    const before = found.findLastIndex((each, at) => at < stepIndex && each.length > 0)
    const previous = steps[before]
    const last = found[before]?.at(-1)
    return previous === undefined || last === undefined || isClear(previous, 99, last, index)
  }
  /** Nothing forbidden between an event of a step, the `count`th, and what follows. */
  const isClear = (step: Step, count: number, event: number, following: number): boolean => {
    if (step.not === 'next') return count < step.from || !isForbidden(event + 1)
    if (step.not === undefined) return true
    for (let between = event + 1; between < following; between++) {
      if (isForbidden(between)) return false
    }
    return true
  }
  const go = (stepIndex: number, found: readonly number[][]): void => {
    const all = found.flat()
    const step = steps[stepIndex]
    if (step === undefined) {
      const [first, last] = [events[all[0] ?? -1]?.[1], events[all.at(-1) ?? -1]?.[1]]
      if (first === undefined || last === undefined || last - first >= within) return
      matches.push(found.map((each) => each.join(',')).join(' '))
      return
    }
    if (step.from === 0) go(stepIndex + 1, [...found, []])
    const more = (chosen: readonly number[]): void => {
      if (chosen.length >= Math.max(step.from, 1)) go(stepIndex + 1, [...found, [...chosen]])
      if (chosen.length === step.to) return
      const before = chosen.at(-1) ?? all.at(-1)
      const how = chosen.length === 0 ? step.contiguity : step.inner
      for (let index = (before ?? -1) + 1; index < events.length; index++) {
        const fits = before === undefined || reaches(before, index, how, step)
        if (!fits || !isOf(index, step)) continue
        if (chosen.length === 0 && !mayFollow(stepIndex, found, index)) continue
        const lastOwn = chosen.at(-1)
        // While a step repeats, what must not follow it must not come, either.
        if (lastOwn !== undefined && !isClear(step, chosen.length, lastOwn, index)) continue
        more([...chosen, index])
      }
    }
    more([])
  }
  go(0, [])
  return matches.toSorted()
}

async function foundMatches(one: Case): Promise<readonly string[]> {
  const show = (match: unknown): string =>
    Object.values(match as Record<string, readonly Event[]>) // all its events are of this type
      .map((found) => found.map(({ price }) => price).join(','))
      .join(' ')
  // As a pattern of the public type, of which the harness needs nothing but that it is one.
  const typed = built(one) as unknown as Parameters<typeof patternHarness<unknown>>[0]
  await using harness = await patternHarness(typed, { show })
  for (const [index, [kind, at]] of one.events.entries()) {
    harness.processElement('key', { kind, name: `${kind}${index}`, price: index }, at)
  }
  harness.processWatermark(Infinity)
  return harness.output.toSorted()
}

describe('the matches of random patterns', () => {
  it('are those that the plain meaning gives', async (context) => {
    const random = randomFor(context)
    let matches = 0
    for (let round = 0; round < CASES; round++) {
      const one = randomCase(random)
      const expected = naiveMatches(one)
      matches += expected.length
      assert.deepEqual(await foundMatches(one), expected, JSON.stringify(one))
    }
    assert.ok(matches > CASES, 'the random cases have matches')
  })
})
