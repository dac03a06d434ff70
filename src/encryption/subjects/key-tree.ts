/**
 * A secret for each of 2^128 tags, and a way to forget single ones: a tree of hashes with four
 * branches at each node. Who has a node has all leaves below it; so one root is enough until
 * something is erased, and then the nodes beside the erased leaf's path are, of which there are at
 * most 192. Trees never change: erasing makes another one that shares what it can.
 */
import { Buffer } from 'node:buffer'
import { assert, required } from '../../util/assert.ts'
import { sha256Text } from '../../util/mac.ts'

/** Bytes of a tag, the path to a leaf. */
export const TAG_BYTES = 16
/** Bytes of a node, and so of a leaf. */
export const NODE_BYTES = 32
export const BRANCHES = 4
/** Steps from the root to a leaf; two bits of the tag each. */
export const DEPTH = (TAG_BYTES * 8) / 2
const LABEL = Buffer.from('millrace subject', 'latin1')
/** What is hashed at a step: of one length always, and one block of the hash. */
const input = Buffer.concat([LABEL, Buffer.alloc(NODE_BYTES + 1)])

/** A secret from which all below follows; what is left of it; or nothing: all below is erased. */
export type KeyTree = Uint8Array | Punctured | undefined

export interface Punctured {
  /** Four, of which at least one is neither whole nor missing. */
  readonly branches: readonly KeyTree[]
}

/** The leaf of this tag; undefined if it was erased. Takes up to 64 hashes. */
export function leafOf(tree: KeyTree, tag: Uint8Array): Uint8Array | undefined {
  const [node, from] = below(tree, tag)
  if (node === undefined) return undefined
  input.set(node, LABEL.length)
  for (let depth = from; depth < DEPTH; depth++) {
    input[input.length - 1] = stepOf(tag, depth)
    input.write(sha256Text(input), LABEL.length, NODE_BYTES, 'latin1')
  }
  return new Uint8Array(input.subarray(LABEL.length, LABEL.length + NODE_BYTES))
}

/** True unless the leaf of this tag was erased; takes no hash. */
export function hasLeaf(tree: KeyTree, tag: Uint8Array): boolean {
  return below(tree, tag)[0] !== undefined
}

/** The tree without this leaf: the same if it has none. */
export function withoutLeaf(tree: KeyTree, tag: Uint8Array): KeyTree {
  return hasLeaf(tree, tag) ? without(tree, tag, 0) : tree
}

/** How often a leaf was erased. Four beside each other would count as one: of hashes none are. */
export function erasuresIn(tree: KeyTree): number {
  if (tree === undefined) return 1
  if (!('branches' in tree)) return 0
  return tree.branches.reduce((sum: number, branch) => sum + erasuresIn(branch), 0)
}

/** The deepest node above the leaf that is left, and how deep it is. */
function below(tree: KeyTree, tag: Uint8Array): [node: Uint8Array | undefined, depth: number] {
  assert(tag.length === TAG_BYTES, `a tag has ${TAG_BYTES} bytes, not ${tag.length}`)
  let [at, depth] = [tree, 0]
  while (at !== undefined && 'branches' in at) at = at.branches[stepOf(tag, depth++)]
  return [at, depth]
}

function without(tree: KeyTree, tag: Uint8Array, depth: number): KeyTree {
  if (depth === DEPTH || tree === undefined) return undefined
  const step = stepOf(tag, depth)
  const old =
    'branches' in tree
      ? tree.branches
      : Array.from({ length: BRANCHES }, (_, branch) => branchOf(tree, branch))
  const branches = old.with(step, without(old[step], tag, depth + 1))
  return branches.every((branch) => branch === undefined) ? undefined : { branches }
}

/** SHA-256 of a label, the node and the branch. */
function branchOf(node: Uint8Array, branch: number): Uint8Array {
  input.set(node, LABEL.length)
  input[input.length - 1] = branch
  return Buffer.from(sha256Text(input), 'latin1')
}

/** The next two bits of the path: of each byte the highest first. */
function stepOf(tag: Uint8Array, depth: number): number {
  const byte = required(tag[depth >>> 2], 'a tag has two bits for each step')
  return (byte >>> (6 - 2 * (depth & 3))) & 3
}
