// Runs whose blocks are sealed elsewhere: they are the same as others, byte for byte.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Entry } from '../../../src/state/backend.ts'
import { RunWriter, type RunWriterOptions } from '../../../src/state/runs/run-writer.ts'
import type { BlockSealer, SealBatch, Sealed } from '../../../src/state/runs/sealer.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { liveValue, METADATA, rowKey } from './entries.ts'

/** More rows than one filter holds. */
const ROWS = 40_000

function* rows(count: number): Generator<Entry> {
  for (let index = 0; index < count; index++) {
    yield { key: rowKey(3, index), value: liveValue(`value ${index * 7_919}`) }
  }
}

/** Answers the newest question first, when nobody else has anything to do. */
class LateSealer implements BlockSealer {
  readonly fromBytes: number
  readonly batchBytes: number
  readonly spare: SealBatch[] = []
  readonly #asked: (() => void)[] = []
  outstandingMax = 0
  batches = 0

  constructor(fromBytes: number, batchBytes: number) {
    this.fromBytes = fromBytes
    this.batchBytes = batchBytes
  }

  async seal(...[batch, options]: Parameters<BlockSealer['seal']>): Promise<readonly Sealed[]> {
    this.batches++
    await new Promise<void>((resolve) => {
      this.#asked.push(resolve)
      this.outstandingMax = Math.max(this.outstandingMax, this.#asked.length)
      setImmediate(() => this.#asked.pop()?.())
    })
    return batch.seal(options)
  }
}

async function written(count: number, options: RunWriterOptions) {
  const store = new MemoryBlobStore()
  const writer = await RunWriter.create(store, 'run', METADATA, options)
  for (const entry of rows(count)) {
    writer.add(entry)
    const pause = writer.flushIfFull()
    if (pause !== undefined) await pause
  }
  const reference = await writer.close()
  return { reference, bytes: Buffer.from(await store.read('run')) }
}

describe('a run whose blocks are sealed elsewhere', () => {
  for (const compression of ['zstd', 'none'] as const) {
    for (const hashes of [true, false]) {
      it(`is that of others: ${compression}, ${hashes ? 'with' : 'without'} hashes`, async () => {
        for (const count of [1, 300, ROWS]) {
          const options = { compression, hashes, blockBytes: 1_000 }
          const expected = await written(count, options)
          for (const [fromBytes, batchBytes] of [
            [0, 1],
            [5_000, 3_000],
          ] as const) {
            const sealer = new LateSealer(fromBytes, batchBytes)
            const found = await written(count, { ...options, sealer })
            assert.deepEqual(found.reference, expected.reference)
            assert.ok(found.bytes.equals(expected.bytes))
            assert.equal(sealer.batches > 0, fromBytes === 0 || count > 100)
          }
        }
      })
    }
  }

  it('hands over so many blocks at a time that memory is bounded', async () => {
    const sealer = new LateSealer(0, 1)
    await written(ROWS, { blockBytes: 1_000, sealer })
    assert.ok(sealer.outstandingMax > 2 && sealer.outstandingMax <= 17, `${sealer.outstandingMax}`)
  })

  it('is none if sealing fails, and nothing is left of it', async () => {
    const sealer: BlockSealer = {
      fromBytes: 0,
      batchBytes: 1,
      spare: [],
      seal: async () => Promise.reject(new Error('no room')),
    }
    const store = new MemoryBlobStore()
    const writer = await RunWriter.create(store, 'run', METADATA, { sealer })
    for (const entry of rows(10)) writer.add(entry)
    await assert.rejects(writer.close(), /no room/)
    await writer.abort()
    assert.deepEqual(await store.list(''), [])
  })
})
