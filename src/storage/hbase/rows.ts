/**
 * The rows that blobs are kept in, all in the family `b` of one table.
 *
 *     n!<folder>!<name>             the blob that has the name: `id`, `length`, and `bytes` of a
 *                                   small one or `chunk`, the size of its chunks
 *     p!<folder>!!<id>              a blob in chunks on its way: `state`, `name`, `length`
 *     c!<folder>!!<id>!<bucket>     chunks, each in a column, so many in a row; written once
 *
 * Versions of cells are no times. In HBase a deletion hides what is put later under the same or an
 * older version, for as long as nobody compacts; with times that is a put of the same millisecond,
 * or after a clock went back. Here each blob has a version of its own that is never used again, and
 * a name is taken from it by the deletion of just this version. All of them are far in the future,
 * so that a table whose cells live for a limited time loses none.
 */

/** Comes next to `!` in the order of rows. */
const AFTER_SEPARATOR = '"'
const CHUNKS_PER_ROW = 32
const VERSION_MIN = 2 ** 52

/** Of rows that one blob only has, which are put once and then dropped. */
export const PUT_VERSION = VERSION_MIN
/** Is not hidden when what has `PUT_VERSION` is dropped. */
export const GOING_VERSION = VERSION_MIN + 1

export const FAMILY = 'b'

/** Rows from the first on and before the second. */
export type Range = readonly [string, string]

/** The version of the cells that give a name to the blob with that id (16 hexadecimal digits). */
export function versionOf(id: string): number {
  return VERSION_MIN + Number.parseInt(id.slice(0, 13), 16)
}

export class Rows {
  readonly #below: string

  constructor(folder: string) {
    this.#below = folder === '' ? '' : `${folder.replaceAll('/', '!')}!`
  }

  ofName(name: string): string {
    return `n!${this.#below}${name.replaceAll('/', '!')}`
  }

  nameOf(row: string): string {
    return row.slice(`n!${this.#below}`.length).replaceAll('!', '/')
  }

  /** @param prefix empty or with a slash at its end. */
  namesBelow(prefix: string): Range {
    return below(this.ofName(prefix))
  }

  ofPending(id: string): string {
    return `p!${this.#below}!${id}`
  }

  idOf(row: string): string {
    return row.slice(this.ofPending('').length)
  }

  allPending(): Range {
    return below(this.ofPending(''))
  }

  /** The row and the column of a chunk. */
  ofChunk(id: string, part: number): readonly [string, string] {
    return [this.#ofChunks(id, Math.floor(part / CHUNKS_PER_ROW)), String(part)]
  }

  /** The rows of so many chunks. */
  chunksOf(id: string, parts: number): readonly string[] {
    const count = Math.ceil(parts / CHUNKS_PER_ROW)
    return Array.from({ length: count }, (_, bucket) => this.#ofChunks(id, bucket))
  }

  allChunks(id: string): Range {
    return below(`c!${this.#below}!${id}!`)
  }

  #ofChunks(id: string, bucket: number): string {
    return `c!${this.#below}!${id}!${String(bucket).padStart(6, '0')}`
  }
}

/** Just this row. */
export function only(row: string): Range {
  return [row, `${row}!`]
}

function below(prefix: string): Range {
  return [prefix, `${prefix.slice(0, -1)}${AFTER_SEPARATOR}`]
}
