/** A put of bytes that are there already, for stores whose own writers do it. */
import { hasCode } from '../../errors.ts'
import type { BlobWriter } from '../blob-store.ts'

const ATTEMPTS_MAX = 3

/** A writer that says whether the name was free, in place of a conflict. */
export interface PublishingWriter extends BlobWriter {
  publish(): Promise<boolean>
}

/** @returns false if the name is taken. */
export async function putByWriter(
  create: () => PublishingWriter,
  bytes: Uint8Array,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const writer = create()
    try {
      await writer.write(bytes)
      const isPut = await writer.publish()
      if (!isPut) await writer.abort()
      return isPut
    } catch (error) {
      // Who begins has cleaned the folder meanwhile; who of the two leads, the put itself tells.
      const isCleaned = hasCode(error, 'STORAGE_NOT_FOUND')
      if (isCleaned) await writer.abort()
      if (!isCleaned || attempt === ATTEMPTS_MAX) throw error
    }
  }
}
