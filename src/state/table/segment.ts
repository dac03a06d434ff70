/** A sorted scratch file of entries: written once, read from the start, deleted. */
import type { ScratchFile } from '../../storage/scratch.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { type EntryBatch, EntryBatches } from '../runs/stream.ts'

const WRITE_BYTES = 256 << 10
const READ_BYTES = 256 << 10
const BATCH_ENTRIES_MAX = 512

export class SegmentWriter {
  readonly #file: ScratchFile
  readonly #number: number
  readonly #out = new ByteWriter(WRITE_BYTES)

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
    return new Segment(this.#file, this.#number)
  }

  abandon(): void {
    this.#file.delete()
  }

  #flush(): void {
    if (this.#out.length > 0) this.#file.append(this.#out.view())
    this.#out.reset()
  }
}

export class Segment {
  /** A higher number is newer. */
  readonly number: number
  readonly #file: ScratchFile

  constructor(file: ScratchFile, number: number) {
    this.#file = file
    this.number = number
  }

  get lengthBytes(): number {
    return this.#file.lengthBytes
  }

  delete(): void {
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
    const file = this.#file
    let wanted = READ_BYTES
    for (let offset = 0; offset < file.lengthBytes;) {
      const bytes = file.read(offset, Math.min(wanted, file.lengthBytes - offset))
      const input = new ByteReader(bytes)
      let batch: Entry[] = []
      let end = 0
      let needed = HEAD_BYTES
      while (input.remaining >= HEAD_BYTES) {
        const [keyBytes, valueBytes] = [input.uint32LE(), input.uint32LE()]
        needed = HEAD_BYTES + keyBytes + valueBytes
        if (input.remaining < keyBytes + valueBytes) break
        batch.push({ key: input.raw(keyBytes), value: input.raw(valueBytes) })
        end = input.position
        if (batch.length < BATCH_ENTRIES_MAX) continue
        yield batch
        batch = []
      }
      if (batch.length > 0) yield batch
      offset += end
      // An entry that is longer than what was read is read whole the next time.
      wanted = Math.max(READ_BYTES, end === 0 ? needed : 0)
    }
  }
}

const HEAD_BYTES = 8
