/** Planted bugs of encryption: what a cipher forgives, and what it never may. */
import type { PlantedBug } from './bug.ts'

const CIPHER = 'src/encryption/blob-cipher.ts'
const STORE = 'src/encryption/encrypted-store.ts'

export const encryptionBugs: readonly PlantedBug[] = [
  {
    name: 'nonce-used-twice',
    symptom: 'whoever has the disk can tell blocks of a file from each other, and forge them',
    file: CIPHER,
    find: '  nonce.writeUIntLE(index, 0, 6)\n',
    replace: '  nonce.writeUIntLE(index >>> 1, 0, 6)\n',
  },
  {
    name: 'salt-used-twice',
    symptom: 'two files of a worker are encrypted under one key, with the same nonces',
    file: STORE,
    find: '    const salt = this.#ring.entropy(SALT_BYTES)\n',
    replace: '    const salt = new Uint8Array(SALT_BYTES)\n',
  },
  {
    name: 'last-block-not-bound',
    symptom: 'a file that was cut off between two blocks is read as if it were whole',
    file: CIPHER,
    find: '    this.#bound[this.#bound.length - 1] = isLast ? 1 : 0\n',
    replace: '    this.#bound[this.#bound.length - 1] = isLast ? 0 : 0\n',
  },
  {
    name: 'header-not-bound',
    symptom: 'the header of a file can be changed, and nobody notices',
    file: CIPHER,
    find: 'Buffer.concat([headerDigest(header), Buffer.alloc(1)])',
    replace: 'Buffer.concat([headerDigest(salt), Buffer.alloc(1)])',
  },
]
