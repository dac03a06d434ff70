/**
 * The part of a blob that a read means. All stores answer alike: a range that is not wholly within
 * the blob is damage (the caller knew a longer one), never a short answer.
 */
import { MillraceError } from '../errors.ts'
import { assert } from '../util/assert.ts'

export function readRange(
  location: string,
  name: string,
  blobBytes: number,
  offsetBytes: number,
  lengthBytes: number = Math.max(0, blobBytes - offsetBytes),
): { readonly start: number; readonly end: number } {
  assert(offsetBytes >= 0 && lengthBytes >= 0, `range ${offsetBytes} + ${lengthBytes}`)
  const end = offsetBytes + lengthBytes
  if (end > blobBytes) {
    throw new MillraceError(
      'STORAGE_CORRUPT',
      `blob ${name} in ${location} has ${blobBytes} bytes; ${end} were expected`,
      { details: { file: name, offset: offsetBytes } },
    )
  }
  return { start: offsetBytes, end }
}
