// Copies of runs: what is read wrongly on the way must not stay wrong for good.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { copyRun, shareRun } from '../../src/checkpoint/copy-run.ts'
import { readChain } from '../../src/checkpoint/chain.ts'
import { runsOf } from '../../src/checkpoint/registry.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { required } from '../../src/util/assert.ts'
import { readBlobs } from '../fixtures/snapshots/version.ts'

/** The first `wrong` reads of a whole file give one other bit. */
class Flipping extends MemoryBlobStore {
  wrong = 0

  override async read(name: string, offset = 0, lengthBytes?: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(await super.read(name, offset, lengthBytes))
    if (this.wrong-- > 0) bytes[bytes.length >>> 1] = (bytes[bytes.length >>> 1] ?? 0) ^ 4
    return bytes
  }
}

async function firstRun(store: MemoryBlobStore) {
  const link = (await readChain(store)).entries.findLast((entry) => entry.link.kind !== 'fence')
  assert.ok(link?.link.kind === 'checkpoint')
  return required(runsOf(link.link)[0], 'a run')
}

for (const bring of [copyRun, shareRun]) {
  test(`${bring.name} copies once more what was read wrongly`, async () => {
    const from = new Flipping('memory:job', readBlobs('v1', 'checkpoints'))
    const to = new MemoryBlobStore('memory:other')
    const original = await firstRun(from)
    const run = { ...original, name: 'runs/9-9-v0-s0.run' }
    from.wrong = 1
    await bring({ from, name: original.name, to, run })
    const [copied, wanted] = [await to.read(run.name), await from.read(original.name)]
    assert.equal(Buffer.compare(copied, wanted), 0)
  })

  test(`${bring.name} leaves no copy of what is damaged`, async () => {
    const from = new Flipping('memory:job', readBlobs('v1', 'checkpoints'))
    const to = new MemoryBlobStore('memory:other')
    const run = await firstRun(from)
    from.wrong = 9
    await assert.rejects(bring({ from, name: run.name, to, run }), { code: 'STORAGE_CORRUPT' })
    assert.deepEqual(await to.list(''), [])
  })
}
