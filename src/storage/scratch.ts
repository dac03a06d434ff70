/**
 * The seam for local, throw-away files of one attempt: spilled deltas, overflowing outboxes, the
 * local database. Synchronous, never durable, discarded after a crash. The embedded host gives a
 * real folder, the simulator one in memory.
 */

export interface ScratchFile {
  readonly lengthBytes: number
  /** Appends at the end; the bytes are taken over before it returns. */
  append(bytes: Uint8Array): void
  /** Exactly `lengthBytes` from `offsetBytes`. */
  read(offsetBytes: number, lengthBytes: number): Uint8Array
  /** Closes and deletes. */
  delete(): void
}

export interface Scratch {
  /** A real folder for native stores, created and empty; the simulator's is only a name. */
  readonly directory: string
  /** A new empty file; names are used once. */
  create(name: string): ScratchFile
  /** Deletes everything. */
  close(): void
}
