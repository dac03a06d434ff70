/**
 * A vault as bytes: `MRVAULT`, the version, its number, the epoch of the leader who put it, the id,
 * the secret of tags, and the tree from the root down. A node that is not whole is a byte with two
 * bits for each branch and then its branches; so each tree has one encoding, byte by byte in
 * docs/internals/encryption.md.
 *
 * There is no checksum: a vault is only ever written encrypted, and what is tampered with or
 * damaged does not come out of that.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import { BRANCHES, DEPTH, type KeyTree, NODE_BYTES } from './key-tree.ts'
import { TAG_SECRET_BYTES, Vault, VAULT_ID_BYTES } from './vault.ts'

const MAGIC = Buffer.from('MRVAULT', 'latin1')
const FORMAT_VERSION = 1
const NUMBER_BYTES = 8
const HEAD_BYTES = MAGIC.length + 1 + 2 * NUMBER_BYTES + VAULT_ID_BYTES + TAG_SECRET_BYTES

/** What a branch is, in two bits. */
const ERASED = 0
const WHOLE = 1
const PUNCTURED = 2
/** All four branches of a node are whole, or all are erased: no erasure leaves such a node. */
const ALL_WHOLE = 0b01010101
const ALL_ERASED = 0

/** A vault, and where it stands among those of its job. */
export interface KeptVault {
  /** From 1; the newest counts. */
  readonly number: number
  /** Of who put it. */
  readonly leaderEpoch: number
  readonly vault: Vault
}

export function encodeVault({ number, leaderEpoch, vault: { content } }: KeptVault): Uint8Array {
  const writer = new ByteWriter()
  writer.raw(MAGIC)
  writer.raw(Uint8Array.of(FORMAT_VERSION))
  writer.int64LE(BigInt(number))
  writer.int64LE(BigInt(leaderEpoch))
  writer.raw(content.id)
  writer.raw(content.tagSecret)
  writer.raw(Uint8Array.of(kindOf(content.tree)))
  writeTree(writer, content.tree)
  return writer.copy()
}

/**
 * @param name of the blob and where it is, for messages.
 * @throws `STORAGE_CORRUPT` if it is no vault, `CHECKPOINT_INCOMPATIBLE` if it is of a newer
 *   format.
 */
export function decodeVault(bytes: Uint8Array, name: string): KeptVault {
  const corrupt = (): MillraceError => {
    const message = `${name} is no vault of the keys of subjects`
    return new MillraceError('STORAGE_CORRUPT', message, { details: { file: name } })
  }
  if (bytes.length <= HEAD_BYTES) throw corrupt()
  const reader = new ByteReader(bytes)
  if (!MAGIC.equals(reader.raw(MAGIC.length))) throw corrupt()
  const [version] = reader.raw(1)
  if (version !== FORMAT_VERSION) {
    const message = `${name} is of format ${version}, not ${FORMAT_VERSION}`
    throw new MillraceError('CHECKPOINT_INCOMPATIBLE', message, {
      cure: 'use the Millrace that wrote it, or a newer one',
    })
  }
  const number = Number(reader.int64LE())
  const leaderEpoch = Number(reader.int64LE())
  if (!isCount(number) || !isCount(leaderEpoch)) throw corrupt()
  const id = copyOf(reader, VAULT_ID_BYTES)
  const tagSecret = copyOf(reader, TAG_SECRET_BYTES)
  const [kind = 0] = reader.raw(1)
  const tree = readTree(reader, kind, 0, corrupt)
  if (tree === undefined || reader.position !== bytes.length) throw corrupt()
  return { number, leaderEpoch, vault: new Vault({ id, tagSecret, tree }) }
}

function writeTree(writer: ByteWriter, tree: KeyTree): void {
  if (tree === undefined) return
  if (!('branches' in tree)) return writer.raw(tree)
  const kinds = tree.branches.map((branch, index) => kindOf(branch) << (2 * index))
  writer.raw(Uint8Array.of(kinds.reduce((all, kind) => all | kind)))
  for (const branch of tree.branches) writeTree(writer, branch)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0
}

function kindOf(tree: KeyTree): number {
  if (tree === undefined) return ERASED
  return 'branches' in tree ? PUNCTURED : WHOLE
}

function readTree(
  reader: ByteReader,
  kind: number,
  depth: number,
  corrupt: () => MillraceError,
): KeyTree {
  if (kind === ERASED) return undefined
  if (kind === WHOLE) {
    if (reader.remaining < NODE_BYTES) throw corrupt()
    return copyOf(reader, NODE_BYTES)
  }
  if (kind !== PUNCTURED || depth === DEPTH || reader.remaining < 1) throw corrupt()
  const [kinds = 0] = reader.raw(1)
  if (kinds === ALL_WHOLE || kinds === ALL_ERASED) throw corrupt()
  const branches: KeyTree[] = []
  for (let index = 0; index < BRANCHES; index++) {
    branches.push(readTree(reader, (kinds >>> (2 * index)) & 3, depth + 1, corrupt))
  }
  return { branches }
}

/** The reader's own bytes may be of a buffer that others use again. */
function copyOf(reader: ByteReader, count: number): Uint8Array {
  return Uint8Array.from(reader.raw(count))
}
