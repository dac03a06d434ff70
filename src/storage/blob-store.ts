/**
 * The contract of checkpoint storage: named, immutable blobs with a put-if-absent. A blob is seen
 * whole or not at all; when a write has resolved, it survives a crash of the machine. Names are
 * relative, `/`-separated, of `[A-Za-z0-9._-]`; a store never leaves its root.
 */

import type { Signatures } from './signatures.ts'
import type { SubjectKeys } from './subject-keys.ts'

export interface BlobInfo {
  readonly name: string
  readonly lengthBytes: number
}

/** One blob being written: invisible until `close` has resolved. */
export interface BlobWriter {
  /** Appends; the bytes are taken over before the promise resolves. */
  write(chunk: Uint8Array): Promise<void>
  /** Makes the blob durable and visible. Throws `STORAGE_CONFLICT` if the name exists. */
  close(): Promise<void>
  /** Throws the blob away; also after a failed `write` or `close`. Never throws. */
  abort(): Promise<void>
}

/** Reads a range of a blob while the caller waits. */
export type ReadSync = (name: string, offsetBytes: number, lengthBytes: number) => Uint8Array

export interface BlobStore {
  /** The store's root as the user wrote it, without secrets; for messages. */
  readonly location: string
  /**
   * A folder by which another thread of this process can open the same store, with nothing else.
   * Absent where keys, servers or other stores come in.
   */
  readonly plainLocation?: string | undefined
  /** Sent to the server so far, repetitions included; absent where there is none. */
  readonly requests?: number
  /** Id of the key that new blobs are encrypted under; absent where they are not. */
  keyId?(): Promise<string>
  /** Who vouches for manifests here; then each must be signed. Absent: nobody. */
  readonly signatures?: Signatures
  /** True: runs written here hold hashes of their blocks, so that a signature can cover them. */
  readonly hashesBlocks?: boolean
  /** Of those whose state lies here, where each has a key of its own that can be erased. */
  readonly subjects?: SubjectKeys | undefined
  create(name: string): Promise<BlobWriter>
  /**
   * Writes a small blob at once if no blob of that name exists; the one commit point of the
   * protocol. Resolves false, and changes nothing, if there is one. Durable when it resolves true.
   */
  putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean>
  /** The whole blob, or `lengthBytes` from `offsetBytes`. Throws `STORAGE_NOT_FOUND`. */
  read(name: string, offsetBytes?: number, lengthBytes?: number): Promise<Uint8Array>
  /**
   * The same at once, without giving way: for state that a record waits for. Only stores whose
   * answer takes no longer than a local disk have it; from others state is restored in whole.
   */
  readonly readSync?: ReadSync | undefined
  /** Throws `STORAGE_NOT_FOUND`. */
  stat(name: string): Promise<BlobInfo>
  /**
   * Blobs whose name starts with `prefix` (ends with `/` or is empty), ordered by name. It should
   * have what was put and lack what was deleted before it was asked for. One that lags behind for a
   * moment costs tries, and readers are told of what is gone; reads and puts must never lag.
   */
  list(prefix: string): Promise<readonly BlobInfo[]>
  /**
   * Makes a blob of another store one of this store too, without copying its bytes; blobs never
   * change, and each name is deleted by itself. Durable when it resolves true. Resolves false if
   * the stores share nothing: copy then. A blob of that name that is there already stays. Absent
   * where a store cannot.
   */
  linkFrom?(source: BlobStore, name: string, target: string): Promise<boolean>
  /** Deletes; a missing blob is no error. */
  delete(name: string): Promise<void>
  /**
   * Makes durable what others wrote and deleted below `prefix`, as far as it can be seen when it is
   * called: a writer may be dead, or not yet done. Absent where what is seen is durable.
   */
  settle?(prefix: string): Promise<void>
  /**
   * Deletes what dead writers left invisible; gives the number. Only for the owner, before it
   * writes: a writer elsewhere would fail. Absent where a store has no leftovers.
   */
  cleanTemporary?(): Promise<number>
  close(): Promise<void>
}
