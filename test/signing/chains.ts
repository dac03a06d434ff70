/** Small signed chains with a run in them, for tests of what can be done to them. */
import assert from 'node:assert/strict'
import { appendLink, EMPTY_HEAD, headAt, type ChainEntry } from '../../src/checkpoint/chain.ts'
import { runName } from '../../src/checkpoint/layout.ts'
import { canonicalJson, hashOf } from '../../src/checkpoint/manifest-codec.ts'
import { hmacSigner, LocalSigners } from '../../src/signing/local-signers.ts'
import { SignatureRing } from '../../src/signing/signature-ring.ts'
import { SignedBlobStore } from '../../src/signing/signed-store.ts'
import { RunWriter } from '../../src/state/runs/run-writer.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore, type MemoryBlobs } from '../../src/storage/memory.ts'
import { checkpointBody } from '../checkpoint/links.ts'
import { liveValue, METADATA, rowKey } from '../state/runs/entries.ts'

export const KEY = Buffer.alloc(32, 5)

/** A ring of HMAC keys, the newest first. */
export function ringOf(...ids: readonly string[]): SignatureRing {
  return new SignatureRing(new LocalSigners(ids.map((id) => hmacSigner(id, hmacKey(id)))))
}

const hmacKey = (id: string): Buffer => Buffer.from(hashOf(Buffer.from(id)), 'hex')

export const inner = (blobs: MemoryBlobs): BlobStore => new MemoryBlobStore('memory:', blobs)

export function signedBy(ring: SignatureRing, blobs: MemoryBlobs): BlobStore {
  return new SignedBlobStore(inner(blobs), ring)
}

/** A run of a hundred rows. */
export async function runOf(store: BlobStore, checkpointId: number): Promise<RunReference> {
  const name = runName({ leaderEpoch: 1, checkpointId, vertex: 0, subtaskIndex: 0 })
  const writer = await RunWriter.create(store, name, METADATA, { compression: 'none' })
  for (let row = 0; row < 100; row++) {
    writer.add({ key: rowKey(3, row), value: liveValue(`value ${checkpointId} ${row}`) })
  }
  return await writer.close()
}

/** Links 1 to `checkpoints`, each a checkpoint with a run of its own. */
export async function chainOf(
  store: BlobStore,
  checkpoints: number,
  run: typeof runOf = runOf,
): Promise<readonly ChainEntry[]> {
  const entries: ChainEntry[] = []
  let head = EMPTY_HEAD
  for (let id = 1; id <= checkpoints; id++) {
    const body = checkpointBody(id)
    const [task] = body.tasks
    assert.ok(task !== undefined)
    const tasks = [{ ...task, runs: [await run(store, id)] }]
    const entry = await appendLink(store, head, { ...body, tasks })
    assert.ok(entry !== 'lost')
    entries.push(entry)
    head = headAt(entry)
  }
  return entries
}

/** A manifest with other contents, as somebody would write it who knows the format and no key. */
export function edited(
  manifest: Uint8Array,
  change: (link: Readonly<Record<string, unknown>>) => object,
): Uint8Array {
  const [line = ''] = Buffer.from(manifest).toString('utf8').split('\n')
  // Line 1 is an object as JSON.
  const link = JSON.parse(line) as Readonly<Record<string, unknown>>
  const text = canonicalJson(change(link))
  const trailer = `millrace-manifest 1 sha256:${hashOf(Buffer.from(text))}`
  return Buffer.from(`${text}\n${trailer}\n`)
}

/** Another block of the same length and CRC-32: this pattern is a multiple of its polynomial. */
export function withSameChecksum(bytes: Uint8Array, at: number): Uint8Array {
  const forged = Uint8Array.from(bytes)
  for (const [index, flip] of [0x41, 0x06, 0x71, 0xdb, 0x01].entries()) {
    forged[at + index] = (forged[at + index] ?? 0) ^ flip
  }
  return forged
}
