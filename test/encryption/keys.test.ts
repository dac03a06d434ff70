// Keys from places, and what is said when there are none: never the key itself.
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseKeys } from '../../src/encryption/local-keys.ts'
import { isMillraceError } from '../../src/errors.ts'
import { openKeys } from '../../src/runtime/host-embedded-keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-keys-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const first = Buffer.alloc(32, 1).toString('base64')
const second = Buffer.alloc(32, 2).toString('hex')

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const idOf = async (place: string) => (await (await openKeys(place)).dataKey()).keyId

test('keys come from each kind of place, the first of them is the newest', async () => {
  const text = `# newest first\n2026-12 ${first}\n\n2026-11 ${second}\n`
  assert.equal(await idOf(`file:${file('keys', text)}`), '2026-12')
  process.env['SOME_KEYS'] = `b ${second}, a ${first}`
  assert.equal(await idOf('env:SOME_KEYS'), 'b')
  assert.equal(await idOf(`command:echo 'c ${first}'`), 'c')
  const provider = file(
    'provider.mjs',
    `const turned = async (id, key) => key.map((byte) => byte ^ 1)
     export default { current: async () => 'kms/1', wrap: turned, unwrap: turned }`,
  )
  assert.equal(await idOf(`module:${provider}`), 'kms/1')
  assert.equal(
    await idOf(`file:${file('one', second)}`),
    await idOf(`file:${file('same', second)}`),
  )
})

test('a place without keys is said with a code, a cure and no key', async () => {
  const module = file('empty.mjs', 'export default {}')
  const cases: readonly (readonly [place: string, code: string, says: RegExp])[] = [
    [first, 'CONFIG_INVALID', /not a place/],
    ['env:NOT_SET', 'KEY_NOT_FOUND', /NOT_SET/],
    [`file:${join(folder, 'absent')}`, 'KEY_NOT_FOUND', /absent/],
    [`file:${file('empty', '\n# none\n')}`, 'KEY_NOT_FOUND', /no key/],
    [`file:${file('open', first, 0o640)}`, 'KEY_INVALID', /mode is 0640/],
    [`file:${file('short', first.slice(3))}`, 'KEY_INVALID', /line 1: .*32 bytes/],
    [`file:${file('twice', `a ${first}\na ${second}`)}`, 'KEY_INVALID', /line 2: .*twice/],
    [`file:${file('words', `a b ${first}`)}`, 'KEY_INVALID', /line 1/],
    ['command:exit 3', 'KEY_NOT_FOUND', /exit code 3/],
    [`command:echo ${first} >&2; exit 1`, 'KEY_NOT_FOUND', /exit code 1/],
    [`module:${join(folder, 'absent.mjs')}`, 'KEY_NOT_FOUND', /cannot be loaded/],
    [`module:${module}`, 'KEY_INVALID', /no key provider/],
  ]
  for (const [place, code, says] of cases) {
    await assert.rejects(openKeys(place), (error) => {
      assert.ok(isMillraceError(error), place)
      assert.equal(error.code, code, place)
      assert.match(error.message, says)
      const all = `${error.explanation} ${error.stack} ${JSON.stringify(error.details)}`
      for (const key of [first, first.slice(3), second]) assert.ok(!all.includes(key), all)
      return true
    })
  }
})

test('text without an id goes by a fingerprint that does not tell the key', () => {
  const [id = ''] = parseKeys(first, 'a test').keys()
  assert.match(id, /^[0-9a-f]{16}$/)
  assert.notEqual(id, [...parseKeys(second, 'a test').keys()][0])
})
