/**
 * Records on their way to a task of the same worker: as they are, for nobody has to read bytes.
 * Whoever has handed a record on changes it no more, as between two operators of a chain. Bytes are
 * made of them only where they are copied for a checkpoint, or wait in a queue.
 */
import type { Type } from '../../types/type.ts'
import { ByteWriter } from '../../util/bytes.ts'
import { writeFramedRecord, writeHashedRecord } from './framed-record.ts'

const RECORDS_MAX = 256

export class RecordBatch {
  readonly values = Array<unknown>(RECORDS_MAX).fill(undefined)
  readonly timestamps = new Float64Array(RECORDS_MAX)
  /** Of their keys, if they have some. */
  readonly hashes = new Int32Array(RECORDS_MAX)
  readonly isHashed: boolean
  count = 0
  /** The one that is read next. */
  next = 0

  constructor(isHashed: boolean) {
    this.isHashed = isHashed
  }

  get isFull(): boolean {
    return this.count === RECORDS_MAX
  }

  add(value: unknown, timestamp: number, hash: number): void {
    const at = this.count++
    this.values[at] = value
    this.timestamps[at] = timestamp
    this.hashes[at] = hash
  }

  /** Those that are not read yet, as they lie in frames. */
  encode(type: Type<unknown>, out = new ByteWriter()): ByteWriter {
    for (let at = this.next; at < this.count; at++) {
      const [timestamp, hash] = [this.timestamps[at], this.hashes[at]] as [number, number] // below
      if (this.isHashed) writeHashedRecord(out, type, this.values[at], timestamp, hash)
      else writeFramedRecord(out, type, this.values[at], timestamp)
    }
    return out
  }

  /** Holds on to nothing. */
  clear(): void {
    this.values.fill(undefined, 0, this.count)
    this.count = 0
    this.next = 0
  }
}
