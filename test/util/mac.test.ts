// HMAC by two plain hashes is what Node's own is, whatever was asked before.
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { it } from 'node:test'
import fc from 'fast-check'
import { Mac, sha256Text } from '../../src/util/mac.ts'

const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 })
const anyBytes = fc.uint8Array({ maxLength: 700 })

it('is the HMAC of Node, of one key after the other and of any length', () => {
  const mac = new Mac()
  fc.assert(
    fc.property(anyKey, fc.array(anyBytes, { maxLength: 4 }), fc.nat(32), (key, parts, bytes) => {
      const message = mac.begin(key)
      for (const part of parts) message.raw(part)
      const expected = createHmac('sha256', key)
      for (const part of parts) expected.update(part)
      assert.equal(mac.end(bytes).toString('hex'), expected.digest('hex').slice(0, 2 * bytes))
    }),
    { numRuns: 200 },
  )
})

it('leaves what it gave before as it was', () => {
  const mac = new Mac()
  const key = new Uint8Array(32).fill(7)
  mac.begin(key).raw(Uint8Array.of(1))
  const first = mac.end()
  const before = first.toString('hex')
  mac.begin(key).raw(Uint8Array.of(2))
  assert.notEqual(mac.end().toString('hex'), before)
  assert.equal(first.toString('hex'), before)
})

it('refuses keys of another length, which HMAC treats in another way', () => {
  assert.throws(() => new Mac().begin(new Uint8Array(31)), /31 bytes/)
})

it('gives each byte of a digest as a character', () => {
  const bytes = Uint8Array.of(1, 2, 3)
  const expected = createHash('sha256').update(bytes).digest('latin1')
  assert.equal(sha256Text(bytes), expected)
})
