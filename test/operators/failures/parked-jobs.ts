/** Jobs whose functions throw at some numbers until somebody mends them; what comes out by key. */
import { job, keyedProcess, mapState, t, valueState } from 'millrace'
import type { DataStream, Job, KeyedStream, ParkLimits } from 'millrace'
import { collection, print } from 'millrace/connectors'
import type { JobHarness } from 'millrace/testing'
import { eventTimer } from '../../../src/time/descriptors.ts'

export const Item = t.struct({ k: t.string, n: t.float64, at: t.timestamp })
export interface Item {
  k: string
  n: number
  at: number
}
export const nothing = collection<Item>([], { type: Item })
export const item = (k: string, n: number, at = n): Item => ({ k, n, at })

/** What is wrong with the function, until somebody mends it. */
export interface Flaw {
  /** Numbers at which it throws. */
  bad: ReadonlySet<number>
}
export const check = ({ bad }: Flaw, n: number): void => {
  if (bad.has(n)) throw new Error(`no ${n}`)
}

export type Build = (items: KeyedStream<string, Item>, flaw: Flaw) => DataStream<unknown>

export function parkingJob(build: Build, flaw: Flaw, limits?: ParkLimits): Job {
  return job('parking', (env) => {
    const time = { timestamp: ({ at }: Item) => at }
    const items = env.fromSource('items', nothing, time).keyBy(({ k }) => k)
    const done = build(items, flaw)
    if (limits === undefined) done.onError('park')
    else done.onError('park', limits)
    done.sinkTo('out', print())
  })
}

/** Remembers all that it has seen, in order, and tells it by a timer, too. */
export const remembering: Build = (items, flaw) =>
  items.process(
    'remembered',
    keyedProcess({
      key: t.string,
      input: Item,
      output: t.string,
      state: { seen: valueState(t.string, { initial: '' }), at: mapState(t.float64, t.float64) },
      timers: { due: eventTimer(t.float64) },
      processElement({ k, n, at }, { state, timers }, out) {
        state.seen.update(`${state.seen.value()} ${n}`)
        for (const timer of timers.due.list()) if (timer.at === at + 7) timers.due.delete(timer.at)
        timers.due.set(at + 5, n)
        timers.due.set(at + 7, n)
        state.at.set(at, timers.currentWatermark)
        check(flaw, n)
        out.collect(`${k}:${state.seen.value()}`)
      },
      onTimer(at, { state, payload, currentKey }, out) {
        state.seen.update(`${state.seen.value()} T${at}`)
        check(flaw, -at)
        out.collect(`${currentKey} timer ${at} of ${payload}:${state.seen.value()}`)
      },
    }),
  )

/** Of three keys, in turn. */
export const items = Array.from({ length: 40 }, (_, at) => item('abc'[at % 3] ?? '', at + 1))

export const outOf = (harness: JobHarness): readonly string[] =>
  harness.output<unknown>('out').map((each) => JSON.stringify(each))

export const ofKey = (all: readonly string[], key: string): readonly string[] =>
  all.filter((each) => each.includes(key))
