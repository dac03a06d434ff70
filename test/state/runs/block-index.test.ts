// What a footer says of its blocks, as a table: it is what was written, and nothing that is not
// there is made up.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  BlockIndex,
  type BlockInfo,
  CODEC_NONE,
  CODEC_ZSTD,
} from '../../../src/state/runs/block-index.ts'
import { compareBytes } from '../../../src/state/runs/entry.ts'
import { readFooter, type RunFooter, writeFooter } from '../../../src/state/runs/run-format.ts'
import { ByteReader, ByteWriter } from '../../../src/util/bytes.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { METADATA } from './entries.ts'

const random = new SeededRandom(11)

/** Lengths of one, two, three and four bytes. */
const LENGTHS = [0, 1, 127, 128, 16_383, 16_384, 200_000, 1 << 21] as const
const lengthBelow = (limit: number): number => {
  const length = LENGTHS[random.int(LENGTHS.length)] ?? 0
  return Math.min(limit, length + random.int(3))
}

function someBlocks(count: number, hasHashes: boolean): BlockInfo[] {
  let offsetBytes = 0
  return Array.from({ length: count }, (): BlockInfo => {
    const rawBytes = 1 + lengthBelow(1 << 20)
    const codec = random.int(2) === 0 ? CODEC_NONE : CODEC_ZSTD
    const storedBytes = codec === CODEC_NONE ? rawBytes : random.int(rawBytes)
    const keyLength = [0, 5, 130, 20_000][random.int(4)] ?? 0
    const info = {
      firstKey: Uint8Array.from({ length: keyLength }, () => random.int(256)),
      offsetBytes,
      storedBytes,
      rawBytes,
      codec,
      entries: lengthBelow(1 << 20),
      keyBytes: lengthBelow(1 << 20),
      checksum: random.uint32(),
    }
    offsetBytes += storedBytes
    if (!hasHashes) return info
    return { ...info, hash: Uint8Array.from({ length: 32 }, () => random.int(256)) }
  })
}

function bytesOf(blocks: readonly BlockInfo[]): Uint8Array {
  const out = new ByteWriter()
  const entries = blocks.reduce((sum, block) => sum + block.entries, 0)
  const rest = { lastKey: new Uint8Array(0), filters: [], rangeTombstones: [] }
  writeFooter(out, { metadata: METADATA, entries, blocks, ...rest })
  return out.copy()
}

/** Behind other bytes, as a footer lies that was read with the end of its file. */
function read(blocks: readonly BlockInfo[]): RunFooter {
  const bytes = Buffer.concat([Buffer.alloc(7, 0xff), bytesOf(blocks)])
  const end = blocks.reduce((sum, block) => sum + block.storedBytes, 0)
  return readFooter(bytes.subarray(7), end)
}

const plain = (info: BlockInfo | undefined) =>
  info && {
    ...info,
    firstKey: Uint8Array.from(info.firstKey),
    ...(info.hash === undefined ? {} : { hash: Uint8Array.from(info.hash) }),
  }

describe('the blocks of a footer', () => {
  for (const hasHashes of [false, true]) {
    it(`are those that were written, ${hasHashes ? 'with' : 'without'} hashes`, () => {
      for (const count of [0, 1, 2, 300]) {
        const written = someBlocks(count, hasHashes)
        const { blocks } = read(written)
        assert.equal(blocks.length, count)
        assert.deepEqual([...blocks].map(plain), written)
        for (let round = 0; round < 50; round++) {
          const at = random.int(count + 2)
          assert.deepEqual(plain(blocks.info(at)), written[at])
          const firstKey = blocks.firstKey(at)
          assert.deepEqual(firstKey && Uint8Array.from(firstKey), written[at]?.firstKey)
        }
        assert.equal(blocks.info(-1), undefined)
        assert.equal(blocks.firstKey(-1), undefined)
      }
    })
  }

  it('compare their first keys as their bytes do', () => {
    const written = someBlocks(60, false)
    const { blocks } = read(written)
    for (const { firstKey } of written) {
      const shorter = firstKey.subarray(0, random.int(firstKey.length + 1))
      for (const key of [firstKey, shorter, Uint8Array.from([...firstKey.subarray(0, 9), 0])]) {
        for (const [at, block] of written.entries()) {
          const expected = Math.sign(compareBytes(block.firstKey, key))
          assert.equal(Math.sign(blocks.compareFirstKey(at, key)), expected)
        }
      }
    }
  })

  it('are damage where bytes lack, wherever they end', () => {
    const written = someBlocks(3, false)
    const bytes = bytesOf(written)
    const end = written.reduce((sum, block) => sum + block.storedBytes, 0)
    assert.equal(readFooter(bytes, end).blocks.length, 3)
    for (let length = 0; length < bytes.length; length += 1 + (length >> 6)) {
      const cut = (): unknown => readFooter(bytes.subarray(0, length), end)
      assert.throws(cut, { code: 'STORAGE_CORRUPT' })
    }
  })

  it('are not taken at their number', () => {
    for (const count of [1, 1e6, Number.MAX_SAFE_INTEGER]) {
      const read = (): unknown => BlockIndex.read(new ByteReader(new Uint8Array(9)), count)
      assert.throws(read, { code: 'STORAGE_CORRUPT', message: /too many blocks/ })
    }
  })
})
