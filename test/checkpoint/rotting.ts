// The files whose bytes are changed: chains of checkpoints and savepoints with every kind of entry,
// as they are written, encrypted, signed, both, and sealed by subject. Each is read as a job and
// the tools read it.
import { generateKeyPairSync } from 'node:crypto'
import { hasEncryptedChain } from '../../src/checkpoint/encrypted-chain.ts'
import { runName } from '../../src/checkpoint/layout.ts'
import { EncryptedBlobStore } from '../../src/encryption/encrypted-store.ts'
import { KeyRing } from '../../src/encryption/key-ring.ts'
import { LocalKeys } from '../../src/encryption/local-keys.ts'
import { convertSavepoint } from '../../src/savepoint/convert.ts'
import { Snapshot } from '../../src/savepoint/snapshot.ts'
import { LocalSigners, parseSigners } from '../../src/signing/local-signers.ts'
import { SignatureRing } from '../../src/signing/signature-ring.ts'
import { SignedBlobStore } from '../../src/signing/signed-store.ts'
import { RunWriter } from '../../src/state/runs/run-writer.ts'
import { EntrySeal } from '../../src/state/sealed/entry-seal.ts'
import { Sealing } from '../../src/state/sealed/sealing.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore, type MemoryBlobs } from '../../src/storage/memory.ts'
import { type Blobs, readBlobs } from '../fixtures/snapshots/version.ts'
import { chainOf } from '../signing/chains.ts'
import { liveValue, METADATA, rowKey } from '../state/runs/entries.ts'
import { ListedSubjects, OPERATOR, subjectOf } from '../state/sealed/subjects.ts'

/** Files, and how they are read. */
export interface Rotting {
  /** Such as `signed savepoint`. */
  readonly name: string
  /** As they lie on the disk. */
  readonly blobs: Blobs
  open(blobs: Blobs): Promise<BlobStore>
}

const keys = new KeyRing(new LocalKeys(new Map([['key', new Uint8Array(32).fill(7)]])))
const { privateKey } = generateKeyPairSync('ed25519')
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
const signatures = new SignatureRing(new LocalSigners(parseSigners(String(pem), 'a test')))

/** Of one of them all is erased. */
const subjects = new ListedSubjects()
subjects.erase(subjectOf(1))

interface Treatment {
  /** Under the keys of subjects. */
  readonly isSealed?: boolean
  readonly isEncrypted?: boolean
  readonly isSigned?: boolean
}

/** To be written to. */
function treated(blobs: MemoryBlobs, { isEncrypted, isSigned, isSealed }: Treatment): BlobStore {
  const plain = new MemoryBlobStore('memory:rotting', blobs)
  if (isSealed === true) Object.assign(plain, { subjects })
  const sealed = isEncrypted === true ? new EncryptedBlobStore(plain, keys) : plain
  return isSigned === true ? new SignedBlobStore(sealed, signatures) : sealed
}

/** Whether it is encrypted is told by its bytes, as for everybody who opens a snapshot. */
async function opened(blobs: Blobs, treatment: Treatment): Promise<BlobStore> {
  const files = new Map(blobs)
  const isPlain = (await hasEncryptedChain(new MemoryBlobStore('memory:rotting', files))) === false
  return treated(files, isPlain ? { ...treatment, isEncrypted: false } : treatment)
}

async function rotting(
  name: string,
  treatment: Treatment,
  write: (store: BlobStore) => Promise<unknown>,
): Promise<Rotting> {
  const blobs: MemoryBlobs = new Map()
  await write(treated(blobs, treatment))
  return { name, blobs, open: (changed) => opened(changed, treatment) }
}

/** File by file, which is what encryption makes of a chain as it is written. */
async function copied(store: BlobStore, from: Blobs): Promise<void> {
  for (const [name, bytes] of from) await store.putIfAbsent(name, bytes)
}

/** The rows of `runOf`, as they lie in a run when each belongs to one of a few subjects. */
async function sealedRunOf(store: BlobStore, checkpointId: number): Promise<RunReference> {
  const name = runName({ leaderEpoch: 1, checkpointId, vertex: 0, subtaskIndex: 0 })
  const writer = await RunWriter.create(store, name, METADATA, { compression: 'none' })
  const sealing = new Sealing(new EntrySeal(new ListedSubjects()), new Map([[1, OPERATOR]]))
  for (let row = 0; row < 100; row++) {
    const entry = { key: rowKey(3, row), value: liveValue(`value ${checkpointId} ${row}`) }
    for (const sealed of sealing.take(entry)) writer.add(sealed)
  }
  for (const sealed of sealing.rest()) writer.add(sealed)
  return await writer.close()
}

const CHECKPOINTS = 4

/** All of them, a plain chain of checkpoints first. */
export async function allRotting(): Promise<readonly [Rotting, ...Rotting[]]> {
  const checkpoints = readBlobs('v1', 'checkpoints')
  const savepoint = readBlobs('v1', 'savepoint')
  await using from = await Snapshot.open(new MemoryBlobStore('memory:golden', savepoint))
  const { maxParallelism } = from
  const anew = (store: BlobStore) => convertSavepoint(store, { from, maxParallelism })
  const [isEncrypted, isSigned, isSealed] = [true, true, true]
  return [
    await rotting('checkpoints', {}, (store) => copied(store, checkpoints)),
    await rotting('savepoint', {}, (store) => copied(store, savepoint)),
    await rotting('encrypted checkpoints', { isEncrypted }, (store) => copied(store, checkpoints)),
    await rotting('encrypted savepoint', { isEncrypted }, anew),
    await rotting('signed checkpoints', { isSigned }, (store) => chainOf(store, CHECKPOINTS)),
    await rotting('signed savepoint', { isSigned }, anew),
    await rotting('encrypted and signed savepoint', { isEncrypted, isSigned }, anew),
    await rotting('sealed checkpoints', { isSealed }, (store) => {
      return chainOf(store, CHECKPOINTS, sealedRunOf)
    }),
  ]
}
