// The thread that seals blocks: it gives what is given without it, and may end.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { ThreadSealer } from '../../src/runtime/host-sealer.ts'
import { seal, SealBatch } from '../../src/state/runs/sealer.ts'

const blocks = [
  Buffer.alloc(32 * 1024, 'the same again and again '),
  randomBytes(32 * 1024),
  Buffer.alloc(1),
].map((bytes) => Uint8Array.from(bytes))

describe('a thread that seals', () => {
  for (const compresses of [true, false]) {
    for (const hashes of [true, false]) {
      it(`gives what is given here: compresses ${compresses}, hashes ${hashes}`, async () => {
        const sealer = new ThreadSealer()
        const options = { compresses, hashes }
        const [first, second] = await Promise.all([
          sealer.seal(batchOf(blocks), options),
          sealer.seal(batchOf(blocks.slice(1)), options),
        ])
        const expected = blocks.map((block) => plain(seal(block, options)))
        assert.deepEqual(first.map(plain), expected)
        assert.deepEqual(second.map(plain), expected.slice(1))
      })
    }
  }

  it('that is ended with its worker has its blocks sealed here', async () => {
    const sealer = new ThreadSealer()
    const options = { compresses: true, hashes: false }
    const sealed = sealer.seal(batchOf(blocks), options)
    sealer.end()
    const expected = blocks.map((block) => plain(seal(block, options)))
    assert.deepEqual((await sealed).map(plain), expected)
  })

  it('that ends leaves its blocks, and all later ones, to be sealed here', async () => {
    const sealer = new ThreadSealer(new URL('data:text/javascript,process.exit(1)'))
    const options = { compresses: true, hashes: false }
    const expected = blocks.map((block) => plain(seal(block, options)))
    for (let time = 0; time < 2; time++) {
      const sealed = await Promise.all([
        sealer.seal(batchOf(blocks), options),
        sealer.seal(batchOf(blocks), options),
      ])
      assert.deepEqual(
        sealed.map((each) => each.map(plain)),
        [expected, expected],
      )
    }
  })
})

function batchOf(all: readonly Uint8Array[]): SealBatch {
  const batch = new SealBatch(128 * 1024)
  for (const block of all) assert.ok(batch.add(block))
  return batch
}

/** Buffers and arrays of equal bytes are equal. */
function plain({ stored, hash, ...rest }: ReturnType<typeof seal>) {
  return { ...rest, stored: [...stored], hash: hash === undefined ? undefined : [...hash] }
}
