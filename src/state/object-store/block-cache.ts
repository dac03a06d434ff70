/**
 * Sealed blocks on the local disk, so that what is read again costs no request. Files that are
 * appended to; when there is no room the oldest goes as a whole, and with it all that was not asked
 * for lately. What it gives may be wrong, for disks are: who reads looks at the seal. A disk that
 * fails is no failure, but a cache that is empty.
 */
import type { Scratch, ScratchFile } from '../../storage/scratch.ts'

const FILES = 8

interface CacheFile {
  readonly file: ScratchFile
  /** Written later than those with lower numbers. */
  readonly number: number
  readonly ids: number[]
}

interface Place {
  readonly of: CacheFile
  readonly offsetBytes: number
  readonly lengthBytes: number
}

export class BlockCache {
  readonly #scratch: Scratch
  readonly #fileBytesMax: number
  readonly #places = new Map<number, Place>()
  /** Oldest first. */
  readonly #files: CacheFile[] = []
  #number = 0

  constructor(scratch: Scratch, bytesMax: number) {
    this.#scratch = scratch
    this.#fileBytesMax = Math.floor(bytesMax / FILES)
  }

  get bytesMax(): number {
    return this.#fileBytesMax * FILES
  }

  get(id: number): Uint8Array | undefined {
    const place = this.#places.get(id)
    if (place === undefined) return undefined
    try {
      const bytes = place.of.file.read(place.offsetBytes, place.lengthBytes)
      // What is asked for does not go with the files that are next to go.
      const isOld = this.#number - place.of.number >= FILES / 2
      if (isOld && this.#files.length === FILES) this.put(id, bytes)
      return bytes
    } catch {
      this.#places.delete(id)
      return undefined
    }
  }

  put(id: number, bytes: Uint8Array): void {
    if (bytes.length > this.#fileBytesMax) return
    try {
      const of = this.#fileFor(bytes.length)
      const offsetBytes = of.file.lengthBytes
      of.file.append(bytes)
      of.ids.push(id)
      this.#places.set(id, { of, offsetBytes, lengthBytes: bytes.length })
    } catch {
      // Perhaps the disk is full, and of that the cache has the most to give.
      this.#dropOldest()
    }
  }

  forget(id: number): void {
    this.#places.delete(id)
  }

  #fileFor(bytes: number): CacheFile {
    const last = this.#files.at(-1)
    if (last !== undefined && last.file.lengthBytes + bytes <= this.#fileBytesMax) return last
    while (this.#files.length >= FILES) this.#dropOldest()
    const number = ++this.#number
    const made = { file: this.#scratch.create(`blocks-${number}`), number, ids: [] }
    this.#files.push(made)
    return made
  }

  #dropOldest(): void {
    const oldest = this.#files.shift()
    for (const id of oldest?.ids ?? []) {
      if (this.#places.get(id)?.of === oldest) this.#places.delete(id)
    }
    try {
      oldest?.file.delete()
    } catch {
      // It goes with its folder.
    }
  }
}
