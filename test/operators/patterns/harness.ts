// Patterns on a real state backend, fed by hand, and a short way to write down what must match.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  type ConditionContext,
  type DataStream,
  type KeyedStream,
  type OutputTag,
  outputTag,
  type Pattern,
  t,
} from 'millrace'
import type { KeyedHarness, KeyedHarnessOptions } from 'millrace/testing'
import { harnessNode } from '../../../src/testing/harness-node.ts'
import { harnessOf } from '../../../src/testing/keyed-harness.ts'

export const UID = 'matches'

/** Written as `a1`, or `a1@50` with a time: the kind is `a`, the name `a1`. */
export interface Event {
  readonly kind: string
  readonly name: string
  readonly price: number
}
export const Event = t.struct({ kind: t.string, name: t.string, price: t.float64 })

export const is =
  (...kinds: readonly string[]) =>
  (event: Event): boolean =>
    kinds.includes(event.kind)

type Context = ConditionContext<Readonly<Record<string, readonly Event[]>>>
export const sum = (events: readonly Event[] = []): number =>
  events.reduce((total, event) => total + event.price, 0)
export type { Context }

/** `'a1 b1@7'`: events, one millisecond apart unless a time is given. `a1=5` has a price. */
export function events(text: string): readonly (readonly [event: Event, at: number])[] {
  let now = 0
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const parts = /^(([a-z]+)\d*)(?:=(-?\d+))?(?:@(-?\d+))?$/.exec(word)
      assert.ok(parts, `no event: ${word}`)
      const [, name = '', kind = '', price = '0', at] = parts
      now = at === undefined ? now + 1 : Number(at)
      return [{ kind, name, price: Number(price) }, now] as const
    })
}

type AnyMatch = Readonly<Record<string, readonly Event[]>>

// Whatever the pattern: all its events are of this type.
const stepsOf = (match: unknown): AnyMatch => match as AnyMatch

const names = (match: unknown): string =>
  Object.values(stepsOf(match))
    .flat()
    .map((event) => event.name)
    .join(' ')

/** `a:a1,a2 b:` */
export const bySteps = (match: unknown): string =>
  Object.entries(stepsOf(match))
    .map(([step, found]) => `${step}:${found.map((event) => event.name).join(',')}`)
    .join(' ')

export const timedOut: OutputTag<string> = outputTag('timed-out', t.string)
export const late: OutputTag<Event> = outputTag('late', Event)

export type Harness = KeyedHarness<string, Event, string, {}>

export interface PatternHarnessOptions extends KeyedHarnessOptions {
  readonly inProcessingTime?: boolean
  /** For patterns with a time limit. */
  readonly withTimedOut?: boolean
  /** Default: the names of the events in the order of the steps. */
  readonly show?: (match: unknown) => string
}

export function patternHarness<M>(
  pattern: Pattern<Event, M>,
  options: PatternHarnessOptions = {},
): Promise<Harness> {
  const { inProcessingTime = false, withTimedOut = false, show = names, ...rest } = options
  const chain = (keyed: KeyedStream<string, Event>): DataStream<string> => {
    const stream = keyed.pattern(pattern)
    const timed = inProcessingTime ? stream.inProcessingTime() : stream.sideOutputLateData(late)
    const chosen = withTimedOut
      ? timed.timedOut(timedOut, (match, { timestamp }) => `${show(match)}@${timestamp}`)
      : timed
    return chosen.select(UID, (match) => show(match))
  }
  return harnessOf(harnessNode(UID, t.string, chain, Event), { ...rest, uid: UID })
}

/** All matches of a pattern in these events, sorted. */
export async function matchesOf<M>(
  pattern: Pattern<Event, M>,
  text: string,
): Promise<readonly string[]> {
  await using harness = await patternHarness(pattern)
  for (const [event, at] of events(text)) harness.processElement('key', event, at)
  harness.processWatermark(Infinity)
  assert.deepEqual(harness.sideOutput(late), [])
  return harness.output.toSorted()
}

/** A test: these events have these matches, whatever their order. */
export function fact<M>(
  title: string,
  pattern: Pattern<Event, M>,
  text: string,
  matches: readonly string[],
): void {
  it(`${title}: ${text}`, async () => {
    assert.deepEqual(await matchesOf(pattern, text), matches.toSorted())
  })
}
