/** Magnitudes of bigints of any size as bytes, least significant byte first. */
import { Buffer } from 'node:buffer'

/** The fewest bytes that hold `magnitude`, which is not negative; none for zero. */
export function magnitudeToBytes(magnitude: bigint): Buffer {
  if (magnitude === 0n) return Buffer.alloc(0)
  const digits = magnitude.toString(16)
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex').reverse()
}

export function magnitudeFromBytes(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}
