/**
 * Where the records of a table's shards lie. Many shards share one buffer, so that few objects
 * stand between a hash and its record: with a buffer for each, they would fill the caches. A shard
 * that doubles takes another place of twice the length, and leaves its own to others.
 */
import { Buffer } from 'node:buffer'

const PLACES_MAX = 32
const BUFFER_BYTES_MAX = 8 * 1024 * 1024
const LANE_BYTES = 8

/** One buffer, seen in three ways, and how its places are used. */
interface Segment {
  readonly words: Int32Array
  readonly lanes: Float64Array
  readonly bytes: Buffer
  /** First lanes of places that nobody has. */
  readonly free: number[]
  /** No place from here on was ever given away. */
  unusedFrom: number
  used: number
}

/** Room for so many lanes, all zero at first. */
export interface Place {
  readonly segment: Segment
  /** The first lane of it. */
  readonly base: number
  readonly lanes: number
}

export class SlotArena {
  /** By the length of their places; only those that have one left. */
  readonly #open = new Map<number, Set<Segment>>()

  /** @param lanes any number, but a table asks for few different ones. */
  take(lanes: number): Place {
    const open = this.#openOf(lanes)
    const [segment = segmentOf(lanes)] = open
    open.add(segment)
    let base = segment.free.pop()
    if (base === undefined) {
      base = segment.unusedFrom
      segment.unusedFrom += lanes
    } else segment.lanes.fill(0, base, base + lanes)
    segment.used++
    if (!hasRoom(segment, lanes)) open.delete(segment)
    return { segment, base, lanes }
  }

  /** Nothing may read or write there any more. A buffer goes with its last place. */
  leave({ segment, base, lanes }: Place): void {
    const open = this.#openOf(lanes)
    segment.used--
    segment.free.push(base)
    if (segment.used > 0) open.add(segment)
    else open.delete(segment)
  }

  #openOf(lanes: number): Set<Segment> {
    const open = this.#open.get(lanes) ?? new Set()
    this.#open.set(lanes, open)
    return open
  }
}

function segmentOf(lanes: number): Segment {
  const atOnce = Math.floor(BUFFER_BYTES_MAX / (lanes * LANE_BYTES))
  const places = Math.min(PLACES_MAX, Math.max(1, atOnce))
  const buffer = new ArrayBuffer(places * lanes * LANE_BYTES)
  return {
    words: new Int32Array(buffer),
    lanes: new Float64Array(buffer),
    bytes: Buffer.from(buffer),
    free: [],
    unusedFrom: 0,
    used: 0,
  }
}

function hasRoom({ free, unusedFrom, lanes }: Segment, length: number): boolean {
  return free.length > 0 || unusedFrom + length <= lanes.length
}
