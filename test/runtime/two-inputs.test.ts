// A task with two inputs that come from one source over small rings: whichever of them waits, for
// room or for a barrier, the job goes on.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, keyedCoProcess, t, valueState } from 'millrace'
import { collect, source } from 'millrace/connectors'
import { deploy, theTask } from './tasks.ts'

const RECORDS = 6_000

const numbers = source<number, number>({
  position: t.float64,
  async *read(_split, from = 0) {
    for (let at = from; at < RECORDS; at += 50) {
      yield { values: Array.from({ length: 50 }, (_, i) => at + i), position: at + 50 }
    }
  },
})

/** Counts both sides per key; tells the counts at the end of time. */
const counts = keyedCoProcess({
  key: t.float64,
  output: t.string,
  state: {
    left: valueState(t.float64, { initial: 0 }),
    right: valueState(t.float64, { initial: 0 }),
    last: valueState(t.float64, { initial: -1 }),
  },
  processElement1(value: number, { state, timers }) {
    assert.ok(value > state.last.value(), 'records of one input and key keep their order')
    state.last.update(value)
    state.left.update(state.left.value() + 1)
    timers.registerEventTimeTimer(RECORDS)
  },
  processElement2(_text: string, { state, timers }) {
    state.right.update(state.right.value() + 1)
    timers.registerEventTimeTimer(RECORDS)
  },
  onTimer(_time, { currentKey, state }, out) {
    out.collect(`${currentKey}: ${state.left.value()} ${state.right.value()}`)
  },
})

/** @param share of the records that reach the second input: one in so many. */
function diamond(share: number) {
  const out = collect<string>({ guarantee: 'at-least-once' })
  const made = job('diamond', (env) => {
    const all = env.fromSource('numbers', numbers, { timestamp: (value) => value })
    const some = all.filter((value) => value % share === 0).map((value) => `${value}`)
    all
      .keyBy((value) => value % 3, t.float64)
      .connect(some.keyBy((text) => Number(text) % 3, t.float64))
      .process('counts', counts)
      .sinkTo('out', out)
  })
  return { made, out }
}

describe('a task with two inputs', () => {
  for (const share of [1, 3, 1_000_000]) {
    it(`takes all of both, with one in ${share} in the second, and every barrier`, async () => {
      const { made, out } = diamond(share)
      await using deployed = Object.assign(await deploy(made, { batchRecords: 64 }), {
        [Symbol.asyncDispose]: () => deployed.close(),
      })
      deployed.assign('only')
      for (let checkpointId = 1; checkpointId <= 20; checkpointId++) {
        theTask(deployed).trigger({ checkpointId, stopAfter: false })
        for (let step = 0; step < 5; step++) {
          for (const task of deployed.tasks) task.step(64)
          await Promise.resolve()
        }
        await deployed.settle()
        assert.equal(deployed.acknowledged(checkpointId).length, 2, `checkpoint ${checkpointId}`)
        for (const task of deployed.tasks) task.complete(checkpointId)
      }
      await deployed.settle()
      const right = (key: number): number => {
        const whole = Math.ceil(RECORDS / share)
        return Array.from({ length: whole }, (_, at) => at * share).filter((at) => at % 3 === key)
          .length
      }
      assert.deepEqual(
        out.values.toSorted(),
        [0, 1, 2].map((key) => `${key}: ${RECORDS / 3} ${right(key)}`),
      )
    })
  }
})
