// The golden vault: its bytes are those of format version 1, and every later version reads them.
// `UPDATE_GOLDEN=1` writes it if it is not there yet, and never another one.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isMillraceError } from '../../../src/errors.ts'
import { decodeVault, encodeVault } from '../../../src/encryption/subjects/vault-codec.ts'
import { Vault } from '../../../src/encryption/subjects/vault.ts'
import { hex, seededEntropy, subject } from './world.ts'

const path = join(import.meta.dirname, '../../fixtures/subjects/v1/two-erased.vault')
/** Erased are "b", twice, and "c". */
const vault = ['b', 'c', 'b'].reduce(
  (vault, name) => vault.erase(subject(name)),
  Vault.create(seededEntropy(1)),
)
const written = { number: 4, leaderEpoch: 2, vault }

describe('the format of vaults', () => {
  it('is that of version 1', () => {
    if (process.env['UPDATE_GOLDEN'] === '1' && !existsSync(path)) {
      writeFileSync(path, encodeVault(written))
    }
    const golden = readFileSync(path)
    assert.equal(hex(encodeVault(written)), golden.toString('hex'))
    const { number, leaderEpoch, vault: read } = decodeVault(golden, 'golden')
    assert.deepEqual([number, leaderEpoch], [4, 2])
    assert.equal(read.id, '446b449f12611a63')
    const tags = ['a', 'b', 'c'].map((name) => read.tagOf(subject(name)))
    assert.deepEqual(tags.map(hex), [
      '293c0cb1c813b9200dec1d928afdcc7d',
      'b703c6126f05b9b42db0b1faf7f3f9aa',
      '68b8fbea7bbf27dae299e54eab1e4716',
    ])
    assert.deepEqual(
      tags.map((tag) => hex(read.keyOf(tag))),
      [
        '771c927ac7943cc0d3dbbbe7cc4a2fe942a44c346859dc94d1896e06e8083c82',
        '1c7b720d701ff3db628de585bbc9c13add28b112072e89214f42394355ca67ca',
        'ab44af608c7a9f3ad9a2fd2e49a4f9ce0806e0b7ed8331029fc75d7df57b800d',
      ],
    )
    const before = Vault.create(seededEntropy(1)).tagOf(subject('b'))
    assert.equal(read.keyOf(before), undefined)
  })

  it('refuses whatever else', () => {
    const golden = Buffer.from(encodeVault(written))
    const changed = (at: number, to: number): Buffer => {
      const bytes = Buffer.from(golden)
      bytes[at] = to
      return bytes
    }
    const code = (bytes: Uint8Array): string | undefined => {
      try {
        decodeVault(bytes, 'it')
        return undefined
      } catch (error) {
        return isMillraceError(error) ? error.code : String(error)
      }
    }
    assert.equal(code(golden), undefined)
    assert.equal(code(changed(0, 0)), 'STORAGE_CORRUPT')
    assert.equal(code(changed(7, 2)), 'CHECKPOINT_INCOMPATIBLE')
    assert.equal(code(changed(8, 0)), 'STORAGE_CORRUPT', 'no number')
    assert.equal(code(changed(15, 64)), 'STORAGE_CORRUPT', 'too high a number')
    assert.equal(code(changed(16, 0)), 'STORAGE_CORRUPT', 'no epoch')
    assert.equal(code(changed(64, 0)), 'STORAGE_CORRUPT', 'nothing is left')
    assert.equal(code(changed(64, 3)), 'STORAGE_CORRUPT', 'no kind of node')
    assert.equal(code(changed(65, 0b01010101)), 'STORAGE_CORRUPT', 'a node that is not punctured')
    assert.equal(code(changed(65, 0)), 'STORAGE_CORRUPT', 'a node of which nothing is left')
    assert.equal(code(Buffer.concat([golden, Buffer.of(0)])), 'STORAGE_CORRUPT')
    for (let length = 0; length < golden.length; length += 97) {
      assert.equal(code(golden.subarray(0, length)), 'STORAGE_CORRUPT', `cut off at ${length}`)
    }
  })
})
