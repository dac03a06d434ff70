/**
 * What a table's rows take up in memory, estimated: records are known, and what lies beside them is
 * reckoned from the encoded sizes of samples.
 */
import { ByteWriter } from '../../util/bytes.ts'
import type { EntryCodec } from './entry-codec.ts'
import type { RecordLayout } from './layout.ts'
import type { Shard } from './shard.ts'

/** Records fill about half of their slots. */
const LANE_BYTES = 16
/** All of them are counted. */
const PACKED_LANE_BYTES = 8
const OBJECT_ROW_BYTES = 48
const ITEM_BYTES = 120
const COLLECTION_BYTES = 300
/** Live objects are about so much larger than their bytes. */
const OBJECT_FACTOR = 2
const SAMPLES_AVERAGED = 32
const BYTES_UNKNOWN = 48

/** What is estimated. */
export interface Estimated {
  readonly layout: RecordLayout
  readonly codec: EntryCodec
  readonly shards: readonly Shard[]
  readonly rowCount: number
  readonly itemCount: number
  /** Of packed maps. */
  readonly laneCount: number
}

const scratch = new ByteWriter()

export class Averages {
  #rowBytes = BYTES_UNKNOWN
  #itemBytes = BYTES_UNKNOWN
  #nextShard = 0

  addRow(bytes: number): void {
    this.#rowBytes += (bytes - this.#rowBytes) / SAMPLES_AVERAGED
  }

  addItem(bytes: number): void {
    this.#itemBytes += (bytes - this.#itemBytes) / SAMPLES_AVERAGED
  }

  /** Looks at a row of the next shard. */
  sample({ shards, codec }: Estimated): void {
    this.#nextShard = (this.#nextShard + 1) % shards.length
    const shard = shards[this.#nextShard]
    if (shard === undefined) return
    for (let slot = 0; slot < shard.capacity; slot++) {
      if (!shard.isTaken(slot)) continue
      scratch.reset()
      codec.writeKeyOf(scratch, 0, shard, slot)
      codec.writeRow(scratch, shard, slot)
      this.addRow(scratch.length)
      for (const collection of shard.collections?.[slot]?.all() ?? []) {
        for (const item of collection.items()) {
          scratch.reset()
          codec.writeItem(scratch, item)
          this.addItem(scratch.length)
          break
        }
      }
      return
    }
  }

  estimate({ layout, shards, rowCount, itemCount, laneCount }: Estimated): number {
    const shard = shards.find(({ count }) => count > 0)
    const holdsObjects = shard?.keys !== undefined || shard?.objects !== undefined
    const objects = holdsObjects ? OBJECT_ROW_BYTES + OBJECT_FACTOR * this.#rowBytes : 0
    const items = itemCount * (ITEM_BYTES + OBJECT_FACTOR * this.#itemBytes)
    const collections = Math.min(rowCount, itemCount + laneCount) * COLLECTION_BYTES
    const rows = rowCount * ((shard ?? layout).stride * LANE_BYTES + objects)
    return rows + items + collections + laneCount * PACKED_LANE_BYTES
  }
}
