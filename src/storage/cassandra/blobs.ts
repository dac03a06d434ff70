/** What is decided about blobs in tables of Cassandra: which one has a name now. */
import { MillraceError } from '../../errors.ts'
import type { BlobInfo } from '../blob-store.ts'
import type { ChunkedBlobs, ChunkSizes, Head } from '../remote/chunked.ts'
import { eachOf } from '../remote/each.ts'
import type { Row } from './driver.ts'
import type { CassandraRequests, Said } from './requests.ts'
import { AFTER_SLASH, CHUNKS_PER_BUCKET, shardOf } from './tables.ts'

const AT_ONCE = 16

/** Who reads must have the chunks of who has written. */
export const CHUNK_SIZES: ChunkSizes = {
  chunkBytes: 256 * 1024,
  smallBytesMax: 64 * 1024,
  atOnceMax: AT_ONCE,
}

/** A name in a folder, and a blob that may have it. */
interface Listed {
  readonly name: string
  readonly id: string
  /** Known if it is certain that the blob had the name. */
  readonly lengthBytes: number | undefined
}

export class CassandraBlobs implements ChunkedBlobs {
  readonly location: string
  readonly sizes: ChunkSizes
  readonly #requests: CassandraRequests
  readonly #folder: string

  constructor(requests: CassandraRequests, sizes: ChunkSizes) {
    this.location = requests.place.location
    this.#requests = requests
    this.sizes = sizes
    this.#folder = requests.place.folder
  }

