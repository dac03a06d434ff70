// Between a chain and the writer of its sink: order, marks of barriers, a writer that stalls while
// one record fans out to a million, a writer that fails, and the end.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { CommitScope, SinkWriter } from '../../src/operators/sink.ts'
import { SinkPump } from '../../src/runtime/sink-pump.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import { dynamicType } from '../../src/types/dynamic.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { Gate, newSeed, turns, until } from './doubles.ts'

const scopeOf = (checkpointId: number): CommitScope => ({
  jobName: 'job',
  lineage: 'a',
  leaderEpoch: 1,
  checkpointId,
})

/** A writer that notes what it gets; `answer` decides how long a call takes. */
class NotingWriter implements SinkWriter<unknown, unknown> {
  readonly values: unknown[] = []
  readonly timestamps: number[] = []
  readonly events: string[] = []
  largestWrite = 0
  closed = 0
  active = 0
  answer: () => void | Promise<void> = () => undefined

  write(values: readonly unknown[], timestamps: Float64Array): void | Promise<void> {
    assert.equal(values.length, timestamps.length)
    assert.equal(this.active, 0, 'one call at a time')
    this.values.push(...values)
    this.timestamps.push(...timestamps)
    this.events.push(`write ${values.length}`)
    this.largestWrite = Math.max(this.largestWrite, values.length)
    return this.#during(this.answer())
  }
  async prepareCommit({ checkpointId }: CommitScope): Promise<readonly unknown[]> {
    assert.equal(this.active, 0, 'one call at a time')
    this.events.push(`prepare ${checkpointId} after ${this.values.length}`)
    await this.#during(this.answer())
    return [`part ${checkpointId}`]
  }
  async [Symbol.asyncDispose](): Promise<void> {
    assert.equal(this.active, 0, 'closed in the middle of a call')
    this.closed++
  }
  #during(answer: void | Promise<void>): void | Promise<void> {
    if (answer === undefined) return undefined
    this.active++
    return answer.finally(() => this.active--)
  }
}

function pumpOf(memoryBytesMax = 1024 ** 2) {
  const writer = new NotingWriter()
  const scratch = new MemoryScratch()
  const host = { wakes: 0 }
  const pump = new SinkPump({
    writer,
    type: dynamicType<unknown>(),
    scratch,
    name: 'sink',
    memoryBytesMax,
    valuesFull: 8_192,
    wake: () => void host.wakes++,
  })
  return { writer, scratch, pump, host }
}

