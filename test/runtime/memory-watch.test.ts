// Which worker is ended for what it holds outside of its heap.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { greediest, MemoryWatch } from '../../src/runtime/memory-watch.ts'
import { systemClock } from '../../src/util/clock.ts'

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

describe('a worker that holds too much', { timeout: 120_000 }, () => {
  it('is looked at once, however long that takes, and ended once', async () => {
    let looks = 0
    let looked = (): void => undefined
    const isLooked = new Promise<void>((resolve) => (looked = resolve))
    const ended: string[] = []
    const watch = new MemoryWatch(systemClock, {
      end: (worker, { code, message }) => void ended.push(`${worker} ${code} ${message}`),
    })
    watch.watch(3, {
      send: () => undefined,
      terminate: async () => undefined,
      memoryBytesMax: 1024 ** 2,
      memory: async () => ({ heapBytes: 0, outsideBytes: 2 * 1024 ** 2 }),
      async look() {
        looks++
        await isLooked
        return { operator: 'totals', progress: '' }
      },
    })
    // Asked each 20 milliseconds, as it holds more than half.
    await systemClock.sleep(500)
    assert.equal(looks, 1)
    assert.deepEqual(ended, [])
    looked()
    while (ended.length === 0) await systemClock.sleep(1)
    await systemClock.sleep(100)
    watch.close()
    assert.equal(looks, 1)
    const [end, ...others] = ended
    assert.deepEqual(others, [])
    assert.match(String(end), /^3 WORKER_OUT_OF_MEMORY totals: worker 3 holds 2 MiB outside/)
  })
})
