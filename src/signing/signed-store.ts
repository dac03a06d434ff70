/**
 * A store that says what is to be signed: manifests that are read from it must be, manifests that
 * are put into it are, and runs that are written to it hold what a signature needs to cover them.
 * It changes no byte itself.
 */
import type { BlobInfo, BlobStore, BlobWriter, ReadSync } from '../storage/blob-store.ts'
import type { Signatures } from '../storage/signatures.ts'
import type { SubjectKeys } from '../storage/subject-keys.ts'

export class SignedBlobStore implements BlobStore {
  readonly location: string
  readonly hashesBlocks = true
  readonly signatures?: Signatures
  readonly readSync: ReadSync | undefined
  readonly keyId?: () => Promise<string>
  readonly inner: BlobStore

  /**
   * Closes `inner` when it is closed.
   *
   * @param signatures absent for workers, which write runs and no manifests
   */
  constructor(inner: BlobStore, signatures?: Signatures) {
    this.location = inner.location
    this.inner = inner
    this.readSync = inner.readSync?.bind(inner)
    if (signatures !== undefined) this.signatures = signatures
    if (inner.keyId !== undefined) this.keyId = inner.keyId.bind(inner)
  }

  get subjects(): SubjectKeys | undefined {
    return this.inner.subjects
  }

  create(name: string): Promise<BlobWriter> {
    return this.inner.create(name)
  }

  putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.inner.putIfAbsent(name, bytes)
  }

  read(name: string, offsetBytes?: number, lengthBytes?: number): Promise<Uint8Array> {
    return this.inner.read(name, offsetBytes, lengthBytes)
  }

  stat(name: string): Promise<BlobInfo> {
    return this.inner.stat(name)
  }

  list(prefix: string): Promise<readonly BlobInfo[]> {
    return this.inner.list(prefix)
  }

  async linkFrom(source: BlobStore, name: string, target: string): Promise<boolean> {
    const from = source instanceof SignedBlobStore ? source.inner : source
    return (await this.inner.linkFrom?.(from, name, target)) ?? false
  }

  delete(name: string): Promise<void> {
    return this.inner.delete(name)
  }

  async settle(prefix: string): Promise<void> {
    await this.inner.settle?.(prefix)
  }

  async cleanTemporary(): Promise<number> {
    return (await this.inner.cleanTemporary?.()) ?? 0
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}
