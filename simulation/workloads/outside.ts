/** Operations beyond one stream in one place: asynchronous calls, broadcast, expiry. */
import { keyedBroadcastProcess, keyedProcess, mapState, t, valueState } from '../../src/index.ts'
import type { DataStream, KeyedStream, OutputTag } from '../../src/index.ts'
import { CALL_FACTOR, EXPIRES_AFTER_MS, FAR_MS, type Rec, RULES } from './workload.ts'

type Key = number | string | readonly [number, string]

const numberOf = (typed: boolean) => (typed ? t.float64 : t.dynamic<number>())

/** Calls the outside world for each record; it answers when it likes, and sometimes fails. */
export function called(
  uid: string,
  stream: DataStream<Rec>,
  isOrdered: boolean,
  answer: (signal: AbortSignal) => Promise<void>,
): DataStream<Rec> {
  const retry = { attempts: 5, backoff: 3, maxBackoff: 20 }
  const options = { ordered: isOrdered, capacity: 7, timeout: 100_000, retry }
  return stream.asyncMap(uid, options, async (rec, signal): Promise<Rec> => {
    await answer(signal)
    return { ...rec, v: rec.v * CALL_FACTOR }
  })
}

/** What every subtask knows of the rules is told, key by key, at the end of input. */
export function ruled(
  uid: string,
  keyed: KeyedStream<Key, Rec>,
  rules: DataStream<Rec>,
  typed: boolean,
): DataStream<Rec> {
  const number = numberOf(typed)
  const broadcast = { sums: mapState(number, number) }
  const state = { k: valueState(number, { initial: 0 }) }
  return keyed.connect(rules.broadcast(broadcast)).process(
    uid,
    keyedBroadcastProcess<Key, Rec, Rec, typeof broadcast, Rec, typeof state>({
      broadcast,
      state,
      processElement({ k, v }, ctx, out) {
        ctx.state.k.update(k)
        ctx.timers.registerEventTimeTimer(FAR_MS)
        out.collect({ k, v, at: 0, pad: '' })
      },
      processBroadcastElement({ k, v }, { broadcast: { sums } }) {
        const rule = k % RULES
        sums.set(rule, (sums.get(rule) ?? 0) + v)
      },
      onTimer(at, ctx, out) {
        const k = ctx.state.k.value()
        out.collect({ k, v: ctx.broadcast.sums.get(k % RULES) ?? -1, at, pad: '' })
      },
    }),
  )
}

/**
 * Lets every record expire, once, by event time; nothing else comes out, on the side, unless the
 * entry of the record before is still visible when the clock says that it has expired.
 */
export function expired(
  uid: string,
  keyed: KeyedStream<Key, Rec>,
  side: OutputTag<Rec>,
  typed: boolean,
): DataStream<Rec> {
  const number = numberOf(typed)
  const value = typed ? t.struct({ k: t.float64, v: t.float64 }) : t.dynamic<Held>()
  const state = {
    n: valueState(number, { initial: 0 }),
    touched: valueState(number, { initial: -1 }),
    held: mapState<number, Held>(number, value, {
      ttl: {
        after: EXPIRES_AFTER_MS,
        time: 'event-time',
        onExpire: ({ k, v }, { output }) => output(side, { k, v, at: 0, pad: '' }),
      },
    }),
  }
  return keyed.process(
    uid,
    keyedProcess<Key, Rec, Rec, typeof state>({
      state,
      processElement({ k, v }, ctx) {
        const { n, touched, held } = ctx.state
        const now = ctx.timers.currentWatermark
        const isOver = touched.value() >= 0 && touched.value() + EXPIRES_AFTER_MS <= now
        if (isOver && held.has(n.value())) ctx.output(side, { k, v: -1, at: 0, pad: '' })
        n.update(n.value() + 1)
        held.set(n.value(), { k, v })
        touched.update(Math.max(-1, now))
      },
    }),
  )
}

interface Held {
  readonly k: number
  readonly v: number
}
