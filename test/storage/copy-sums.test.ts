// Checksums of the chunks of a copy.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  areSound,
  CHUNK_BYTES,
  decodeSums,
  encodeSums,
  Summing,
} from '../../src/storage/copy-sums.ts'
import { SeededRandom } from '../../src/util/random.ts'

const random = new SeededRandom(11)
const bytes = Uint8Array.from({ length: CHUNK_BYTES * 3 }, () => random.int(256))

describe('sums of a copy', () => {
  it('are the same however it is written, and tell any change', () => {
    const sums = [1, 1000, CHUNK_BYTES, bytes.length].map((step) => {
      const summing = new Summing()
      for (let from = 0; from < bytes.length; from += step) {
        summing.add(bytes.subarray(from, from + step))
      }
      return summing.sums
    })
    const [first = assert.fail()] = sums
    for (const each of sums) assert.deepEqual(each, first)
    assert.equal(first.chunks.length, 3)
    assert.deepEqual(decodeSums(encodeSums(first)), first)
    assert.equal(areSound(first, CHUNK_BYTES, bytes.subarray(CHUNK_BYTES)), true)
    assert.equal(areSound(first, 0, bytes.subarray(CHUNK_BYTES)), false)
    const encoded = encodeSums(first)
    for (let at = 0; at < encoded.length; at++) {
      const changed = Uint8Array.from(encoded)
      changed[at] = (changed[at] ?? 0) ^ 4
      assert.equal(decodeSums(changed), undefined)
      assert.equal(decodeSums(encoded.subarray(0, at)), undefined)
    }
  })
})
