/**
 * What makes the keys of a job's subjects, and no longer makes those of erased ones. A subject is
 * known by a tag, a keyed hash of it; its key is the leaf of that tag. One that comes back after it
 * was erased has another tag: that of its first generation whose leaf is left.
 *
 * A vault never changes: erasing makes the next one. Whoever has an older one can undo it, so only
 * the newest may be kept anywhere (checkpoint/vaults.ts).
 */
import { Buffer } from 'node:buffer'
import { assert } from '../../util/assert.ts'
import { Mac } from '../../util/mac.ts'
import type { Entropy } from '../key-ring.ts'
import {
  erasuresIn,
  hasLeaf,
  type KeyTree,
  leafOf,
  NODE_BYTES,
  TAG_BYTES,
  withoutLeaf,
} from './key-tree.ts'

export const VAULT_ID_BYTES = 8
export const TAG_SECRET_BYTES = 32

const mac = new Mac()

export interface VaultContent {
  /** The same in all vaults that follow each other: by it a snapshot knows its own. */
  readonly id: Uint8Array
  /** Under which subjects are hashed into tags. */
  readonly tagSecret: Uint8Array
  readonly tree: KeyTree
}

export class Vault {
  readonly content: VaultContent

  constructor(content: VaultContent) {
    const { id, tagSecret } = content
    assert(id.length === VAULT_ID_BYTES, 'the id of a vault has its length')
    assert(tagSecret.length === TAG_SECRET_BYTES, 'the secret of tags has its length')
    this.content = content
  }

  /** A vault of which nothing is erased. */
  static create(entropy: Entropy): Vault {
    return new Vault({
      id: entropy(VAULT_ID_BYTES),
      tagSecret: entropy(TAG_SECRET_BYTES),
      tree: entropy(NODE_BYTES),
    })
  }

  /** 16 hexadecimal digits. */
  get id(): string {
    return Buffer.from(this.content.id).toString('hex')
  }

  /** How often a subject was erased: one that came back and was erased again counts twice. */
  get erasures(): number {
    return erasuresIn(this.content.tree)
  }

  /** The tag of a subject now: of its first generation that is not erased; 16 bytes. */
  tagOf(subject: Uint8Array): Uint8Array {
    for (let generation = 0; ; generation++) {
      const tag = tagOf(this.content.tagSecret, generation, subject)
      if (this.has(tag)) return tag
    }
  }

  /** True unless the key of this tag was erased. */
  has(tag: Uint8Array): boolean {
    return hasLeaf(this.content.tree, tag)
  }

  /** The key of this tag, 32 bytes; undefined if it was erased. Takes about 0.04 ms. */
  keyOf(tag: Uint8Array): Uint8Array | undefined {
    return leafOf(this.content.tree, tag)
  }

  /** The vault without the key that this subject has now; all others are as they were. */
  erase(subject: Uint8Array): Vault {
    const tree = withoutLeaf(this.content.tree, this.tagOf(subject))
    return new Vault({ ...this.content, tree })
  }
}

function tagOf(tagSecret: Uint8Array, generation: number, subject: Uint8Array): Uint8Array {
  const message = mac.begin(tagSecret)
  message.uint32LE(generation)
  message.raw(subject)
  return mac.end(TAG_BYTES)
}
