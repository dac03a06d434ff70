/**
 * A keyed process function whose keys are parked when it throws, in records and at timers. What
 * comes out is what went in, in its order: nothing may be lost, twice or overtaken because it
 * waited. Its states agree with its timers, and each timer fires where it is due, also among
 * records that waited.
 */
import { listState, mapState, t, valueState } from '../../src/index.ts'
import type { DataStream, KeyedStream } from '../../src/index.ts'
import { eventTimer } from '../../src/time/descriptors.ts'
import { TIMER_DELAY_MS, type Rec } from './workload.ts'

type Key = number | string | readonly [number, string]

const VALUES_MAX = 6

export interface ParkedParts {
  readonly uid: string
  readonly typed: boolean
  mayThrow(call: string): void
  violated(what: string): void
}

export function parked(keyed: KeyedStream<Key, Rec>, parts: ParkedParts): DataStream<Rec> {
  const { uid, typed } = parts
  const number = typed ? t.float64 : t.dynamic<number>()
  const state = {
    values: listState(number),
    count: valueState(number, { initial: 0 }),
    /** By due time, how far event time had come when the timer was set. */
    setAt: mapState(number, number),
  }
  return keyed
    .process<Rec, typeof state, undefined, { due: ReturnType<typeof eventTimer<number>> }>(uid, {
      state,
      timers: { due: eventTimer(t.float64) },
      processElement(rec, { state: { values, count, setAt }, timers }, out) {
        const { currentWatermark: now } = timers
        const all = values.get()
        if (count.value() !== all.length) parts.violated(`${count.value()} of ${all.length} values`)
        const set = timers.due.list().length
        const noted = [...setAt.entries()]
        if (set !== noted.length) parts.violated(`${set} timers are set, of ${noted.length}`)
        for (const [due, since] of noted) {
          if (due <= now && since < now) parts.violated(`at ${now} a timer of ${due} is not fired`)
        }
        if (all.length >= VALUES_MAX) values.clear()
        values.add(rec.v)
        count.update(all.length >= VALUES_MAX ? 1 : all.length + 1)
        const due = rec.at + TIMER_DELAY_MS
        timers.due.set(due, rec.v)
        if (!setAt.has(due)) setAt.set(due, now)
        out.collect(rec)
        parts.mayThrow(`${rec.k}/${rec.v}/${rec.at}`)
      },
      onTimer(at, { state: { setAt }, currentKey }) {
        if (!setAt.has(at)) parts.violated(`a timer of ${at} fires that nobody has set`)
        setAt.delete(at)
        parts.mayThrow(`timer of ${String(currentKey)} at ${at}`)
      },
    })
    .onError('park')
}