  async head(name: string, action: string): Promise<Head | undefined> {
    const said: Said = ['head', this.#folder, name]
    const rows = await this.#requests.read({ action, name, said: [said], agreement: 'serial' })
    const current = rows.find((row) => row['current'] !== null && row['current'] === row['id'])
    if (current === undefined) return undefined
    const { id, length, bytes } = current
    const whole = { id: String(id), lengthBytes: Number(length) }
    return bytes instanceof Uint8Array
      ? { ...whole, chunkBytes: undefined, bytes }
      : { ...whole, chunkBytes: this.sizes.chunkBytes, bytes: undefined }
  }

  async begin(name: string, id: string, hasChunks: boolean): Promise<void> {
    await this.#write('begin to write', name, ['intend', ...this.#listing(name), id])
    if (hasChunks) await this.#write('begin to write', name, ['begin', this.#folder, name, id])
  }

  putChunk(name: string, id: string, part: number, bytes: Uint8Array): Promise<void> {
    const bucket = Math.floor(part / CHUNKS_PER_BUCKET)
    const said: Said = ['putChunk', this.#folder, name, id, bucket, part, bytes]
    return this.#requests.write({ action: 'write', name, said: [said], sentBytes: bytes.length })
  }

  async chunk(name: string, id: string, part: number): Promise<Uint8Array | undefined> {
    const bucket = Math.floor(part / CHUNKS_PER_BUCKET)
    const said: Said = ['chunk', this.#folder, name, id, bucket, part]
    const [row] = await this.#requests.read({ action: 'read', name, said: [said] })
    return row?.['bytes'] instanceof Uint8Array ? row['bytes'] : undefined
  }

  async publish(
    name: string,
    id: string,
    lengthBytes: number,
    bytes: Uint8Array | undefined,
  ): Promise<boolean> {
    const whole = [this.#folder, name, id]
    const fill: Said =
      bytes === undefined
        ? ['fillBegun', BigInt(lengthBytes), ...whole]
        : ['fill', BigInt(lengthBytes), bytes, ...whole]
    const refusal = await this.#requests.decide({
      action: 'publish',
      name,
      said: [['take', id, this.#folder, name], fill],
      sentBytes: bytes?.length ?? 0,
    })
    const holder = refusal === undefined ? id : refusal['current']
    if (typeof holder !== 'string') {
      const message = `${this.location}: ${name} was cleaned away unfinished`
      throw new MillraceError('STORAGE_NOT_FOUND', message, { details: { file: name } })
    }
    if (holder === id) await this.#confirm(name, id, lengthBytes)
    else if (bytes !== undefined) await this.#forget('publish', name, id)
    return holder === id
  }

  async takeBack(name: string, id: string): Promise<void> {
    if (!(await this.#discard(name, id))) await this.remove(name, id)
  }

  /** Takes the name from the blob that has it, or only from that of this id. */
  async remove(name: string, onlyId?: string): Promise<void> {
    const head = await this.head(name, 'delete')
    if (onlyId !== undefined && head?.id !== onlyId) return
    // From here on lists look it up; also what is left of a delete that was cut off.
    await this.#write('delete', name, ['doubt', ...this.#listing(name)])
    if (head === undefined) return
    const { id, lengthBytes, bytes } = head
    await this.#requests.decide({
      action: 'delete',
      name,
      said: [
        ['leave', this.#folder, name, id],
        ['drop', this.#folder, name, id],
      ],
    })
    await this.#dropChunks(name, id, bytes === undefined ? lengthBytes : 0)
    await this.#forget('delete', name, id)
  }

  async list(prefix: string): Promise<readonly BlobInfo[]> {
    const blobs: BlobInfo[] = []
    const doubtful: string[] = []
    for (const [name, listed] of await this.#listed(prefix)) {
      const lengthBytes = listed.find((blob) => blob.lengthBytes !== undefined)?.lengthBytes
      if (lengthBytes === undefined) doubtful.push(name)
      else blobs.push({ name, lengthBytes })
    }
    await eachOf(doubtful, AT_ONCE, async (name) => {
      const head = await this.head(name, 'list')
      if (head !== undefined) blobs.push({ name, lengthBytes: head.lengthBytes })
    })
    return blobs.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async clean(living: ReadonlySet<string>): Promise<number> {
    let cleaned = 0
    await eachOf(await this.#unfinished(living), AT_ONCE, async ({ name, id }) => {
      if (await this.#discard(name, id)) cleaned++
    })
    return cleaned
  }

  close(): Promise<void> {
    return this.#requests.close()
  }

  /**
   * Cleans away a blob that has not got its name, so that it never will.
   *
   * @returns false if it has got it meanwhile.
   */
  async #discard(name: string, id: string): Promise<boolean> {
    const said: Said = ['dropBegun', this.#folder, name, id, id]
    await this.#requests.decide({ action: 'clean up', name, said: [said] })
    const head = await this.head(name, 'clean up')
    if (head?.id === id) {
      await this.#confirm(name, id, head.lengthBytes)
      return false
    }
    await this.#dropChunks(name, id)
    await this.#forget('clean up', name, id)
    return true
  }

  /** Blobs that may never have got their names, except those with these ids. */
  async #unfinished(living: ReadonlySet<string>): Promise<readonly Listed[]> {
    const listed = [...(await this.#listed('')).values()].flat()
    const confirmed = new Set(
      listed.filter((blob) => blob.lengthBytes !== undefined).map(({ id }) => id),
    )
    return listed.filter(({ id }) => !confirmed.has(id) && !living.has(id))
  }

  async #listed(prefix: string): Promise<ReadonlyMap<string, readonly Listed[]>> {
    const below: Said =
      prefix === ''
        ? ['names', this.#folder]
        : ['namesBelow', this.#folder, prefix, `${prefix.slice(0, -1)}${AFTER_SLASH}`]
    const rows = await this.#requests.read({ action: 'list', name: prefix, said: [below] })
    return Map.groupBy(rows.map(listedOf), ({ name }) => name)
  }

  #confirm(name: string, id: string, lengthBytes: number): Promise<void> {
    const said: Said = ['confirm', ...this.#listing(name), id, BigInt(lengthBytes)]
    return this.#write('publish', name, said)
  }

  #forget(action: string, name: string, id: string): Promise<void> {
    return this.#write(action, name, ['forget', ...this.#listing(name), id])
  }

  /** Where the name is listed. */
  #listing(name: string): readonly [folder: string, shard: number, name: string] {
    return [this.#folder, shardOf(name), name]
  }

  /** Of so many bytes, or as many chunks as there are. */
  async #dropChunks(name: string, id: string, lengthBytes?: number): Promise<void> {
    const bucketBytes = this.sizes.chunkBytes * CHUNKS_PER_BUCKET
    for (let bucket = 0; ; bucket++) {
      const ofBucket = [this.#folder, name, id, bucket]
      if (lengthBytes !== undefined && bucket * bucketBytes >= lengthBytes) return
      if (lengthBytes === undefined) {
        const said: Said = ['anyChunk', ...ofBucket]
        const found = await this.#requests.read({ action: 'clean up', name, said: [said] })
        if (found.length === 0) return
      }
      await this.#write('delete', name, ['dropChunks', ...ofBucket])
    }
  }

  #write(action: string, name: string, said: Said): Promise<void> {
    return this.#requests.write({ action, name, said: [said] })
  }
}

function listedOf({ name, id, length }: Row): Listed {
  const lengthBytes = typeof length === 'bigint' ? Number(length) : undefined
  return { name: String(name), id: String(id), lengthBytes }
}
