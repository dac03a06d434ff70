/** Helpers of the library for one keyed stream, as a user would chain them. */
import {
  eventTimer,
  keyedProcess,
  outputTag,
  purgingTrigger,
  eventTimeTrigger,
  t,
  tumblingWindow,
  valueState,
} from '../../src/index.ts'
import type { DataStream, KeyedStream } from '../../src/index.ts'
import { CALL_FACTOR, COALESCE_MS, FAR_MS, foldOf, type HelperKind, type Rec } from './workload.ts'

type Key = number | string | readonly [number, string]

export interface HelperParts {
  readonly uid: string
  readonly what: HelperKind
  readonly n: number
  readonly typed: boolean
  readonly numberOf: (key: Key) => number
  /** The outside world answers: some time later, or with an error. */
  readonly answer: (signal: AbortSignal) => Promise<void>
}

const valueOf = ({ v }: Rec): number => v
const sums = {
  createAccumulator: () => ({ k: 0, sum: 0, n: 0 }),
  add: ({ k, v }: Rec, { sum, n }: { sum: number; n: number }) => ({ k, sum: sum + v, n: n + 1 }),
  getResult: ({ k, sum, n }: { k: number; sum: number; n: number }): Rec => {
    return { k, v: sum * 100 + n, at: 0, pad: '' }
  },
}
const plainSums = {
  createAccumulator: () => 0,
  add: ({ v }: Rec, sum: number) => sum + v,
  getResult: (sum: number) => sum,
}
/** Of numbers by declaration, which memory holds packed. */
const typedSums = { ...plainSums, accumulator: t.float64 }

export function helped(keyed: KeyedStream<Key, Rec>, parts: HelperParts): DataStream<Rec> {
  const { uid, what, n, typed, numberOf } = parts
  const rec = (key: Key, v: number): Rec => ({ k: numberOf(key), v, at: 0, pad: '' })
  switch (what) {
    case 'top':
      return keyed.topN(uid, n, { by: valueOf }).map(({ key, value }) =>
        rec(
          key,
          value.reduce((digest, { v }) => foldOf(digest, v), 0),
        ),
      )
    case 'ranks':
      return keyed
        .topN(uid, n, { by: valueOf, order: 'ascending', ties: 'last', emit: 'ranks' })
        .map(({ key, rank, value }) => rec(key, value.v * 10 + rank))
    case 'once':
      return keyed.deduplicate(uid, { keep: 'first', by: ({ v }) => Math.abs(v) % (n * 5) })
    case 'newest':
      return keyed.deduplicate(uid, { keep: 'last' })
    case 'min':
    case 'max':
      return keyed[what](uid, valueOf).map(({ key, value }) => rec(key, value))
    case 'mean':
      return keyed.mean(uid, valueOf).map(({ key, value }) => rec(key, Math.floor(value)))
    case 'counted':
      return keyed.countWindow(n).aggregate(uid, sums)
    case 'sliding':
      return keyed.countWindow(n + 2, n).aggregate(uid, sums)
    case 'sessions':
      return keyed.sessionize(uid, { gap: n * 10 }).map(({ key, end, value }) => {
        const sum = value.reduce((total, { v }) => total + v, 0)
        return { ...rec(key, sum * 100 + value.length), at: end - 1 }
      })
    case 'daytime':
      return keyed
        .window(tumblingWindow(n * 7, { time: 'processing' }))
        .aggregate(uid, typed ? typedSums : plainSums, (sum, { key }) => rec(key, sum))
    case 'late':
      return withLate(keyed, parts)
    case 'payload':
      return carried(keyed, parts)
    case 'lookup':
    case 'spread':
      return asked(keyed, parts)
  }
}

/** Each record is in one result of its window, or comes too late for it and goes aside. */
function withLate(
  keyed: KeyedStream<Key, Rec>,
  { uid, n, typed, numberOf }: HelperParts,
): DataStream<Rec> {
  const tooLate = outputTag<Rec>(`${uid}-late`)
  const main = keyed
    .window(tumblingWindow(n * 8))
    .trigger(purgingTrigger(eventTimeTrigger()))
    .allowedLateness(n * 5)
    .sideOutputLateData(tooLate)
    .aggregate(uid, typed ? typedSums : plainSums, (sum, { key }): Rec => {
      return { k: numberOf(key), v: sum, at: 0, pad: '' }
    })
  return main.union(main.sideOutput(tooLate).map((late) => ({ ...late, at: 0, pad: '' })))
}

/** Timers far in the future carry what came; every third record takes back the one before. */
function carried(
  keyed: KeyedStream<Key, Rec>,
  { uid, n: modulo, typed, numberOf }: HelperParts,
): DataStream<Rec> {
  const number = typed ? t.float64 : t.dynamic<number>()
  const timers = { due: eventTimer(number, { coalesce: COALESCE_MS }) }
  const state = { n: valueState(number, { initial: 0 }) }
  return keyed.process(
    uid,
    keyedProcess<Key, Rec, Rec, typeof state, undefined, typeof timers>({
      state,
      timers,
      processElement({ v }, { state: { n }, timers: { due } }) {
        const place = n.value() + 1
        n.update(place)
        due.set(FAR_MS + place * COALESCE_MS - (Math.abs(v) % COALESCE_MS), v)
        if (place % (modulo + 1) === 0) due.delete(FAR_MS + place * COALESCE_MS)
      },
      onTimer(at, { payload, currentKey }, out) {
        out.collect({ k: numberOf(currentKey), v: payload ?? -1, at, pad: '' })
      },
    }),
  )
}

function asked(keyed: KeyedStream<Key, Rec>, parts: HelperParts): DataStream<Rec> {
  const { uid, what, n, answer } = parts
  const stream: DataStream<Rec> = keyed.through((each) =>
    each.process(
      `${uid}-keyed`,
      keyedProcess<Key, Rec, Rec>({
        processElement: (rec, _ctx, out) => out.collect({ ...rec, at: 0 }),
      }),
    ),
  )
  const retry = { attempts: 5, backoff: 3, maxBackoff: 20 }
  const options = { ordered: n % 2 === 0, capacity: 5, timeout: 100_000, retry }
  if (what === 'spread') {
    return stream.asyncFlatMap(uid, options, async (rec, signal): Promise<Rec[]> => {
      await answer(signal)
      return Array.from({ length: rec.k % 3 }, (_, at) => ({ ...rec, v: rec.v + at }))
    })
  }
  return stream.lookupJoin(uid, {
    ...options,
    kind: 'left',
    key: ({ v }) => v % 10,
    lookup: async (key, signal) => {
      await answer(signal)
      return key % 4 === 0 ? undefined : key * CALL_FACTOR
    },
    join: (rec, found): Rec => ({ ...rec, v: rec.v * 100 + (found ?? -1) }),
    ...(n > 3 ? { cache: { entries: 4, ttl: 50 } } : {}),
  })
}
