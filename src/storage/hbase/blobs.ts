/**
 * What is decided about blobs in a table of HBase: which one has a name now. A row changes only
 * while a cell of it is what is expected (`checkAndPut`).
 *
 * A blob in chunks has a pending row from before its first chunk until it has its name, and again
 * while it is deleted. It says who may still do what to the chunks:
 *
 *     begun    the writer writes; it becomes sealed or going, whoever comes first
 *     sealed   it is whole and may get its name at any time; who cleans up gives it the name
 *     going    it never gets its name any more; its chunks may be dropped, unless it has it
 */
import { MillraceError } from '../../errors.ts'
import type { BlobInfo } from '../blob-store.ts'
import type { ChunkedBlobs, ChunkSizes, Head } from '../remote/chunked.ts'
import { eachOf } from '../remote/each.ts'
import type { Cells, Row } from './cells.ts'
import type { Asked, HBaseRequests } from './requests.ts'
import { GOING_VERSION, only, PUT_VERSION, Rows, versionOf } from './rows.ts'

const AT_ONCE = 8
export const CHUNK_SIZES: ChunkSizes = {
  chunkBytes: 512 * 1024,
  smallBytesMax: 64 * 1024,
  atOnceMax: AT_ONCE,
}
const TAKES_MAX = 5
const KEYS_ONLY = { filter: 'KeyOnlyFilter()' }

export class HBaseBlobs implements ChunkedBlobs {
  readonly location: string
  readonly sizes: ChunkSizes
  readonly #requests: HBaseRequests
  readonly #rows: Rows

  constructor(requests: HBaseRequests, sizes: ChunkSizes) {
    this.location = requests.place.location
    this.sizes = sizes
    this.#requests = requests
    this.#rows = new Rows(requests.place.folder)
  }

  head(name: string, action: string, hasBytes: boolean): Promise<Head | undefined> {
    return this.#head({ action, name }, hasBytes)
  }

  async begin(name: string, id: string, hasChunks: boolean): Promise<void> {
    if (!hasChunks) return
    await this.#checkState(name, id, '', { state: 'begun', name }, PUT_VERSION)
  }

  putChunk(name: string, id: string, part: number, bytes: Uint8Array): Promise<void> {
    const [row, column] = this.#rows.ofChunk(id, part)
    return this.#requests.putCell({ action: 'write', name }, row, column, bytes)
  }

  chunk(name: string, id: string, part: number): Promise<Uint8Array | undefined> {
    return this.#requests.cell({ action: 'read', name }, ...this.#rows.ofChunk(id, part))
  }

  async publish(
    name: string,
    id: string,
    lengthBytes: number,
    bytes: Uint8Array | undefined,
  ): Promise<boolean> {
    const length = String(lengthBytes)
    if (bytes !== undefined) return this.#take(name, id, { length, bytes })
    await this.#seal(name, id, lengthBytes)
    const chunk = String(this.sizes.chunkBytes)
    const isPublished = await this.#take(name, id, { length, chunk })
    // Only a hint for who cleans up.
    if (isPublished) await this.#settle(name, id).catch(() => undefined)
    return isPublished
  }

  async takeBack(name: string, id: string, hasChunks: boolean): Promise<void> {
    if (hasChunks) await this.#discard(name, id, false)
    else await this.remove(name, id)
  }

  /** Takes the name from the blob that has it, or only from that of this id. */
  async remove(name: string, onlyId?: string): Promise<void> {
    const asked = { action: 'delete', name }
    const head = await this.#head(asked)
    if (head === undefined || (onlyId ?? head.id) !== head.id) return
    const { id, lengthBytes, chunkBytes } = head
    if (chunkBytes !== undefined) await this.#putGoing(name, id)
    const row = this.#rows.ofName(name)
    const change = { ...asked, row, version: versionOf(id), expected: ['id', id] } as const
    await this.#requests.checkAndDelete(change, ['id', 'length', 'chunk', 'bytes'])
    if (chunkBytes === undefined) return
    const rows = this.#rows.chunksOf(id, Math.ceil(lengthBytes / chunkBytes))
    await this.#dropAll(asked, id, rows)
  }

