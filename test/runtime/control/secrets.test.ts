// Tokens of a job's folder: made once, for the owner's eyes only, refused where others could have
// read them, and compared without telling how much of a guess was right.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import crypto from 'node:crypto'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { openTokens } from '../../../src/runtime/control/secrets.ts'

let folder = ''
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'mr-tokens-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const path = (role: string): string => join(folder, `${role}.token`)
const read = (role: string): string => readFileSync(path(role), 'utf8').trim()

test('each role gets one of its own, mode 0600, which the next start finds again', async () => {
  const tokens = await openTokens(folder)
  const roles = ['admin', 'operator', 'viewer']
  assert.deepEqual(
    readdirSync(folder).sort(),
    roles.map((role) => `${role}.token`),
  )
  for (const role of roles) {
    assert.equal(statSync(path(role)).mode & 0o777, 0o600)
    assert.match(read(role), new RegExp(`^millrace_${role}_[A-Za-z0-9_-]{43}$`))
    assert.equal(tokens.holderOf(read(role))?.role, role)
    assert.deepEqual((await openTokens(folder)).holderOf(read(role)), tokens.holderOf(read(role)))
  }
  assert.equal(new Set(roles.map(read)).size, 3)
  assert.equal(tokens.holderOf(''), undefined)
})

test('one that was deleted is made anew, and the old one is worth nothing', async () => {
  await openTokens(folder)
  const [old, other] = [read('operator'), read('viewer')]
  rmSync(path('operator'))
  const tokens = await openTokens(folder)
  assert.equal(tokens.holderOf(old), undefined)
  assert.equal(tokens.holderOf(other)?.role, 'viewer')
})

test('one of your own is taken', async () => {
  writeFileSync(path('viewer'), `${'my-own_'.repeat(6)}\n`, { mode: 0o600 })
  assert.equal((await openTokens(folder)).holderOf('my-own_'.repeat(6))?.role, 'viewer')
})

test('a file that others can read, or that is no token, is refused by name', async () => {
  await openTokens(folder)
  const token = read('admin')
  const unsafe = async (said: RegExp, change: () => void): Promise<void> => {
    rmSync(path('admin'), { force: true })
    change()
    await assert.rejects(openTokens(folder), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'CONTROL_TOKEN_UNSAFE')
      assert.match(error.message, said)
      assert.ok(!error.message.includes(token))
      return true
    })
  }
  for (const mode of [0o640, 0o604, 0o620]) {
    await unsafe(/admin\.token is not taken: it can be read by others/, () => {
      writeFileSync(path('admin'), token)
      chmodSync(path('admin'), mode)
    })
  }
  await unsafe(/holds no token/, () => writeFileSync(path('admin'), 'short', { mode: 0o600 }))
  await unsafe(/holds no token/, () => writeFileSync(path('admin'), '', { mode: 0o600 }))
  await unsafe(/no file of a token/, () => {
    writeFileSync(path('admin'), 'x'.repeat(2_000), { mode: 0o600 })
  })
  await unsafe(/cannot be read/, () => symlinkSync(path('viewer'), path('admin')))
  await unsafe(/no file of a token/, () => execFileSync('mkfifo', ['-m', '600', path('admin')]))
  await unsafe(/two roles have the same token/, () => {
    writeFileSync(path('admin'), read('viewer'), { mode: 0o600 })
  })
})

test('right or wrong, what is shown is compared with all tokens, in constant time', async () => {
  const tokens = await openTokens(folder)
  const original = crypto.timingSafeEqual
  const lengths: number[] = []
  crypto.timingSafeEqual = (a, b) => {
    lengths.push(a.byteLength, b.byteLength)
    return original(a, b)
  }
  syncBuiltinESMExports()
  try {
    for (const text of [read('viewer'), read('admin'), 'x', '', read('admin').slice(0, -1)]) {
      lengths.length = 0
      tokens.holderOf(text)
      assert.deepEqual(lengths, [32, 32, 32, 32, 32, 32], text)
    }
  } finally {
    crypto.timingSafeEqual = original
    syncBuiltinESMExports()
  }
})
