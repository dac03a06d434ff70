// Snapshots whose manifest says something else than the job that they are of.
import assert from 'node:assert/strict'
import { Snapshot } from 'millrace/savepoint'
import { appendLink, readChain } from '../../src/checkpoint/chain.ts'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'

/** The same files under a manifest in which some fields are others. */
export async function withLink(
  blobs: ReadonlyMap<string, Uint8Array>,
  change: (link: CheckpointLink) => Partial<CheckpointLink>,
): Promise<Snapshot> {
  const store = new MemoryBlobStore('memory:changed', new Map(blobs))
  const { head, entries } = await readChain(store)
  const link = entries.at(-1)?.link
  assert.ok(link?.kind === 'checkpoint')
  const { sequence: _sequence, previousHash: _hash, formatVersion: _version, ...body } = link
  const next = { ...body, checkpointId: body.checkpointId + 1, ...change(link) }
  assert.notEqual(await appendLink(store, head, next), 'lost')
  return await Snapshot.open(store)
}
