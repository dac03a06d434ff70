import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BlockBuilder, decodeBlock, findInBlock } from '../../../src/state/runs/block.ts'
import { compareBytes } from '../../../src/state/runs/entry.ts'

const key = fc.uint8Array({ maxLength: 6, max: 2 })

test('a block gives back its entries, and finds each key and no other', () => {
  fc.assert(
    fc.property(
      fc.array(key, { maxLength: 40 }),
      fc.array(key, { maxLength: 20 }),
      (held, sought) => {
        const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
        const keys = [...new Map(held.map((one) => [hex(one), one])).values()].sort(compareBytes)
        const block = new BlockBuilder()
        for (const [index, one] of keys.entries()) block.add(one, new Uint8Array([0, 0, 0, index]))
        const raw = block.out.copy()
        const decoded = decodeBlock(raw, keys.length, block.keyBytes)
        assert.deepEqual(
          decoded.map((entry) => hex(entry.key)),
          keys.map(hex),
        )
        for (const one of [...keys, ...sought]) {
          const index = keys.findIndex((other) => compareBytes(one, other) === 0)
          assert.equal(findInBlock(raw, one)?.[3], index < 0 ? undefined : index, hex(one))
        }
      },
    ),
    { numRuns: 1000 },
  )
})
