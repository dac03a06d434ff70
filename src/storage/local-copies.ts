/**
 * Copies of blobs on the local disk, so that what a worker has written or restored is not fetched
 * again from far away. A copy counts when its checksums are beside it, and each range is verified
 * when it is read; one that is damaged, incomplete or gone is as if it had never been. Nothing that
 * goes wrong here fails anything: the storage has it all.
 */
import type { BlobStore, BlobWriter } from './blob-store.ts'
import {
  areSound,
  type CopySums,
  decodeSums,
  encodeSums,
  Summing,
  wholeChunks,
} from './copy-sums.ts'

const SUMS = '.sums'

export interface LocalCopiesOptions {
  /** On the local disk. */
  readonly disk: BlobStore
  /** Of the names there; ends with `/`. */
  readonly prefix: string
  /** More than this is not kept. */
  readonly bytesMax: number
  /**
   * Throws unless `path` on the disk is what `name` should be: what was read wrongly from afar must
   * not become a copy whose checksums are right.
   */
  verify?(name: string, path: string): Promise<void>
  /** False where `verify` cannot tell: such a blob is not fetched. All can be told if left out. */
  knows?(name: string): boolean
  /** A copy was damaged, or could not be written: for the log. */
  onProblem(event: 'local-copy-damaged' | 'local-copy-failed', error: unknown): void
}

interface Copy {
  readonly lengthBytes: number
  /** Absent until it is needed. */
  sums: CopySums | undefined
}

export class LocalCopies {
  readonly #options: LocalCopiesOptions
  readonly #copies = new Map<string, Copy>()
  /** Being written. */
  readonly #coming = new Set<string>()
  #bytes = 0
  /** One warning is enough for a disk that is full. */
  #hasFailed = false

  constructor(options: LocalCopiesOptions) {
    this.#options = options
  }

