// The tree of keys: each leaf by itself, and what is left beside those that were erased.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  hasLeaf,
  type KeyTree,
  leafOf,
  TAG_BYTES,
  withoutLeaf,
} from '../../../src/encryption/subjects/key-tree.ts'
import { hex, seededEntropy } from './world.ts'

const root = seededEntropy(1)(32)

/** Of a byte or two at the end only, so that erased leaves lie side by side too. */
const nearTag = fc
  .tuple(fc.constantFrom(0, 1, 64, 255), fc.nat(255))
  .map(([first, last]) =>
    Uint8Array.from({ length: TAG_BYTES }, (_, at) => (at === 0 ? first : at === 15 ? last : 7)),
  )
const farTag = fc.uint8Array({ minLength: TAG_BYTES, maxLength: TAG_BYTES })
const anyTag = fc.oneof(nearTag, farTag)

function wholeNodes(tree: KeyTree): number {
  if (tree === undefined) return 0
  if (!('branches' in tree)) return 1
  return tree.branches.reduce((sum, branch) => sum + wholeNodes(branch), 0)
}

describe('the tree of keys', () => {
  it('hashes two bits of the tag at each step, the highest first', () => {
    const tag = Uint8Array.from({ length: TAG_BYTES }, (_, at) => (at === 0 ? 0b00_01_10_11 : 0))
    let node: Uint8Array = root
    for (const bits of [0, 1, 2, 3, ...Array.from<number>({ length: 60 }).fill(0)]) {
      node = createHash('sha256')
        .update('millrace subject')
        .update(node)
        .update(Uint8Array.of(bits))
        .digest()
    }
    assert.equal(hex(leafOf(root, tag)), hex(node))
  })

  it('loses what was erased, and gives every other leaf as before', () => {
    fc.assert(
      fc.property(
        fc.array(anyTag, { maxLength: 12 }),
        fc.array(anyTag, { maxLength: 6 }),
        (gone, others) => {
          const tree = gone.reduce<KeyTree>(withoutLeaf, root)
          const erased = new Set(gone.map(hex))
          for (const tag of [...gone, ...others]) {
            const expected = erased.has(hex(tag)) ? undefined : hex(leafOf(root, tag))
            assert.equal(hex(leafOf(tree, tag)), expected)
            assert.equal(hasLeaf(tree, tag), expected !== undefined)
          }
        },
      ),
      { numRuns: 20 },
    )
  })

  it('is the same in whatever order it was erased from, and the same as before if twice', () => {
    fc.assert(
      fc.property(fc.array(anyTag, { minLength: 1, maxLength: 6 }), (gone) => {
        const tree = gone.reduce<KeyTree>(withoutLeaf, root)
        assert.deepEqual(gone.toReversed().reduce<KeyTree>(withoutLeaf, root), tree)
        for (const tag of gone) assert.equal(withoutLeaf(tree, tag), tree)
      }),
      { numRuns: 10 },
    )
  })

  it('has at most 192 nodes for each erasure, and fewer where they share', () => {
    const entropy = seededEntropy(2)
    let tree: KeyTree = root
    for (let erased = 1; erased <= 30; erased++) {
      tree = withoutLeaf(tree, entropy(TAG_BYTES))
      if (erased === 1) assert.equal(wholeNodes(tree), 192)
      else assert.ok(wholeNodes(tree) < 192 * erased, `${wholeNodes(tree)} after ${erased}`)
    }
  })

  it('keeps nothing of a node whose leaves are all erased', () => {
    const tags = [0, 1, 2, 3].map((last) => {
      return Uint8Array.from({ length: TAG_BYTES }, (_, at) => (at === 15 ? last : 9))
    })
    const tree = tags.reduce<KeyTree>(withoutLeaf, root)
    assert.equal(wholeNodes(tree), 63 * 3)
  })
})
