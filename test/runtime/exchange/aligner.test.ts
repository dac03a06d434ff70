// Whose turn it is when barriers of several checkpoints are under way.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Aligner } from '../../../src/runtime/exchange/aligner.ts'
import type { Barrier } from '../../../src/runtime/exchange/barrier.ts'

const barrier = (checkpointId: number, after?: number): Barrier => {
  return { checkpointId, stopAfter: false, ...(after === undefined ? {} : { after }) }
}

describe('an aligner', () => {
  it('gives barriers that wait behind another their turns, oldest first', () => {
    const aligner = new Aligner(2)
    assert.equal(aligner.barrier(0, barrier(1), 0), undefined)
    assert.equal(aligner.barrier(0, barrier(2, 1), 1), undefined)
    assert.equal(aligner.waits(0), true)
    assert.equal(aligner.takeWaiting(), undefined, 'the first is still awaited')
    assert.deepEqual(aligner.barrier(1, barrier(1), 5), { barrier: barrier(1), alignmentMs: 5 })
    assert.deepEqual(aligner.takeWaiting(), { channel: 0, barrier: barrier(2, 1) })
    assert.equal(aligner.waits(0), false)
    assert.equal(aligner.barrier(0, barrier(2, 1), 6), undefined)
    assert.equal(aligner.barrier(1, barrier(2, 1), 8)?.barrier.checkpointId, 2)
  })

  it('lets what waits go when a newer checkpoint has ended what it waits behind', () => {
    const aligner = new Aligner(2)
    aligner.barrier(0, barrier(4), 0)
    aligner.barrier(0, barrier(5, 4), 0)
    aligner.barrier(0, barrier(6, 5), 0)
    aligner.barrier(0, barrier(7), 0)
    assert.equal(aligner.pendingId, 7)
    const waiting = aligner.takeWaiting()
    assert.equal(waiting?.barrier.checkpointId, 6)
    assert.equal(aligner.barrier(0, barrier(6, 5), 0), undefined)
    assert.equal(aligner.takeWaiting(), undefined, 'it waits no more')
    assert.equal(aligner.barrier(1, barrier(7), 0)?.barrier.checkpointId, 7)
  })

  it('waits for an older checkpoint when a newer one is given up', () => {
    const aligner = new Aligner(2)
    aligner.barrier(0, barrier(1), 0)
    aligner.abort(2)
    assert.deepEqual(
      [aligner.pendingId, aligner.isSettled(1), aligner.isSettled(2)],
      [1, false, true],
    )
    assert.equal(aligner.barrier(1, barrier(2, 1), 0), undefined)
    assert.equal(aligner.barrier(1, barrier(1), 3)?.barrier.checkpointId, 1)
    aligner.abort(1)
    assert.equal(aligner.isSettled(0), true)
  })
})
