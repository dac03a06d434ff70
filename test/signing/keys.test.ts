// Keys that sign, from places, and what is said when they cannot: never the key itself.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isMillraceError } from '../../src/errors.ts'
import { openSignatures } from '../../src/runtime/host-embedded-keys.ts'
import { LocalSigners, parseSigners } from '../../src/signing/local-signers.ts'
import { SignatureRing } from '../../src/signing/signature-ring.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-signing-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const symmetric = Buffer.alloc(32, 1).toString('base64')
const other = Buffer.alloc(32, 2).toString('hex')
const pair = generateKeyPairSync('ed25519')
const secret = String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))
const shared = String(pair.publicKey.export({ type: 'spki', format: 'pem' }))
const message = Buffer.from('what is signed')

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const ringOf = (text: string) => new SignatureRing(new LocalSigners(parseSigners(text, 'a test')))

test('keys come from each kind of place, and the first one signs', async () => {
  const both = `# newest first\n2026-12 ${symmetric}\n${secret}`
  assert.equal(await (await openSignatures(`file:${file('both', both)}`)).keyId(), '2026-12')
  process.env['SOME_SIGNING_KEYS'] = `b ${other}, a ${symmetric}`
  assert.equal(await (await openSignatures('env:SOME_SIGNING_KEYS')).keyId(), 'b')
  assert.equal(await (await openSignatures(`command:echo 'c ${symmetric}'`)).keyId(), 'c')
  const provider = file(
    'provider.mjs',
    `export default {
       current: async () => 'kms/1',
       sign: async (id, message) => message.slice(0, 8),
       verify: async (id, message, signature) => signature.length === 8,
     }`,
  )
  const ring = await openSignatures(`module:${provider}`)
  const signature = await ring.sign(message)
  assert.equal(signature.keyId, 'kms/1')
  await ring.verify(message, signature, 'a file')
})

test('a public key verifies what its private one has signed, and does not sign', async () => {
  const signature = await ringOf(secret).sign(message)
  const verifier = ringOf(shared)
  await verifier.verify(message, signature, 'a file')
  await assert.rejects(verifier.sign(message), { code: 'KEY_NOT_FOUND', message: /public/ })
  await assert.rejects(verifier.verify(Buffer.from('other'), signature, 'a file'), {
    code: 'SIGNATURE_INVALID',
    message: /a file: its signature under the key "[0-9a-f]{16}" is wrong/,
  })
})

test('a signature is of one key, and an older key verifies beside a newer one', async () => {
  const signature = await ringOf(`old ${symmetric}`).sign(message)
  await ringOf(`new ${other}\nold ${symmetric}`).verify(message, signature, 'a file')
  await assert.rejects(ringOf(`old ${other}`).verify(message, signature, 'a file'), {
    code: 'SIGNATURE_INVALID',
  })
  await assert.rejects(ringOf(`new ${symmetric}`).verify(message, signature, 'a file'), {
    code: 'KEY_NOT_FOUND',
    message: /a file: there is no key "old"/,
  })
  const renamed = { ...signature, keyId: 'new' }
  await assert.rejects(ringOf(`new ${symmetric}`).verify(message, renamed, 'a file'), {
    code: 'SIGNATURE_INVALID',
  })
})

test('what is no signature at all is wrong, of any length and under any key', async () => {
  for (const text of [`a ${symmetric}`, secret]) {
    const ring = ringOf(text)
    const { keyId } = await ring.sign(message)
    for (const value of ['', 'AAAA', Buffer.alloc(64).toString('base64')]) {
      await assert.rejects(ring.verify(message, { keyId, value }, 'a file'), {
        code: 'SIGNATURE_INVALID',
      })
    }
  }
})

test('a place without keys is said with a code and no key', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const text = String(rsa.export({ type: 'pkcs8', format: 'pem' }))
  const broken = secret.replace(/\n.*\n/, '\nMC4CAQAwBQYDK2VwBCIE\n')
  const cases: readonly (readonly [place: string, code: string, says: RegExp])[] = [
    [symmetric, 'CONFIG_INVALID', /signing\.keys is not a place/],
    ['env:NOT_SET', 'KEY_NOT_FOUND', /signing\.keys/],
    [`file:${file('empty', '\n# none\n')}`, 'KEY_NOT_FOUND', /no key/],
    [`file:${file('open', secret, 0o644)}`, 'KEY_INVALID', /mode is 0644/],
    [`file:${file('short', symmetric.slice(3))}`, 'KEY_INVALID', /32 bytes/],
    [`file:${file('twice', `a ${symmetric}\n${shared}${secret}`)}`, 'KEY_INVALID', /twice/],
    [`file:${file('rsa', text)}`, 'KEY_INVALID', /rsa/],
    [`file:${file('broken', broken)}`, 'KEY_INVALID', /PEM/],
    [`module:${file('none.mjs', 'export default {}')}`, 'KEY_INVALID', /no provider/],
  ]
  for (const [place, code, says] of cases) {
    await assert.rejects(openSignatures(place), (error) => {
      assert.ok(isMillraceError(error), place)
      assert.equal(error.code, code, error.message)
      assert.match(error.message, says)
      const all = `${error.explanation} ${error.stack} ${JSON.stringify(error.details)}`
      for (const key of [symmetric, symmetric.slice(3), secret.split('\n')[1] ?? '']) {
        assert.ok(!all.includes(key), all)
      }
      return true
    })
  }
})

test('a provider that fails is told from a signature that is wrong', async () => {
  const failing = async (): Promise<never> => {
    throw new Error('no answer')
  }
  const ring = new SignatureRing({ current: failing, sign: failing, verify: failing })
  await assert.rejects(ring.sign(message), { code: 'KEY_UNAVAILABLE', retryable: true })
  await assert.rejects(ring.verify(message, { keyId: 'a', value: 'AAAA' }, 'a file'), {
    code: 'KEY_UNAVAILABLE',
    retryable: true,
  })
})