  async list(prefix: string): Promise<readonly BlobInfo[]> {
    const range = this.#rows.namesBelow(prefix)
    const rows = await this.#requests.scan({ action: 'list', name: prefix }, range, ['length'])
    const blobs = rows.map(({ key, cells }) => {
      return { name: this.#rows.nameOf(key), lengthBytes: Number(cells.get('length')) }
    })
    return blobs.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async clean(living: ReadonlySet<string>): Promise<number> {
    const asked = { action: 'clean up', name: '' }
    const pending = await this.#requests.scan(asked, this.#rows.allPending(), [])
    let cleaned = 0
    await eachOf(pending, AT_ONCE, async ({ key, cells }) => {
      const id = this.#rows.idOf(key)
      const name = cells.get('name')?.toString() ?? ''
      if (living.has(id)) return
      if (!(await this.#mayGo(name, id, cells))) return this.#settle(name, id)
      if (await this.#discard(name, id, true)) cleaned++
    })
    return cleaned
  }

  async close(): Promise<void> {
    this.#requests.close()
  }

  async #head(asked: Asked, hasBytes = false): Promise<Head | undefined> {
    const columns = ['id', 'length', 'chunk', ...(hasBytes ? ['bytes'] : [])]
    const range = only(this.#rows.ofName(asked.name))
    const [row] = await this.#requests.scan(asked, range, columns)
    return row === undefined ? undefined : headOf(row)
  }

  /**
   * Says that all chunks are written.
   *
   * @throws `STORAGE_NOT_FOUND` if they were cleaned away.
   */
  async #seal(name: string, id: string, lengthBytes: number): Promise<void> {
    const cells = {
      state: 'sealed',
      length: String(lengthBytes),
      chunk: String(this.sizes.chunkBytes),
    }
    if (await this.#checkState(name, id, 'begun', cells, PUT_VERSION)) return
    const asked = { action: 'publish', name }
    const [row] = await this.#requests.scan(asked, only(this.#rows.ofPending(id)), ['state'])
    if (row?.cells.get('state')?.toString() === 'sealed') return
    const message = `${this.location}: ${name} was cleaned away unfinished`
    throw new MillraceError('STORAGE_NOT_FOUND', message, { details: { file: name } })
  }

  /** After a blob in chunks has got its name. */
  #settle(name: string, id: string): Promise<void> {
    const asked = { action: 'publish', name }
    return this.#requests.drop(asked, this.#rows.ofPending(id), PUT_VERSION)
  }

  /**
   * Throws away what there is of a blob in chunks.
   *
   * @param mayStay whether it stays if it has its name.
   * @returns false if it stays.
   */
  async #discard(name: string, id: string, mayStay: boolean): Promise<boolean> {
    const asked = { action: 'clean up', name }
    if ((await this.#head(asked))?.id === id) {
      if (mayStay) await this.#requests.drop(asked, this.#rows.ofPending(id), GOING_VERSION)
      else await this.remove(name, id)
      return !mayStay
    }
    await this.#putGoing(name, id)
    const found = await this.#requests.scan(asked, this.#rows.allChunks(id), [], KEYS_ONLY)
    const rows = found.map(({ key }) => key)
    await this.#dropAll(asked, id, rows)
    return true
  }

  /** False if the blob has got its name. */
  async #mayGo(name: string, id: string, cells: Row['cells']): Promise<boolean> {
    let state = cells.get('state')?.toString()
    let sealed = cells
    if (state === 'begun') {
      if (await this.#checkState(name, id, 'begun', { state: 'going' }, PUT_VERSION)) return true
      const asked = { action: 'clean up', name }
      const [now] = await this.#requests.scan(asked, only(this.#rows.ofPending(id)), [])
      sealed = now?.cells ?? cells
      state = now?.cells.get('state')?.toString()
    }
    if (state !== 'sealed') return true
    const [length = '', chunk = ''] = [sealed.get('length'), sealed.get('chunk')].map(String)
    return !(await this.#take(name, id, { length, chunk }))
  }

  async #take(name: string, id: string, cells: Cells): Promise<boolean> {
    const asked = { action: 'publish', name }
    const row = this.#rows.ofName(name)
    const change = { ...asked, row, version: versionOf(id), expected: ['id', ''] } as const
    for (let attempt = 1; attempt <= TAKES_MAX; attempt++) {
      if (await this.#requests.checkAndPut(change, { id, ...cells })) return true
      const head = await this.#head(asked)
      if (head !== undefined) return head.id === id
    }
    const message = `${this.location}: ${name} comes and goes`
    throw new MillraceError('STORAGE_FAILED', message, { details: { file: name } })
  }

  #checkState(
    name: string,
    id: string,
    expected: string,
    cells: Cells,
    version: number,
  ): Promise<boolean> {
    const row = this.#rows.ofPending(id)
    const change = { action: 'write', name, row, version, expected: ['state', expected] } as const
    return this.#requests.checkAndPut(change, cells)
  }

  #putGoing(name: string, id: string): Promise<void> {
    const cells = { state: 'going', name }
    const asked = { action: 'delete', name }
    return this.#requests.put(asked, this.#rows.ofPending(id), GOING_VERSION, cells)
  }

  async #dropAll(asked: Asked, id: string, rows: readonly string[]): Promise<void> {
    await eachOf(rows, AT_ONCE, (row) => this.#requests.drop(asked, row, PUT_VERSION))
    await this.#requests.drop(asked, this.#rows.ofPending(id), GOING_VERSION)
  }
}

function headOf({ cells }: Row): Head {
  const chunk = cells.get('chunk')
  return {
    id: String(cells.get('id')),
    lengthBytes: Number(cells.get('length')),
    chunkBytes: chunk === undefined ? undefined : Number(chunk),
    bytes: cells.get('bytes'),
  }
}
