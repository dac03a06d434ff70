// A burst of due timers, of either clock, over each backend: a barrier passes in the middle of it
// after one more portion at most, and what is restored from there fires the rest, each timer once.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventTimer, job, keyedProcess, processingTimer, t } from 'millrace'
import { hashmap } from 'millrace/hashmap'
import { rocksdb } from 'millrace/rocksdb'
import { sink, source } from 'millrace/connectors'
import type { Task } from '../../src/runtime/task.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { openMemoryStore } from '../../src/testing/memory-store.ts'
import { turns } from './doubles.ts'
import { deploy, theTask } from './tasks.ts'

const TIMERS = 6_000
/** What the stage fires before anything else gets a chance. */
const PORTION = 1_024
const DUE = 1_000_000

const numbers = source<number, number>({
  position: t.float64,
  async *read(_split, from = 0) {
    for (let at = from; at < TIMERS; at += 100) {
      yield { values: Array.from({ length: 100 }, (_, index) => at + index), position: at + 100 }
    }
    // It does not end: the watermark is moved by the last record alone.
    yield { values: [DUE], position: TIMERS + 1 }
    await new Promise(() => undefined)
  },
})

const timed = keyedProcess({
  output: t.int32,
  timers: { wake: eventTimer(t.int32), rise: processingTimer(t.int32) },
  processElement(value: number, { timers }) {
    if (value === DUE) return
    timers.wake.set(DUE / 2 + (value % 10), value)
    timers.rise.set(DUE / 2 + (value % 10), value)
  },
  onTimer(_at, { timerName, payload }, out) {
    if (payload !== undefined) out.collect(timerName === 'wake' ? payload : -1 - payload)
  },
})

/** RocksDB's tables over its double. */
const cold: StateBackend = {
  name: 'rocksdb',
  create: (context) => rocksdb().create({ ...context, nativeStore: openMemoryStore }),
}
const clocks = [
  { clock: 'event time', tick: (task: Task) => void task, idOf: (value: number) => value },
  {
    clock: 'processing time',
    tick: (task: Task) => task.processingTime(DUE),
    idOf: (value: number) => -1 - value,
  },
]

for (const backend of [hashmap(), cold]) {
  for (const { clock, tick, idOf } of clocks) {
    describe(`a burst of timers in ${clock} on ${backend.name}`, () => {
      it('lets a barrier pass, and goes on from a restore', async () => {
        const written: number[] = []
        const made = job('bursts', (env) => {
          env
            .fromSource('numbers', numbers, { timestamp: (value) => value })
            .keyBy((value) => value, t.int32)
            .process('timed', timed)
            .sinkTo('out', sink<number>({ write: (values) => void written.push(...values) }))
        })
        const mine = () => written.filter((value) => idOf(value) >= 0).map(idOf)
        const store = new MemoryBlobStore()
        const first = await deploy(made, { store, backend })
        const task = theTask(first)
        first.assign('a')
        while (mine().length === 0) {
          task.step(512)
          if (task.parts.source?.recordsIn === TIMERS + 1) tick(task)
          await turns(1)
        }
        task.trigger({ checkpointId: 1, stopAfter: false })
        const before = mine().length
        for (let round = 0; round < 20 && first.acknowledged(1).length === 0; round++) {
          task.step(512)
          await turns(2)
        }
        const cut = mine().length
        const restored = first.acknowledged(1).map((acknowledged) => acknowledged.task)
        assert.equal(restored.length, 1, 'the barrier passed')
        assert.ok(cut < TIMERS, `${cut} of ${TIMERS} had fired when it was acknowledged`)
        await first.close()

        written.length = 0
        const second = await deploy(made, { store, restored, backend })
        second.assign()
        const again = theTask(second)
        for (let round = 0; round < 100; round++) {
          if (again.nextProcessingTimer <= DUE) tick(again)
          await second.settle()
          if (mine().length >= TIMERS - before) break
        }
        const rest = mine()
        assert.equal(new Set(rest).size, rest.length, 'none fires twice')
        assert.ok(rest.length <= TIMERS - before, `${before} fired before the barrier`)
        assert.ok(rest.length >= TIMERS - before - PORTION, `${rest.length} fired after it`)
        assert.equal(again.nextProcessingTimer <= DUE, clock === 'event time')
        await second.close()
      })
    })
  }
}
