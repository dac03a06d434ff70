/**
 * The keys of subjects as a thread asks for them: those of the newest vault that it was given. A
 * key takes 64 hashes, so those asked for last are remembered, and forgotten when they are erased.
 */
import { Buffer } from 'node:buffer'
import type { SubjectKeys } from '../../storage/subject-keys.ts'
import { asBuffer } from '../../util/bytes.ts'
import type { Vault } from './vault.ts'

/** About 2 MB. */
const REMEMBERED_MAX = 16_384

export class RememberedKeys implements SubjectKeys {
  #vault: Vault
  readonly #halfMax: number
  /** Two halves: when the younger one is full, the older one is forgotten. */
  #younger = new Map<string, Uint8Array>()
  #older = new Map<string, Uint8Array>()

  /** @param rememberedMax keys that are remembered */
  constructor(vault: Vault, rememberedMax = REMEMBERED_MAX) {
    this.#vault = vault
    this.#halfMax = Math.max(1, Math.floor(rememberedMax / 2))
  }

  get vault(): Vault {
    return this.#vault
  }

  /** From now on the keys are those of this vault. */
  take(vault: Vault): void {
    this.#vault = vault
    for (const half of [this.#younger, this.#older]) {
      for (const name of half.keys()) {
        if (!vault.has(Buffer.from(name, 'latin1'))) half.delete(name)
      }
    }
  }

  tagOf(subject: Uint8Array): Uint8Array {
    return this.#vault.tagOf(subject)
  }

  has(tag: Uint8Array): boolean {
    return this.#vault.has(tag)
  }

  keyOf(tag: Uint8Array): Uint8Array | undefined {
    const name = asBuffer(tag).toString('latin1')
    const young = this.#younger.get(name)
    if (young !== undefined) return young
    const key = this.#older.get(name) ?? this.#vault.keyOf(tag)
    if (key !== undefined) this.#remember(name, key)
    return key
  }

  #remember(name: string, key: Uint8Array): void {
    if (this.#younger.size >= this.#halfMax) {
      this.#older = this.#younger
      this.#younger = new Map()
    }
    this.#younger.set(name, key)
  }
}