  /** Takes on what an earlier worker left, as far as it is wanted, and deletes the rest. */
  async open(wanted: ReadonlySet<string>): Promise<void> {
    const { disk, prefix } = this.#options
    const found = await disk.list(prefix).catch((error: unknown) => this.#failed(error))
    const sizes = new Map(found?.map(({ name, lengthBytes }) => [name, lengthBytes]))
    for (const [path, lengthBytes] of sizes) {
      const isSums = path.endsWith(SUMS)
      const name = path.slice(prefix.length, isSums ? -SUMS.length : undefined)
      const isComplete = sizes.has(`${prefix}${name}`) && sizes.has(`${prefix}${name}${SUMS}`)
      if (!isComplete || !wanted.has(name)) await this.#delete(path)
      else if (!isSums) this.#add(name, { lengthBytes, sums: undefined })
    }
  }

  /** Whether there is a copy of the blob, or soon will be. */
  has(name: string): boolean {
    return this.#copies.has(name) || this.#coming.has(name)
  }

  /** Whether one that is read from afar is to be fetched. Those that come need not be. */
  lacks(name: string): boolean {
    return !this.has(name) && this.#options.knows?.(name) !== false
  }

  /** The range, if there is a sound copy of the blob; the range is within the blob. */
  async read(
    name: string,
    offsetBytes: number,
    lengthBytes: number | undefined,
  ): Promise<Uint8Array | undefined> {
    const copy = this.#copies.get(name)
    if (copy === undefined) return undefined
    const end = lengthBytes === undefined ? copy.lengthBytes : offsetBytes + lengthBytes
    if (offsetBytes > end || end > copy.lengthBytes) return undefined // the storage says why
    try {
      copy.sums ??= await this.#sumsOf(name, copy)
      const range = wholeChunks(copy.sums, offsetBytes, end)
      const path = this.#path(name)
      const bytes = await this.#options.disk.read(path, range.start, range.end - range.start)
      if (!areSound(copy.sums, range.start, bytes)) throw damaged(path)
      return bytes.subarray(offsetBytes - range.start, end - range.start)
    } catch (error) {
      this.#options.onProblem('local-copy-damaged', error)
      await this.forget(name)
      return undefined
    }
  }

  /**
   * Begins a copy of what is being written, or of `lengthBytes` that are there and will be fetched;
   * undefined if there is no room.
   */
  async begin(name: string, lengthBytes?: number): Promise<CopyWriter | undefined> {
    if (this.#bytes + (lengthBytes ?? 0) > this.#options.bytesMax) return undefined
    this.#coming.add(name)
    try {
      // Of an earlier life, perhaps: a name means one content only as long as somebody knows it.
      await this.forget(name)
      const writer = await this.#options.disk.create(this.#path(name))
      return new CopyWriter(writer, {
        fits: (bytes) => this.#bytes + bytes <= this.#options.bytesMax,
        finish: (sums) => this.#finish(name, sums, lengthBytes !== undefined),
        ended: (error) => {
          this.#coming.delete(name)
          if (error !== undefined) this.#failed(error)
        },
      })
    } catch (error) {
      this.#coming.delete(name)
      return this.#failed(error)
    }
  }

  /** Deletes the copy, if there is one. */
  async forget(name: string): Promise<void> {
    const copy = this.#copies.get(name)
    if (copy !== undefined) this.#bytes -= copy.lengthBytes
    this.#copies.delete(name)
    // In this order, so that no sums are ever beside a copy that they are not of.
    await this.#delete(`${this.#path(name)}${SUMS}`)
    await this.#delete(this.#path(name))
  }

  /** Deletes all copies but these. */
  async retain(wanted: ReadonlySet<string>): Promise<void> {
    // As of now: copies that come while these go are of a newer checkpoint.
    const stale = [...this.#copies.keys()].filter((name) => !wanted.has(name))
    for (const name of stale) await this.forget(name)
  }

  async close(): Promise<void> {
    await this.#options.disk.close()
  }

  async #sumsOf(name: string, { lengthBytes }: Copy): Promise<CopySums> {
    const path = `${this.#path(name)}${SUMS}`
    const sums = decodeSums(await this.#options.disk.read(path))
    if (sums === undefined || sums.lengthBytes !== lengthBytes) throw damaged(path)
    return sums
  }

  async #finish(name: string, sums: CopySums, isFetched: boolean): Promise<void> {
    const path = this.#path(name)
    try {
      if (isFetched) await this.#options.verify?.(name, path)
    } catch (error) {
      await this.#delete(path)
      throw error
    }
    await this.#options.disk.putIfAbsent(`${path}${SUMS}`, encodeSums(sums))
    this.#add(name, { lengthBytes: sums.lengthBytes, sums })
    this.#hasFailed = false
  }

  #add(name: string, copy: Copy): void {
    this.#copies.set(name, copy)
    this.#bytes += copy.lengthBytes
  }

  async #delete(path: string): Promise<void> {
    await this.#options.disk.delete(path).catch((error: unknown) => this.#failed(error))
  }

  #path(name: string): string {
    return `${this.#options.prefix}${name}`
  }

  #failed(error: unknown): undefined {
    if (!this.#hasFailed) this.#options.onProblem('local-copy-failed', error)
    this.#hasFailed = true
  }
}

interface CopyPlace {
  fits(bytes: number): boolean
  finish(sums: CopySums): Promise<void>
  ended(error: unknown): void
}

/** One copy being written. None of its calls throws; what fails ends the copy. */
export class CopyWriter {
  readonly #summing = new Summing()
  readonly #place: CopyPlace
  #writer: BlobWriter | undefined

  constructor(writer: BlobWriter, place: CopyPlace) {
    this.#writer = writer
    this.#place = place
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#summing.add(chunk)
    if (!this.#place.fits(this.#summing.lengthBytes)) return this.drop()
    await this.#try(async (writer) => writer.write(chunk))
  }

  async finish(): Promise<void> {
    await this.#try(async (writer) => {
      await writer.close()
      await this.#place.finish(this.#summing.sums)
    })
    this.#end(undefined)
  }

  async drop(): Promise<void> {
    const writer = this.#writer
    this.#end(undefined)
    await writer?.abort()
  }

  async #try(action: (writer: BlobWriter) => Promise<void>): Promise<void> {
    const writer = this.#writer
    if (writer === undefined) return
    try {
      await action(writer)
    } catch (error) {
      this.#end(error)
      await writer.abort()
    }
  }

  #end(error: unknown): void {
    if (this.#writer === undefined) return
    this.#writer = undefined
    this.#place.ended(error)
  }
}

function damaged(path: string): Error {
  return new Error(`${path}: not the bytes that were copied; the storage is read instead`)
}
