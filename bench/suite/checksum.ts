/**
 * By what outputs are compared: how many records there were, and a checksum in which their order
 * does not matter, so that workers may add theirs up. `bench/flink/Outcome.java` computes the same.
 */

/** Of an output, or of a part of it; parts are added by `outputOf`. */
export interface Tally {
  readonly count: number
  readonly sum: number
  readonly xor: number
}

export interface Output {
  readonly count: number
  /** In hexadecimal digits. */
  readonly checksum: string
}

export class Checksum implements Tally {
  count = 0
  sum = 0
  xor = 0

  /** Takes a record in: the hash of its key, and a whole number, of which 32 bits count. */
  add(keyHash: number, value: number): void {
    const hash = mix((keyHash + Math.imul(value, 0x85ebca6b)) | 0)
    this.count++
    this.sum = (this.sum + hash) | 0
    this.xor ^= hash
  }
}

/** What all parts are together. */
export function outputOf(parts: readonly Tally[]): Output {
  let [count, sum, xor] = [0, 0, 0]
  for (const part of parts) {
    count += part.count
    sum = (sum + part.sum) | 0
    xor ^= part.xor
  }
  return { count, checksum: digits(sum) + digits(xor) }
}

const digits = (bits: number): string => (bits >>> 0).toString(16).padStart(8, '0')

/** Spreads the bits of a number over all others. */
export function mix(number: number): number {
  let hash = number
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
  return hash ^ (hash >>> 16)
}

/** Java's hash of a string. */
export function textHash(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return hash
}
