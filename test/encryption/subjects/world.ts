// What the tests of subjects' keys share: bytes that come from a seed, and subjects as bytes.
import { Buffer } from 'node:buffer'
import type { Entropy } from '../../../src/encryption/key-ring.ts'
import { SeededRandom } from '../../../src/util/random.ts'

export function seededEntropy(seed: number): Entropy {
  const random = new SeededRandom(seed)
  return (bytes) => Uint8Array.from({ length: bytes }, () => random.int(256))
}

export const subject = (name: string | number): Uint8Array => Buffer.from(`subject ${name}`)

export const hex = (bytes: Uint8Array | undefined): string | undefined => {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex')
}
