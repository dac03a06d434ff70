/** Keys of keyed streams: what the number of a record is turned into, and back. */

export type Key = number | string | readonly [number, string]

/** The number that a key of any kind was made of. */
export function numberOf(key: Key): number {
  if (typeof key === 'number') return key
  return Number(typeof key === 'string' ? key.slice('key '.length) : key[1])
}
