/**
 * What is decided about blobs: which one has a name now. A row changes only while a cell of it is
 * what is expected (`checkAndPut`), and each blob has an id that is never used again, so that
 * whoever repeats a decision after an answer was lost sees whether it was made.
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
import { eachOf } from '../remote/each.ts'
import type { Cells, Row } from './cells.ts'
import type { Asked, HBaseRequests } from './requests.ts'
import { GOING_VERSION, only, PUT_VERSION, Rows, versionOf } from './rows.ts'

const CHUNK_BYTES_DEFAULT = 512 * 1024
const AT_ONCE = 8
const TAKES_MAX = 5
const KEYS_ONLY = { filter: 'KeyOnlyFilter()' }

export interface Head {
  readonly id: string
  readonly lengthBytes: number
  /** Undefined for a blob without chunks. */
  readonly chunkBytes: number | undefined
  /** Of a blob without chunks, if they were asked for. */
  readonly bytes: Uint8Array | undefined
}

export class HBaseBlobs {
  readonly requests: HBaseRequests
  readonly chunkBytes = CHUNK_BYTES_DEFAULT
  readonly #rows: Rows

  constructor(requests: HBaseRequests) {
    this.requests = requests
    this.#rows = new Rows(requests.place.folder)
  }

  /** The blob that has the name. */
  async head(asked: Asked, hasBytes = false): Promise<Head | undefined> {
    const columns = ['id', 'length', 'chunk', ...(hasBytes ? ['bytes'] : [])]
    const range = only(this.#rows.ofName(asked.name))
    const [row] = await this.requests.scan(asked, range, columns)
    return row === undefined ? undefined : headOf(row)
  }

  /** Says that a blob in chunks is written: by this it is found if its writer dies. */
  async begin(name: string, id: string): Promise<void> {
    await this.#checkState(name, id, '', { state: 'begun', name }, PUT_VERSION)
  }

  putChunk(name: string, id: string, part: number, bytes: Uint8Array): Promise<void> {
    const [row, column] = this.#rows.ofChunk(id, part)
    return this.requests.putCell({ action: 'write', name }, row, column, bytes)
  }

  chunk(name: string, id: string, part: number): Promise<Uint8Array | undefined> {
    return this.requests.cell({ action: 'read', name }, ...this.#rows.ofChunk(id, part))
  }

  /**
   * Says that all chunks are written.
   *
   * @throws `STORAGE_NOT_FOUND` if they were cleaned away.
   */
  async seal(name: string, id: string, lengthBytes: number): Promise<void> {
    const cells = { state: 'sealed', length: String(lengthBytes), chunk: String(this.chunkBytes) }
    if (await this.#checkState(name, id, 'begun', cells, PUT_VERSION)) return
    const asked = { action: 'publish', name }
    const [row] = await this.requests.scan(asked, only(this.#rows.ofPending(id)), ['state'])
    if (row?.cells.get('state')?.toString() === 'sealed') return
    const message = `${this.requests.place.location}: ${name} was cleaned away unfinished`
    throw new MillraceError('STORAGE_NOT_FOUND', message, { details: { file: name } })
  }

  /**
   * Gives the name to the blob if no other has it.
   *
   * @param bytes of a blob without chunks.
   * @returns false if another one has it.
   */
  take(name: string, id: string, lengthBytes: number, bytes?: Uint8Array): Promise<boolean> {
    const content = bytes === undefined ? { chunk: String(this.chunkBytes) } : { bytes }
    return this.#take(name, id, { length: String(lengthBytes), ...content })
  }

  /** After a blob in chunks has got its name. */
  settle(name: string, id: string): Promise<void> {
    const asked = { action: 'publish', name }
    return this.requests.drop(asked, this.#rows.ofPending(id), PUT_VERSION)
  }

  /** Takes the name from the blob that has it, or only from that of this id. */
  async remove(name: string, onlyId?: string): Promise<void> {
    const asked = { action: 'delete', name }
    const head = await this.head(asked)
    if (head === undefined || (onlyId ?? head.id) !== head.id) return
    const { id, lengthBytes, chunkBytes } = head
    if (chunkBytes !== undefined) await this.#putGoing(name, id)
    const row = this.#rows.ofName(name)
    const change = { ...asked, row, version: versionOf(id), expected: ['id', id] } as const
    await this.requests.checkAndDelete(change, ['id', 'length', 'chunk', 'bytes'])
    if (chunkBytes === undefined) return
    const rows = this.#rows.chunksOf(id, Math.ceil(lengthBytes / chunkBytes))
    await this.#dropAll(asked, id, rows)
  }

  /**
   * Throws away what there is of a blob in chunks.
   *
   * @param mayStay whether it stays if it has its name.
   * @returns false if it stays.
   */
  async discard(name: string, id: string, mayStay: boolean): Promise<boolean> {
    const asked = { action: 'clean up', name }
    if ((await this.head(asked))?.id === id) {
      if (mayStay) await this.requests.drop(asked, this.#rows.ofPending(id), GOING_VERSION)
      else await this.remove(name, id)
      return !mayStay
    }
    await this.#putGoing(name, id)
    const found = await this.requests.scan(asked, this.#rows.allChunks(id), [], KEYS_ONLY)
    const rows = found.map(({ key }) => key)
    await this.#dropAll(asked, id, rows)
    return true
  }

  /** Ordered by name. */
  async list(prefix: string): Promise<readonly BlobInfo[]> {
    const range = this.#rows.namesBelow(prefix)
    const rows = await this.requests.scan({ action: 'list', name: prefix }, range, ['length'])
    const blobs = rows.map(({ key, cells }) => {
      return { name: this.#rows.nameOf(key), lengthBytes: Number(cells.get('length')) }
    })
    return blobs.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Ends what dead writers began; gives the number of blobs that were thrown away. */
  async clean(living: ReadonlySet<string>): Promise<number> {
    const asked = { action: 'clean up', name: '' }
    const pending = await this.requests.scan(asked, this.#rows.allPending(), [])
    let cleaned = 0
    await eachOf(pending, AT_ONCE, async ({ key, cells }) => {
      const id = this.#rows.idOf(key)
      const name = cells.get('name')?.toString() ?? ''
      if (living.has(id)) return
      if (!(await this.#mayGo(name, id, cells))) return this.settle(name, id)
      if (await this.discard(name, id, true)) cleaned++
    })
    return cleaned
  }

  /** False if the blob has got its name. */
  async #mayGo(name: string, id: string, cells: Row['cells']): Promise<boolean> {
    let state = cells.get('state')?.toString()
    let sealed = cells
    if (state === 'begun') {
      if (await this.#checkState(name, id, 'begun', { state: 'going' }, PUT_VERSION)) return true
      const asked = { action: 'clean up', name }
      const [now] = await this.requests.scan(asked, only(this.#rows.ofPending(id)), [])
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
      if (await this.requests.checkAndPut(change, { id, ...cells })) return true
      const head = await this.head(asked)
      if (head !== undefined) return head.id === id
    }
    const message = `${this.requests.place.location}: ${name} comes and goes`
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
    return this.requests.checkAndPut(change, cells)
  }

  #putGoing(name: string, id: string): Promise<void> {
    const cells = { state: 'going', name }
    const asked = { action: 'delete', name }
    return this.requests.put(asked, this.#rows.ofPending(id), GOING_VERSION, cells)
  }

  async #dropAll(asked: Asked, id: string, rows: readonly string[]): Promise<void> {
    await eachOf(rows, AT_ONCE, (row) => this.requests.drop(asked, row, PUT_VERSION))
    await this.requests.drop(asked, this.#rows.ofPending(id), GOING_VERSION)
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
