/** Reads a part of a blob that lies in chunks of one size. */
import { eachOf } from './each.ts'

export interface Chunks {
  /** Of the whole blob. */
  readonly lengthBytes: number
  /** Of each chunk but the last. */
  readonly chunkBytes: number
  readonly atOnceMax: number
  /** Undefined if it is not there. */
  readonly read: (part: number) => Promise<Uint8Array | undefined>
  /** What is wrong if a chunk is not there, or not as long as it must be. */
  readonly lost: (offsetBytes: number) => Promise<Error>
}

/** The bytes from `start` to below `end`. */
export async function readChunks(
  { lengthBytes, chunkBytes, atOnceMax, read, lost }: Chunks,
  start: number,
  end: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start)
  const first = Math.floor(start / chunkBytes)
  const count = end === start ? 0 : Math.ceil(end / chunkBytes) - first
  const parts = Array.from({ length: count }, (_, index) => first + index)
  await eachOf(parts, atOnceMax, async (part) => {
    const partStart = part * chunkBytes
    const chunk = await read(part)
    const expected = Math.min(chunkBytes, lengthBytes - partStart)
    if (chunk?.length !== expected) throw await lost(partStart)
    const from = Math.max(0, start - partStart)
    bytes.set(chunk.subarray(from, end - partStart), partStart + from - start)
  })
  return bytes
}
