/**
 * Which bytes are plain: each is a character by itself, and stands in the bytes of a key as it is.
 * Loops over bytes look up what a byte is in a table of all 256; whoever has one puts its own kinds
 * where bytes mean something to it.
 */

export const PLAIN = 0
const PLAIN_START = 2
const PLAIN_END = 0x80

/** A table in which all bytes are plain or `other`; line ends are never plain. */
export function plainBytes(other: number): Uint8Array {
  const kinds = new Uint8Array(256).fill(other)
  kinds.fill(PLAIN, PLAIN_START, PLAIN_END)
  for (const end of '\n\r') kinds[end.charCodeAt(0)] = other
  return kinds
}
