/**
 * The keys of the simulated world: of a seed that encrypts, all jobs have the same, and from start
 * to start there may be a newer one. What is random in production comes from the seed.
 */
import { LocalKeys } from '../src/encryption/local-keys.ts'
import { KeyRing } from '../src/encryption/key-ring.ts'
import type { Random } from '../src/util/random.ts'

/** Small, so that small files have several. */
const BLOCK_BYTES = 256
const KEY_BYTES = 32

export class SimKeys {
  /** The newest first. */
  #keys: readonly (readonly [string, Uint8Array])[] = []
  readonly #entropy: (bytes: number) => Uint8Array

  constructor(random: Random) {
    this.#entropy = entropyOf(random)
    this.rotate()
  }

  /** From now on another key is the newest. */
  rotate(): void {
    this.#keys = [[`key-${this.#keys.length + 1}`, this.#entropy(KEY_BYTES)], ...this.#keys]
  }

  /** As one process or worker has them. */
  ring(random: Random): KeyRing {
    const entropy = entropyOf(random)
    return new KeyRing(new LocalKeys(new Map(this.#keys), entropy), {
      entropy,
      blockBytes: BLOCK_BYTES,
    })
  }
}

function entropyOf(random: Random): (bytes: number) => Uint8Array {
  return (bytes) => Uint8Array.from({ length: bytes }, () => random.int(256))
}
