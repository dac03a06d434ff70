// The ring between two workers: frames of every size in order over the wrap, exact room, counters
// that wrap around, and a million frames between two real threads.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { createRing, RingReader, RingWriter } from '../../../src/runtime/exchange/ring.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { newSeed } from '../doubles.ts'

const CAPACITY_BYTES = 4096
const HEADER_BYTES = 64

class CountingBell {
  rung = 0
  ring(): void {
    this.rung++
  }
}

function ringAt(bytesSoFar: number) {
  const memory = createRing(CAPACITY_BYTES)
  new Int32Array(memory, 0, 2).fill(bytesSoFar | 0)
  const toReader = new CountingBell()
  const toWriter = new CountingBell()
  const writer = new RingWriter(memory, toReader)
  const reader = new RingReader(memory, toWriter)
  return { memory, writer, reader, toReader, toWriter }
}

const frameOf = (lengthBytes: number, first: number): Uint8Array =>
  Uint8Array.from({ length: lengthBytes }, (_, at) => (first + at) & 0xff)

const padded = (lengthBytes: number): number => (8 + lengthBytes + 7) & ~7

describe('a ring', () => {
  it('refuses a capacity that is no power of two or too small', () => {
    for (const bytes of [0, 2048, 4097, 6000])
      assert.throws(() => createRing(bytes), /ring capacity/)
    assert.equal(createRing(8192).byteLength, 8192 + HEADER_BYTES)
  })

  it('gives back frames of every length and type, one by one, at every offset', () => {
    const { writer, reader } = ringAt(0)
    for (let length = 0; length <= writer.frameBytesMax; length++) {
      const payload = frameOf(length, length)
      assert.equal(writer.offer(length % 5, payload, length), true, `length ${length}`)
      assert.equal(reader.poll(), true)
      assert.equal(reader.frameType, length % 5)
      assert.deepEqual(new Uint8Array(reader.payload), payload)
      reader.release()
      assert.equal(reader.poll(), false)
    }
  })

  it('takes only the beginning of a longer buffer', () => {
    const { writer, reader } = ringAt(0)
    assert.equal(writer.offer(1, frameOf(100, 0), 3), true)
    assert.equal(reader.poll(), true)
    assert.deepEqual([...reader.payload], [0, 1, 2])
  })

  it('refuses a frame above its bound', () => {
    const { writer } = ringAt(0)
    const over = writer.frameBytesMax + 1
    assert.throws(() => writer.offer(1, new Uint8Array(over), over), /a frame of/)
  })

  it('is filled to the last byte, then refuses and changes nothing until there is room', () => {
    const { memory, writer, reader } = ringAt(0)
    for (let at = 0; at < 4; at++) {
      assert.equal(writer.offer(at, frameOf(1016, at), 1016), true)
    }
    const before = new Uint8Array(memory.slice(0))
    assert.equal(writer.offer(9, new Uint8Array(0), 0), false)
    assert.deepEqual(new Uint8Array(memory), before)
    assert.equal(reader.poll(), true)
    assert.equal(writer.offer(9, new Uint8Array(0), 0), false, 'a frame being read holds its room')
    reader.release()
    assert.equal(writer.offer(9, frameOf(1016, 9), 1016), true)
    for (const type of [1, 2, 3, 9]) {
      assert.equal(reader.poll(), true)
      assert.equal(reader.frameType, type)
      reader.release()
    }
    assert.equal(reader.poll(), false)
  })

  it('skips the end of the ring when a frame does not fit there, and counts it as used', () => {
    const { writer, reader } = ringAt(0)
    for (let at = 0; at < 4; at++) assert.equal(writer.offer(at, frameOf(900, at), 900), true)
    // 4096 - 4 * 912 = 448 bytes are left, none of them at the start.
    assert.equal(writer.offer(4, frameOf(900, 4), 900), false)
    assert.equal(reader.poll(), true)
    reader.release()
    assert.equal(writer.offer(4, frameOf(900, 4), 900), true)
    assert.equal(writer.offer(5, new Uint8Array(0), 0), false)
    for (const type of [1, 2, 3, 4]) {
      assert.equal(reader.poll(), true)
      assert.equal(reader.frameType, type)
      assert.deepEqual(new Uint8Array(reader.payload), frameOf(900, type))
      reader.release()
    }
    assert.equal(writer.offer(5, new Uint8Array(0), 0), true)
    assert.equal(reader.poll(), true)
    assert.equal(reader.frameType, 5)
  })

  it('rings the reader for each frame and the writer for each release', () => {
    const { writer, reader, toReader, toWriter } = ringAt(0)
    writer.offer(1, frameOf(10, 0), 10)
    writer.offer(1, frameOf(10, 0), 10)
    assert.deepEqual([toReader.rung, toWriter.rung], [2, 0])
    reader.poll()
    reader.release()
    assert.deepEqual([toReader.rung, toWriter.rung], [2, 1])
  })

  it('asserts that frames are released once, and before the next is polled', () => {
    const { writer, reader } = ringAt(0)
    writer.offer(1, frameOf(10, 0), 10)
    writer.offer(1, frameOf(10, 0), 10)
    assert.throws(() => reader.release(), /no frame/)
    reader.poll()
    assert.throws(() => reader.poll(), /not released/)
    reader.release()
    assert.throws(() => reader.release(), /no frame/)
  })

  it('lets a writer and a reader join where others stopped', () => {
    const { memory, writer, reader } = ringAt(0)
    for (let at = 0; at < 3; at++) writer.offer(at, frameOf(50, at), 50)
    reader.poll()
    reader.release()
    const bell = new CountingBell()
    const nextWriter = new RingWriter(memory, bell)
    const nextReader = new RingReader(memory, bell)
    assert.equal(nextWriter.offer(3, frameOf(50, 3), 50), true)
    for (const type of [1, 2, 3]) {
      assert.equal(nextReader.poll(), true)
      assert.equal(nextReader.frameType, type)
      nextReader.release()
    }
    assert.equal(nextReader.poll(), false)
  })

  // 2^31 - 8 KiB and 2^32 - 8 KiB: the counters overflow, and become 0, in the middle of the test.
  for (const start of [0, 2 ** 31 - 8192, 2 ** 32 - 8192]) {
    it(`holds what a queue holds, for random offers and polls from counter ${start}`, () => {
      const seed = newSeed()
      const random = new SeededRandom(seed)
      const { writer, reader } = ringAt(start)
      const model: { type: number; bytes: Uint8Array; roomBytes: number }[] = []
      let writtenBytes = start
      let usedBytes = 0
      let frames = 0
      for (let step = 0; step < 20_000; step++) {
        const where = `seed ${seed}, step ${step}`
        if (random.int(100) < 50 + 40 * Math.sign(Math.sin(step / 500))) {
          const length = random.int(random.int(2) === 0 ? 40 : writer.frameBytesMax + 1)
          const tailBytes = CAPACITY_BYTES - (writtenBytes % CAPACITY_BYTES)
          const roomBytes = padded(length) + (tailBytes < padded(length) ? tailBytes : 0)
          const fits = usedBytes + roomBytes <= CAPACITY_BYTES
          const bytes = frameOf(length, frames++)
          assert.equal(writer.offer(length % 6, bytes, length), fits, where)
          if (!fits) continue
          model.push({ type: length % 6, bytes, roomBytes })
          usedBytes += roomBytes
          writtenBytes += roomBytes
          continue
        }
        const expected = model.shift()
        assert.equal(reader.poll(), expected !== undefined, where)
        if (expected === undefined) continue
        assert.equal(reader.frameType, expected.type, where)
        assert.deepEqual(new Uint8Array(reader.payload), expected.bytes, where)
        reader.release()
        usedBytes -= expected.roomBytes
      }
      assert.ok(frames > 1000)
    })
  }

  it('carries a million frames between two threads, none torn, lost, doubled or late', async () => {
    const FRAMES = 1_000_000
    const memory = createRing(1 << 16)
    const bells = { toReader: new SharedArrayBuffer(4), toWriter: new SharedArrayBuffer(4) }
    const run = (role: string) =>
      new Worker(new URL('./ring-peer.ts', import.meta.url), {
        workerData: { role, memory, ...bells, frames: FRAMES },
      })
    const [consumer, producer] = [run('consumer'), run('producer')]
    const answers = await Promise.all([once(consumer, 'message'), once(producer, 'message')])
    const [received, sent] = answers.map(([answer]) => answer)
    assert.deepEqual(received, sent)
    assert.equal(sent.frames, FRAMES)
    await Promise.all([consumer.terminate(), producer.terminate()])
  })
})
