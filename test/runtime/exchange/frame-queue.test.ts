// The queue of frames that wait for room: order is kept over memory and disk, memory is bounded,
// and files go when they are read.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FrameQueue } from '../../../src/runtime/exchange/frame-queue.ts'
import { LocalScratch } from '../../../src/storage/scratch-local.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { newSeed } from '../doubles.ts'

function shiftText(queue: FrameQueue): string {
  const text = `${queue.type}:${Buffer.from(queue.peek()).toString()}`
  queue.shift()
  return text
}

describe('a frame queue', () => {
  it('copies what it takes, also from a buffer that is used again', () => {
    const queue = new FrameQueue(new MemoryScratch(), 'frames', 1024)
    const reused = new ByteWriter()
    for (const text of ['one', 'two', 'three']) {
      reused.reset()
      reused.raw(Buffer.from(text))
      queue.push(1, reused.view())
    }
    reused.bytes.fill(0)
    assert.deepEqual(
      [shiftText(queue), shiftText(queue), shiftText(queue)],
      ['1:one', '1:two', '1:three'],
    )
  })

  it('holds no more in memory than its bound, and the rest in one file until all is read', () => {
    const scratch = new MemoryScratch()
    const queue = new FrameQueue(scratch, 'frames', 100)
    for (let at = 0; at < 10; at++) queue.push(at, Buffer.alloc(30, at))
    assert.equal(scratch.lengthBytes, 7 * 30)
    assert.equal(queue.spilledBytes, 7 * 30)
    for (let at = 0; at < 10; at++) {
      assert.equal(queue.type, at)
      assert.deepEqual(new Uint8Array(queue.peek()), new Uint8Array(30).fill(at))
      queue.shift()
    }
    assert.equal(queue.isEmpty, true)
    assert.equal(scratch.lengthBytes, 0)
    queue.push(1, Buffer.from('again in memory'))
    assert.equal(scratch.lengthBytes, 0)
    assert.equal(queue.spilledBytes, 7 * 30, 'counts what was ever written')
  })

  it('spills a frame that alone is larger than its bound', () => {
    const scratch = new MemoryScratch()
    const queue = new FrameQueue(scratch, 'frames', 0)
    queue.push(3, Buffer.from('large'))
    queue.push(4, new Uint8Array(0))
    assert.equal(scratch.lengthBytes, 5)
    assert.deepEqual([shiftText(queue), shiftText(queue)], ['3:large', '4:'])
  })

  it('refuses to be read when it is empty', () => {
    const queue = new FrameQueue(new MemoryScratch(), 'frames', 10)
    assert.throws(() => queue.type, /empty/)
    assert.throws(() => queue.peek(), /empty/)
    assert.throws(() => queue.shift(), /empty/)
  })

  it('deletes its file when it is closed, twice is fine', () => {
    const scratch = new MemoryScratch()
    const queue = new FrameQueue(scratch, 'frames', 0)
    queue.push(1, Buffer.from('left over'))
    queue.close()
    queue.close()
    assert.equal(scratch.lengthBytes, 0)
    assert.equal(queue.isEmpty, true)
  })

  it('uses real files, one after the other, and leaves none', (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'frame-queue-'))
    context.after(() => rmSync(directory, { recursive: true, force: true }))
    const scratch = new LocalScratch(join(directory, 'scratch'))
    const queue = new FrameQueue(scratch, 'frames', 10)
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 50; at++) queue.push(at, Buffer.from(`${round}-${at}`))
      assert.equal(readdirSync(scratch.directory).length, 1)
      for (let at = 0; at < 50; at++) assert.equal(shiftText(queue), `${at}:${round}-${at}`)
      assert.deepEqual(readdirSync(scratch.directory), [])
    }
    scratch.close()
  })

  it('keeps the order of any pushes and shifts', () => {
    const seed = newSeed()
    const random = new SeededRandom(seed)
    const scratch = new MemoryScratch()
    const queue = new FrameQueue(scratch, 'frames', 500)
    const model: string[] = []
    let frames = 0
    for (let step = 0; step < 50_000; step++) {
      const fills = Math.floor(step / 6_000) % 2 === 0
      if (random.int(10) < (fills ? 7 : 3)) {
        const text = `${frames++}${'x'.repeat(random.int(40))}`
        queue.push(frames % 7, Buffer.from(text))
        model.push(`${frames % 7}:${text}`)
      } else if (model.length > 0) {
        assert.equal(shiftText(queue), model.shift(), `seed ${seed}, step ${step}`)
      }
      assert.equal(queue.isEmpty, model.length === 0)
      if (queue.isEmpty) assert.equal(scratch.lengthBytes, 0)
    }
    assert.ok(queue.spilledBytes > 0, `seed ${seed}`)
  })
})
