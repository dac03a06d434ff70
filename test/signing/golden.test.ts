// A golden chain of each kind of key: what was signed once is verified by every later version.
// `UPDATE_GOLDEN=1` writes what is not there yet, and never anything else.
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readChain } from '../../src/checkpoint/chain.ts'
import { runsOf } from '../../src/checkpoint/registry.ts'
import { LocalSigners, parseSigners } from '../../src/signing/local-signers.ts'
import { SignatureRing } from '../../src/signing/signature-ring.ts'
import { RunReader } from '../../src/state/runs/run-reader.ts'
import type { MemoryBlobs } from '../../src/storage/memory.ts'
import { chainOf, signedBy } from './chains.ts'

const folder = join(import.meta.dirname, '../fixtures/signing/v1')
const ringOf = (text: string) => new SignatureRing(new LocalSigners(parseSigners(text, 'a test')))
const hmac = `golden ${Buffer.alloc(32, 7).toString('base64')}`
/** What PKCS #8 says before the 32 bytes of such a key. */
const ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')
const key = createPrivateKey({
  key: Buffer.concat([ED25519, Buffer.alloc(32, 9)]),
  format: 'der',
  type: 'pkcs8',
})
const secret = String(key.export({ type: 'pkcs8', format: 'pem' }))
const shared = String(createPublicKey(key).export({ type: 'spki', format: 'pem' }))

for (const [kind, signing, verifying] of [
  ['hmac', hmac, hmac],
  ['ed25519', secret, shared],
] as const) {
  const verified = async (blobs: MemoryBlobs): Promise<void> => {
    const store = signedBy(ringOf(verifying), blobs)
    const { entries, damage } = await readChain(store)
    assert.deepEqual(damage, [])
    assert.equal(entries.length, 2)
    for (const { link } of entries) {
      assert.ok(link.kind === 'checkpoint')
      for (const run of runsOf(link)) await (await RunReader.open(store, run)).verify()
    }
  }

  test(`the golden chain of ${kind} is verified, and written the same`, async () => {
    const written: MemoryBlobs = new Map()
    await chainOf(signedBy(ringOf(signing), written), 2)
    const golden: MemoryBlobs = new Map()
    for (const [name, bytes] of written) {
      const path = join(folder, `timed-${kind}-${name.replaceAll('/', '-')}`)
      if (process.env['UPDATE_GOLDEN'] === '1' && !existsSync(path)) writeFileSync(path, bytes)
      golden.set(name, readFileSync(path))
      assert.deepEqual(Buffer.from(bytes), readFileSync(path), name)
    }
    await verified(golden)
  })

  test(`a golden chain of ${kind} whose runs do not tell of timers is verified`, async () => {
    const names = ['chain/000000000001.manifest', 'chain/000000000002.manifest']
    const runs = ['runs/1-1-v0-s0.run', 'runs/1-2-v0-s0.run']
    const read = (name: string) => readFileSync(join(folder, `${kind}-${name.replace('/', '-')}`))
    await verified(new Map([...names, ...runs].map((name) => [name, read(name)])))
  })
}
