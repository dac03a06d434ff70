/** Magnitudes of bigints of any size as bytes, least significant byte first. */
import { Buffer } from 'node:buffer'

const small = Buffer.alloc(8)

/**
 * The fewest bytes that hold `magnitude`, which is not negative; none for zero. Valid until the
 * next call.
 */
export function magnitudeToBytes(magnitude: bigint): Buffer {
  if (magnitude < 0x1_0000_0000_0000_0000n) {
    small.writeBigUInt64LE(magnitude)
    let count = 8
    while (count > 0 && small[count - 1] === 0) count--
    return small.subarray(0, count)
  }
  const digits = magnitude.toString(16)
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex').reverse()
}

export function magnitudeFromBytes(bytes: Uint8Array): bigint {
  if (bytes.length <= 8) {
    small.fill(0).set(bytes)
    return small.readBigUInt64LE()
  }
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}
