/** A sorted scratch file of entries: written once, read from the start, deleted. */
import {
  appendPiece,
  readPiece,
  type ScratchFile,
  type ScratchPiece,
} from '../../storage/scratch.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { type EntryBatch, EntryBatches } from '../runs/stream.ts'

const WRITE_BYTES = 256 << 10
const BATCH_ENTRIES_MAX = 512

export class SegmentWriter {
  readonly #file: ScratchFile
  readonly #number: number
  readonly #out = new ByteWriter(WRITE_BYTES)
  readonly #pieces: ScratchPiece[] = []

  constructor(file: ScratchFile, number: number) {
    this.#file = file
    this.#number = number
  }

  add({ key, value }: Entry): void {
    this.#out.uint32LE(key.length)
    this.#out.uint32LE(value.length)
    this.#out.raw(key)
    this.#out.raw(value)
    if (this.#out.length >= WRITE_BYTES) this.#flush()
  }

  finish(): Segment {
    this.#flush()
    return new Segment(this.#file, this.#pieces, this.#number)
  }

  abandon(): void {
    this.#file.delete()
  }

  #flush(): void {
    if (this.#out.length > 0) this.#pieces.push(appendPiece(this.#file, this.#out.view()))
    this.#out.reset()
  }
}

export class Segment {
  /** A higher number is newer. */
  readonly number: number
  isDeleted = false
  readonly #file: ScratchFile
  /** Each holds whole entries. */
  readonly #pieces: readonly ScratchPiece[]

  constructor(file: ScratchFile, pieces: readonly ScratchPiece[], number: number) {
    this.#file = file
    this.#pieces = pieces
    this.number = number
  }

  get lengthBytes(): number {
    return this.#file.lengthBytes
  }

  delete(): void {
    this.isDeleted = true
    this.#file.delete()
  }

  /** Every entry, in order; their bytes stay as they are. */
  *entries(): Generator<Entry> {
    for (const batch of this.#batches()) yield* batch
  }

  stream(): EntryBatches {
    const batches = (): Iterable<EntryBatch> => this.#batches()
    return new EntryBatches(async function* () {
      yield* batches()
    })
  }

  *#batches(): Generator<EntryBatch> {
    for (const piece of this.#pieces) {
      const input = new ByteReader(readPiece(this.#file, piece))
      let batch: Entry[] = []
      while (input.remaining > 0) {
        const [keyBytes, valueBytes] = [input.uint32LE(), input.uint32LE()]
        batch.push({ key: input.raw(keyBytes), value: input.raw(valueBytes) })
        if (batch.length < BATCH_ENTRIES_MAX) continue
        yield batch
        batch = []
      }
      if (batch.length > 0) yield batch
    }
  }
}
