// Snapshots written by each format version open for ever: restored at any parallelism, on each
// backend, as a job's own checkpoints and as a savepoint, and read without the job.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readChain } from '../../src/checkpoint/chain.ts'
import { runsOf } from '../../src/checkpoint/registry.ts'
import { RunReader } from '../../src/state/runs/run-reader.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import {
  type Expected,
  folderOf,
  readAll,
  readBlobs,
  readPacked,
  type SnapshotVersion,
} from '../fixtures/snapshots/version.ts'

const names = readdirSync(folderOf('.')).filter((name) => /^v\d+$/.test(name))
assert.ok(names.includes('v1'))

for (const name of names) {
  describe(`snapshots of format version ${name}`, () => {
    const expected = readPacked(name, 'expected') as Expected // by the script beside them
    const load = async () => {
      const history = (await import(join(folderOf(name), 'history.ts'))) as {
        version: SnapshotVersion
      }
      const job = (await import(join(folderOf(name), 'job.ts'))) as {
        shown: (value: unknown) => string
      }
      return { ...history, ...job }
    }

    for (const from of ['savepoint', 'checkpoints'] as const) {
      for (const backend of ['hashmap', 'rocksdb'] as const) {
        for (const parallelism of [1, 2, 3]) {
          it(`${from}: restored on ${backend} at parallelism ${parallelism}`, async () => {
            const { version } = await load()
            const blobs = readBlobs(name, from)
            await using harness = await version.restored(from, blobs, { backend, parallelism })
            assert.deepEqual(await version.told(harness), expected.told)
          })
        }
      }

      it(`${from}: read without the job`, async () => {
        const { shown } = await load()
        assert.deepEqual(await readAll(readBlobs(name, from), shown), expected.read)
      })

      it(`${from}: every byte verifies`, async () => {
        const store = new MemoryBlobStore('memory:golden', readBlobs(name, from))
        const { entries, damage } = await readChain(store)
        assert.deepEqual(damage, [])
        for (const { link } of entries) {
          const runs = link.kind === 'checkpoint' ? runsOf(link) : []
          for (const run of runs) await (await RunReader.open(store, run)).verify()
        }
      })
    }
  })
}
