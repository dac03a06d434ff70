// Which worker is ended for what it holds outside of its heap.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { greediest } from '../../src/runtime/memory-watch.ts'

const held = (...outside: readonly number[]) =>
  new Map(outside.map((outsideBytes, worker) => [worker, { heapBytes: 1_000, outsideBytes }]))

describe('of workers, the one to be ended', () => {
  it('is nobody while all keep to their limit, whatever their heaps hold', () => {
    assert.equal(greediest(held(), 100), undefined)
    assert.equal(greediest(held(0), 100), undefined)
    assert.equal(greediest(held(100, 20), 100), undefined)
  })

  it('is the one above it; of several, the one that holds most', () => {
    assert.equal(greediest(held(10, 101), 100), 1)
    assert.equal(greediest(held(120, 101, 102), 100), 0)
  })

  it('is the one that holds most where all together hold too much', () => {
    assert.equal(greediest(held(60, 65), 100), undefined)
    assert.equal(greediest(held(60, 66), 100), 1)
  })
})
