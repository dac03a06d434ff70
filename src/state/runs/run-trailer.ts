/** The last bytes of a run file, of fixed length: where its footer is, and that it is a run. */
import { crc32 } from 'node:zlib'
import { MillraceError } from '../../errors.ts'
import { ByteReader, type ByteWriter } from '../../util/bytes.ts'
import { STATE_FORMAT_VERSION } from '../snapshot.ts'

export const TRAILER_BYTES = 28
/** `MILLRUN` and a line feed, which a text-mode copy would spoil. */
const MAGIC = 0x4d494c4c
const MAGIC_END = 0x52554e0a
const FOOTER_BYTES_MAX = 1 << 30

export interface RunTrailer {
  readonly footerOffset: number
  readonly footerBytes: number
  readonly footerChecksum: number
}

/** Appends the trailer for a footer that starts at `footerOffset`; gives the footer's checksum. */
export function writeTrailer(out: ByteWriter, footerOffset: number, footer: Uint8Array): number {
  const checksum = crc32(footer)
  out.uint32BE(Math.floor(footerOffset / 2 ** 32))
  out.uint32BE(footerOffset)
  out.uint32BE(footer.length)
  out.uint32BE(checksum)
  out.uint32BE(STATE_FORMAT_VERSION)
  out.uint32BE(MAGIC)
  out.uint32BE(MAGIC_END)
  return checksum
}

/** Reads the last `TRAILER_BYTES` of a file of `fileBytes`. */
export function readTrailer(bytes: Uint8Array, fileBytes: number): RunTrailer {
  const input = new ByteReader(bytes)
  const footerOffset = input.uint32BE() * 2 ** 32 + input.uint32BE()
  const footerBytes = input.uint32BE()
  const footerChecksum = input.uint32BE()
  const version = input.uint32BE()
  if (input.uint32BE() !== MAGIC || input.uint32BE() !== MAGIC_END) {
    throw new MillraceError('STORAGE_CORRUPT', 'it does not end as a run does')
  }
  if (version !== STATE_FORMAT_VERSION) {
    throw new MillraceError('STORAGE_CORRUPT', `format version ${version}`, {
      cure: `this Millrace reads version ${STATE_FORMAT_VERSION}; a newer one wrote this file`,
    })
  }
  if (footerOffset + footerBytes + TRAILER_BYTES !== fileBytes || footerBytes > FOOTER_BYTES_MAX) {
    throw new MillraceError('STORAGE_CORRUPT', 'its footer is not where the trailer says')
  }
  return { footerOffset, footerBytes, footerChecksum }
}
