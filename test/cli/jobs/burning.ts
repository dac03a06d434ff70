/** A job whose function burns the processor, beside one that only uses state; for profiles. */
import { job, mapState, t, valueState } from 'millrace'
import { sink } from 'millrace/connectors'

/** Busy for a while, in a way that no optimiser leaves out. */
function burn(rounds: number): number {
  let hash = rounds
  for (let round = 0; round < rounds; round++) hash = Math.imul(hash ^ round, 0x01000193)
  return hash & 1
}

export default job(
  'burning',
  {
    params: { count: t.optional(t.int32), fails: t.optional(t.boolean) },
    backend: 'hashmap',
    restart: { strategy: 'none' },
  },
  (env, { count = 2_000, fails = false }) => {
    env
      .fromElements(
        'numbers',
        Array.from({ length: count }, (_, index) => index),
      )
      .map((value) => value + burn(20_000))
      .keyBy((value) => value % 100)
      .process('counts', {
        state: {
          count: valueState(t.float64, { initial: 0 }),
          seen: mapState(t.float64, t.float64),
        },
        processElement(value, { state }, out) {
          if (fails && value > 1_000) throw new Error('as asked')
          const now = state.count.value() + 1
          state.count.update(now)
          if (now % 10 === 0) state.seen.set(now, value)
          if (now % 20 === 0) out.collect(now)
        },
      })
      .sinkTo('out', sink<unknown>({ write: () => undefined }))
  },
)
