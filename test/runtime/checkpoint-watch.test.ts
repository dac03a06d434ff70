// Where tasks say they are in a checkpoint, from the trigger to the acknowledgement.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, t } from 'millrace'
import { sink, source, twoPhaseCommitSink } from 'millrace/connectors'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import type { BlobWriter } from '../../src/storage/blob-store.ts'
import { Gate, turns } from './doubles.ts'
import { deploy, theTask } from './tasks.ts'

const numbers = (count: number, batchRecords: number) =>
  source<number, number>({
    position: t.float64,
    async *read(_split, from = 0) {
      for (let at = from; at < count; at += batchRecords) {
        const values = Array.from({ length: batchRecords }, (_, index) => at + index)
        yield { values, position: at + batchRecords }
      }
    },
  })

/** A store whose files are closed only when the gate is open. */
class SlowStore extends MemoryBlobStore {
  readonly gate = new Gate()
  override async create(name: string): Promise<BlobWriter> {
    const writer = await super.create(name)
    const { passed } = this.gate
    return {
      write: (chunk) => writer.write(chunk),
      abort: () => writer.abort(),
      close: async () => {
        await passed
        await writer.close()
      },
    }
  }
}

describe('a task in a checkpoint', () => {
  it('waits for its sinks, then writes; the figures say how long', async () => {
    const prepared = new Gate()
    const store = new SlowStore()
    const made = job('slow', (env) => {
      const out = twoPhaseCommitSink<number, string>({
        name: 'slow',
        committable: t.string,
        createWriter: () => ({
          write: () => undefined,
          prepareCommit: async () => {
            await prepared.passed
            return ['part']
          },
        }),
        createCommitter: () => ({ commit: () => 'committed' }),
      })
      env.fromSource('numbers', numbers(10, 10)).sinkTo('out', out)
    })
    const deployed = await deploy(made, { store })
    const task = theTask(deployed)
    const { clock } = deployed.host
    deployed.assign('a')
    assert.deepEqual(task.checkpointing, [])
    await deployed.settle()
    task.trigger({ checkpointId: 3, stopAfter: false })
    await deployed.settle()
    clock.advance(40)
    const place = { vertex: 0, subtaskIndex: 0, checkpointId: 3 }
    assert.deepEqual(task.checkpointing, [
      { ...place, step: 'sinks', forMs: 40, waitsFor: ['out'] },
    ])
    prepared.open()
    await deployed.settle()
    clock.advance(7)
    assert.deepEqual(task.checkpointing, [{ ...place, step: 'write', forMs: 7, waitsFor: [] }])
    store.gate.open()
    await deployed.settle()
    assert.deepEqual(task.checkpointing, [])
    const { startDelayMs, alignmentMs, syncMs, sinkMs, asyncMs } =
      deployed.acknowledged(3)[0]?.statistics ?? assert.fail()
    assert.deepEqual([startDelayMs, alignmentMs, syncMs, sinkMs, asyncMs], [0, 0, 0, 40, 47])
    await deployed.close()
  })

  it('says that a sink which takes no more keeps it from its barrier', async () => {
    const written = new Gate()
    const made = job('full', (env) => {
      const out = sink<number>({ name: 'full', write: () => written.passed })
      env.fromSource('numbers', numbers(30_000, 30_000)).sinkTo('out', out)
    })
    const deployed = await deploy(made)
    const task = theTask(deployed)
    deployed.assign('a')
    await deployed.settle()
    task.trigger({ checkpointId: 1, stopAfter: false })
    await deployed.settle()
    deployed.host.clock.advance(1_500)
    const blockedBy = { kind: 'sink', name: 'out' } as const
    const place = { vertex: 0, subtaskIndex: 0, checkpointId: 1 }
    assert.deepEqual(task.checkpointing, [
      { ...place, step: 'barrier', forMs: 1_500, waitsFor: [], blockedBy },
    ])
    await task.abort(1)
    assert.deepEqual(task.checkpointing, [], 'nobody waits for it any more')
    written.open()
    await deployed.close()
  })

  it('names the tasks whose barriers it waits for, and those that wait for its room', async () => {
    const made = job('joined', (env) => {
      const left = env.fromSource('left', numbers(10, 10))
      left
        .union(env.fromSource('right', numbers(10, 10)))
        .map((value) => value)
        .sinkTo('out', sink({ name: 'out', write: () => undefined }))
    })
    const deployed = await deploy(made)
    const gated = deployed.tasks.find(({ parts }) => parts.gate !== undefined) ?? assert.fail()
    const left = deployed.tasks.find(({ parts }) => parts.source?.uid === 'left') ?? assert.fail()
    deployed.assign('a')
    await deployed.settle()
    for (const task of deployed.tasks) task.trigger({ checkpointId: 1, stopAfter: false })
    const waiting = gated.checkpointing[0] ?? assert.fail()
    assert.equal(waiting.step, 'barrier')
    assert.equal(waiting.waitsFor.length, 2)
    left.step(1)
    gated.step(10)
    // The barrier of the other source lies in the ring, but nobody has read it: both have come.
    await turns()
    await deployed.settle()
    assert.equal(deployed.acknowledged(1).length, 3)
    assert.deepEqual(
      deployed.tasks.flatMap((task) => task.checkpointing),
      [],
    )
    // A barrier may overtake the trigger that tells of it.
    gated.trigger({ checkpointId: 1, stopAfter: false })
    assert.deepEqual(gated.checkpointing, [])
    await deployed.close()
  })
})
