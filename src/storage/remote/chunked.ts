/**
 * What a server of rows must do to hold blobs: small ones within the row that gives them their
 * name, large ones in chunks. Each blob has an id of its own, never used again, so that whoever
 * repeats a decision after an answer was lost sees whether it was made.
 */
import type { BlobInfo } from '../blob-store.ts'

export interface ChunkSizes {
  /** Of each chunk that is written, but the last of a blob. */
  readonly chunkBytes: number
  /** A blob of up to so many bytes is small: it has no chunks. */
  readonly smallBytesMax: number
  /** So many chunks of one blob are on their way at a time. */
  readonly atOnceMax: number
}

/** Of the blob that has a name. */
export interface Head {
  readonly id: string
  readonly lengthBytes: number
  /** Undefined for a small blob. */
  readonly chunkBytes: number | undefined
  /** Of a small blob, if they were asked for. */
  readonly bytes: Uint8Array | undefined
}

export interface ChunkedBlobs {
  readonly location: string
  readonly sizes: ChunkSizes

  /**
   * The blob that has the name. What is being decided at the moment is decided then.
   *
   * @param action what is being done, for errors.
   */
  head(name: string, action: string, hasBytes: boolean): Promise<Head | undefined>

  /** Says that a blob of that id may get the name: by this it is found if its writer dies. */
  begin(name: string, id: string, hasChunks: boolean): Promise<void>
  putChunk(name: string, id: string, part: number, bytes: Uint8Array): Promise<void>
  chunk(name: string, id: string, part: number): Promise<Uint8Array | undefined>

  /**
   * Gives the name to the blob if no other has it. If it is refused, nothing is left of a small
   * one.
   *
   * @param bytes of a small blob.
   * @returns false if another one has it.
   * @throws `STORAGE_NOT_FOUND` if what was written was cleaned away.
   */
  publish(
    name: string,
    id: string,
    lengthBytes: number,
    bytes: Uint8Array | undefined,
  ): Promise<boolean>

  /** Throws away what its writer has begun, also if it has got its name after all. */
  takeBack(name: string, id: string, hasChunks: boolean): Promise<void>

  /** Takes the name from the blob that has it, and its bytes away. */
  remove(name: string): Promise<void>

  /** Ordered by name. */
  list(prefix: string): Promise<readonly BlobInfo[]>

  /**
   * Ends what dead writers began.
   *
   * @param living ids of writers that are not dead.
   * @returns the number of blobs that were thrown away.
   */
  clean(living: ReadonlySet<string>): Promise<number>

  /** Ends the connection. */
  close(): Promise<void>
}
