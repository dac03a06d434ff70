/**
 * A keyed process function that changes state and timers, emits, and then may throw. What comes out
 * is what went in: results and, of the calls that threw, the records of their dead letters. Its
 * states agree with each other unless a call that threw has left something behind.
 */
import { counterState, deadLetterTag, listState, mapState, t, valueState } from '../../src/index.ts'
import type { DataStream, KeyedStream } from '../../src/index.ts'
import { eventTimer } from '../../src/time/descriptors.ts'
import { parked } from './parked.ts'
import { TIMER_DELAY_MS, type Rec } from './workload.ts'

type Key = number | string | readonly [number, string]

const VALUES_MAX = 6

export interface GuardedParts {
  readonly uid: string
  readonly typed: boolean
  readonly policy: 'dead-letter' | 'park'
  /** @param call tells it from others, when it is made again. */
  mayThrow(call: string): void
  violated(what: string): void
}

export function guarded(keyed: KeyedStream<Key, Rec>, parts: GuardedParts): DataStream<Rec> {
  const { uid, typed, policy } = parts
  if (policy === 'park') return parked(keyed, parts)
  const number = typed ? t.float64 : t.dynamic<number>()
  const state = {
    seen: counterState(),
    values: listState(number),
    byValue: mapState(number, number),
    sum: valueState(number, { initial: 0 }),
    pending: valueState(number, { initial: 0 }),
  }
  const done = keyed
    .process<Rec, typeof state, undefined, { due: ReturnType<typeof eventTimer<number>> }>(uid, {
      state,
      timers: { due: eventTimer(t.float64) },
      processElement(rec, { state: { seen, values, byValue, sum, pending }, timers }, out) {
        const all = values.get()
        const total = all.reduce((former, v) => former + v, 0)
        const held = [...byValue.values()].reduce((former, n) => former + n, 0)
        const isWhole = seen.value() === all.length && held === all.length && sum.value() === total
        if (!isWhole)
          parts.violated(`of ${all.length} values ${seen.value()} count, ${held} are held`)
        const set = timers.due.list().length
        if (set !== pending.value()) parts.violated(`${set} timers are set, of ${pending.value()}`)
        if (all.length >= VALUES_MAX) {
          for (const handle of [seen, values, byValue, sum]) handle.clear()
        }
        const { v, at } = rec
        seen.increment()
        values.add(v)
        byValue.set(v, (byValue.get(v) ?? 0) + 1)
        sum.update(sum.value() + v)
        timers.due.set(at + TIMER_DELAY_MS, v)
        pending.update(timers.due.list().length)
        out.collect(rec)
        parts.mayThrow(`${rec.k}/${v}/${at}`)
      },
      onTimer(_at, { state: { pending }, timers }) {
        pending.update(timers.due.list().length)
      },
    })
    .onError('dead-letter')
  const failed = done.sideOutput(deadLetterTag).map(({ record }) => record as Rec) // as it came
  return done.union(failed)
}
