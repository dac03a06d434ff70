// Numbers as bytes are the same however many bytes lie around them, and wherever these begin.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'

const NUMBERS = [0, -0, 1.5, -1e300, 2 ** -1074, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]

/** As the platform writes it. */
function bytesOf(number: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(number)
  return bytes
}

it('numbers are written as the platform writes them, while the buffer grows', () => {
  const out = new ByteWriter(1)
  const expected: Buffer[] = []
  for (let round = 0; round < 200; round++) {
    const number = NUMBERS[round % NUMBERS.length] ?? 0
    out.uint8(round)
    out.float64LE(number)
    expected.push(Buffer.of(round), bytesOf(number))
  }
  assert.deepEqual(out.view(), Buffer.concat(expected))
  out.reset()
  out.float64LE(7)
  assert.deepEqual(out.view(), bytesOf(7), 'again in the buffer that is there')
})

it('integers of 32 bits are written and read as the platform does, in any place', () => {
  const integers = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]
  for (const length of [1, 2000]) {
    const out = new ByteWriter(1)
    for (let at = 0; at < length; at++) out.uint8(at)
    for (const integer of integers) out.int32LE(integer)
    const input = new ByteReader(out.copy(), length)
    const whole = new ByteReader(out.copy())
    whole.raw(length)
    for (const [at, integer] of integers.entries()) {
      assert.equal(out.bytes.readInt32LE(length + 4 * at), integer)
      assert.deepEqual([input.int32LE(), whole.int32LE()], [integer, integer])
    }
    assert.throws(() => input.int32LE(), /wanted 4 more bytes/)
    assert.throws(() => whole.int32LE(), /wanted 4 more bytes/)
  }
})

it('numbers are read from few bytes and many, from the middle, from shared memory', () => {
  for (const room of [8, 1023, 1024, 5000]) {
    const shared = new Uint8Array(new SharedArrayBuffer(room + 11))
    for (const memory of [new Uint8Array(room + 11), shared]) {
      const bytes = memory.subarray(3, room + 11)
      const reader = new ByteReader(Buffer.alloc(2000))
      for (const number of NUMBERS) {
        bytes.set(bytesOf(number), room - 8)
        assert.equal(reader.reset(bytes, room - 8, room).float64LE(), number, 'of a few')
        assert.equal(reader.reset(bytes, room - 8).float64LE(), number)
        const all = new ByteReader(bytes, 0, room)
        all.raw(room - 8)
        assert.equal(all.float64LE(), number)
        assert.throws(() => all.float64LE(), { code: 'STORAGE_CORRUPT' })
      }
    }
  }
})
