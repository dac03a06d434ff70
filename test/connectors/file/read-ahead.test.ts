// Bytes read ahead are those that reading gives, also where what follows is not what was expected.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ByteSource } from '../../../src/connectors/file/bytes.ts'
import { ReadAhead } from '../../../src/connectors/file/read-ahead.ts'
import { SeededRandom } from '../../../src/util/random.ts'

const PIECE = 1 << 16
const BYTES = Buffer.from(Uint32Array.from({ length: 1 << 18 }, (_, index) => index).buffer)

interface Asked {
  readonly position: number
  readonly lengthBytes: number
}

/** A file of `BYTES`, which says what it was asked. */
class Told implements ByteSource {
  readonly asked: Asked[] = []
  /** From here on reading fails. */
  failsFrom = Infinity
  length = BYTES.length

  async read(
    target: Buffer,
    targetStart: number,
    lengthBytes: number,
    position: number,
  ): Promise<number> {
    this.asked.push({ position, lengthBytes })
    await Promise.resolve()
    if (position >= this.failsFrom) throw new Error(`nothing can be read at ${position}`)
    const end = Math.min(position + lengthBytes, this.length)
    return position >= end ? 0 : BYTES.copy(target, targetStart, position, end)
  }

  async close(): Promise<void> {}
}

async function piece(of: ByteSource, position: number, lengthBytes: number): Promise<Buffer> {
  const target = Buffer.alloc(lengthBytes + 3)
  return target.subarray(3, 3 + (await of.read(target, 3, lengthBytes, position)))
}

/** Not `deepEqual`: of so many bytes it would show each that differs. */
function assertBytes(got: Buffer, from: number, length: number): void {
  assert.ok(got.equals(BYTES.subarray(from, from + length)), `${length} bytes from ${from} on`)
}

describe('a file that is read ahead', () => {
  it('has the next piece asked for before it is wanted, and no byte twice', async () => {
    const told = new Told()
    const ahead = new ReadAhead(told, BYTES.length)
    for (let at = 0; at < BYTES.length; at += PIECE) {
      assertBytes(await piece(ahead, at, PIECE), at, PIECE)
      const next = at + PIECE
      const expected = next < BYTES.length ? next : at
      assert.equal(told.asked.at(-1)?.position, expected)
    }
    assert.equal(told.asked.length, BYTES.length / PIECE)
    assert.equal((await piece(ahead, BYTES.length, PIECE)).length, 0)
  })

  it('is not read ahead beyond the end that it was told, nor in small pieces', async () => {
    const told = new Told()
    const ahead = new ReadAhead(told, 2 * PIECE + 5)
    await piece(ahead, 0, PIECE)
    await piece(ahead, PIECE, PIECE)
    assertBytes(await piece(ahead, 2 * PIECE, 7), 2 * PIECE, 7)
    const positions = told.asked.map(({ position }) => position)
    assert.deepEqual(positions, [0, PIECE, 2 * PIECE])
    await piece(ahead, 0, PIECE - 1)
    assert.equal(told.asked.length, 4)
  })

  it('gives what is asked for wherever and however long that is', async () => {
    const random = new SeededRandom(7)
    const ahead = new ReadAhead(new Told(), BYTES.length)
    let at = 0
    for (let turn = 0; turn < 300; turn++) {
      const length = PIECE / 2 + random.int(2 * PIECE)
      const got = await piece(ahead, at, length)
      assert.ok(got.length > 0 && got.length <= length)
      assertBytes(got, at, got.length)
      at = random.int(4) === 0 ? random.int(BYTES.length) : at + got.length
      if (at >= BYTES.length) at = 0
    }
  })

  it('that cannot be read ahead fails when that is asked for', async () => {
    const told = new Told()
    told.failsFrom = PIECE
    const ahead = new ReadAhead(told, BYTES.length)
    assert.equal((await piece(ahead, 0, PIECE)).length, PIECE)
    await assert.rejects(piece(ahead, PIECE, PIECE), { message: `nothing can be read at ${PIECE}` })
    await ahead.close()
  })

  it('that has become shorter ends where it ends now', async () => {
    const told = new Told()
    told.length = PIECE + 10
    const ahead = new ReadAhead(told, BYTES.length)
    await piece(ahead, 0, PIECE)
    assert.equal((await piece(ahead, PIECE, PIECE)).length, 10)
    assert.equal((await piece(ahead, PIECE + 10, PIECE)).length, 0)
  })
})