/** Node offers the collector only to those who ask in this way. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc()')
}

const numbers = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, at) => from + at)

describe('a sink pump', () => {
  it('hands values and timestamps on in order, in batches', async () => {
    const { writer, pump } = pumpOf()
    for (const value of numbers(10_000)) pump.collect(value, value / 2)
    pump.kick()
    await until(() => writer.values.length === 10_000)
    assert.deepEqual(writer.values, numbers(10_000))
    assert.deepEqual(
      writer.timestamps,
      numbers(10_000).map((value) => value / 2),
    )
    assert.ok(writer.largestWrite <= 4_096 && writer.largestWrite > 1_000)
    assert.equal(pump.recordsOut, 10_000)
  })

  it('asks for committables after exactly what was collected before the barrier', async () => {
    const { writer, pump } = pumpOf()
    writer.answer = () => turns(1)
    for (const value of numbers(5_000)) pump.collect(value, 0)
    const first = pump.barrier(scopeOf(1))
    for (const value of numbers(7, 5_000)) pump.collect(value, 0)
    const second = pump.barrier(scopeOf(2))
    const third = pump.barrier(scopeOf(3))
    for (const value of numbers(3, 5_007)) pump.collect(value, 0)
    pump.kick()
    assert.deepEqual(await first, ['part 1'])
    assert.deepEqual(await second, ['part 2'])
    assert.deepEqual(await third, ['part 3'])
    await until(() => writer.values.length === 5_010)
    assert.deepEqual(writer.values, numbers(5_010))
    assert.deepEqual(
      writer.events.filter((event) => event.startsWith('prepare')),
      ['prepare 1 after 5000', 'prepare 2 after 5007', 'prepare 3 after 5007'],
    )
  })

  it('asks an idle writer for committables at once', async () => {
    const { pump } = pumpOf()
    assert.deepEqual(await pump.barrier(scopeOf(7)), ['part 7'])
  })

  it('is full while too much waits, and wakes its task when there is room', async () => {
    const { writer, pump, host } = pumpOf()
    const release = new Gate()
    writer.answer = () => release.passed
    let collected = 0
    while (!pump.isFull) pump.collect(collected++, 0)
    pump.kick()
    await turns()
    assert.equal(pump.isFull, true)
    assert.equal(host.wakes, 0)
    writer.answer = () => undefined
    release.open()
    await until(() => writer.values.length === collected)
    assert.equal(pump.isFull, false)
    assert.ok(host.wakes > 0)
  })

  it('takes a million values of one record in bounded memory while its writer stalls', async () => {
    const { writer, pump, scratch } = pumpOf(256 * 1024)
    const release = new Gate()
    writer.answer = () => release.passed
    pump.collect({ id: -1 }, 0)
    pump.kick()
    collectGarbage()
    const beforeBytes = process.memoryUsage().heapUsed
    for (let id = 0; id < 1_000_000; id++) pump.collect({ id, text: `value ${id}` }, id)
    const marked = pump.barrier(scopeOf(1))
    collectGarbage()
    const usedBytes = process.memoryUsage().heapUsed - beforeBytes
    assert.ok(usedBytes < 64 * 1024 ** 2, `${usedBytes} bytes of heap`)
    assert.ok(pump.spilledBytes > 10_000_000, `spilled ${pump.spilledBytes}`)
    assert.equal(pump.isFull, true)
    writer.answer = () => undefined
    const seen = { next: -1 }
    writer.values.push = (...values: unknown[]) => {
      for (const value of values) assert.equal((value as { id: number }).id, ++seen.next)
      return 0
    }
    seen.next = -1
    writer.timestamps.push = () => 0
    release.open()
    assert.deepEqual(await marked, ['part 1'])
    assert.equal(seen.next, 999_999)
    assert.equal(scratch.lengthBytes, 0)
    assert.equal(pump.isFull, false)
    assert.ok(writer.largestWrite <= 4_096)
  })

  it('keeps the order over memory, disk and what comes while it is read back', async () => {
    const seed = newSeed()
    const random = new SeededRandom(seed)
    const { writer, pump } = pumpOf(10_000)
    writer.answer = () => (random.int(3) === 0 ? turns(1) : undefined)
    const marks: Promise<readonly unknown[]>[] = []
    const expected: string[] = []
    let next = 0
    for (let round = 0; round < 40; round++) {
      const burst = random.int(4) === 0 ? 45_000 : random.int(3_000)
      for (let left = burst; left > 0; left--) pump.collect(next++, 0)
      if (random.int(2) === 0) {
        marks.push(pump.barrier(scopeOf(round)))
        expected.push(`prepare ${round} after ${next}`)
      }
      pump.kick()
      await turns(random.int(4))
    }
    await Promise.all(marks)
    await until(() => {
      pump.kick()
      return writer.values.length === next
    })
    assert.ok(
      writer.values.every((value, at) => value === at),
      `seed ${seed}`,
    )
    const prepared = writer.events.filter((event) => event.startsWith('prepare'))
    assert.deepEqual(prepared, expected, `seed ${seed}`)
  })

  it('remembers why its writer failed, and rejects all marks with it', async () => {
    for (const fails of ['at once', 'later']) {
      const { writer, pump, host } = pumpOf()
      const error = new Error('disk full')
      writer.answer = () => {
        if (fails === 'at once') throw error
        return Promise.reject(error)
      }
      pump.collect(1, 0)
      const marks = [pump.barrier(scopeOf(1)), pump.barrier(scopeOf(2))]
      for (const mark of marks) await assert.rejects(mark, error)
      await turns()
      assert.equal(pump.failure?.error, error)
      assert.ok(host.wakes > 0, 'the task is told')
      await assert.rejects(pump.barrier(scopeOf(3)), error)
      pump.kick()
      await pump.close()
      assert.equal(writer.closed, 1)
    }
  })

  it('fails when committables cannot be prepared', async () => {
    const { writer, pump } = pumpOf()
    pump.collect(1, 0)
    pump.kick()
    await turns()
    writer.answer = () => Promise.reject(new Error('no flush'))
    await assert.rejects(pump.barrier(scopeOf(1)), /no flush/)
    await turns()
    assert.match(String(pump.failure?.error), /no flush/)
  })

  it('closes its writer once, after a call that is under way, and rejects what waits', async () => {
    const { writer, pump, scratch } = pumpOf(0)
    const release = new Gate()
    writer.answer = () => release.passed
    for (const value of numbers(50_000)) pump.collect(value, 0)
    const mark = pump.barrier(scopeOf(1))
    assert.ok(scratch.lengthBytes > 0)
    const closing = Promise.all([pump.close(), pump.close()])
    await assert.rejects(mark, { code: 'CHECKPOINT_FAILED' })
    await turns()
    assert.equal(writer.closed, 0)
    release.open()
    await closing
    assert.equal(writer.closed, 1)
    assert.equal(scratch.lengthBytes, 0)
    assert.equal(writer.events.length, 1, 'nothing is written any more')
    await assert.rejects(pump.barrier(scopeOf(2)), { code: 'CHECKPOINT_FAILED' })
  })
})
