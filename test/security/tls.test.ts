// TLS of the server by which a running job is asked: what is not encrypted, too old, or without the
// certificate that is asked for gets nothing; and no other address than loopback without it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request, type RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { layerFromObject, resolveOptions } from '../../src/config/resolve.ts'
import { httpControl } from '../../src/runtime/control/http-options.ts'
import { type Certificate, certificateFor } from './certificates.ts'
import { getOf } from './requests.ts'
import { startVictim, type Victim } from './victim.ts'

const folder = mkdtempSync(join(tmpdir(), 'mr-tls-'))
after(() => rmSync(folder, { recursive: true }))
const authority = certificateFor('an authority')
const server = certificateFor('the server', authority)
const client = certificateFor('a client', authority)
const stranger = certificateFor('a client', certificateFor('another authority'))

function fileOf(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}
const tls = {
  certificate: fileOf('server.pem', server.certificate),
  key: fileOf('server.key', server.key),
}

/** The status of `GET /v1/status`, or why there is none. */
function statusOf(
  victim: Victim,
  token: string | undefined,
  options: RequestOptions = {},
): Promise<string> {
  return new Promise((resolve) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const all = { ca: authority.certificate, agent: false, headers, ...options } as const
    const asked = request(`https://127.0.0.1:${victim.port}/v1/status`, all, (answer) => {
      answer.resume()
      resolve(String(answer.statusCode))
    })
    asked.on('error', (error) => resolve(String(error)))
    asked.end()
  })
}

const shown = ({ certificate: cert, key }: Certificate) => ({ cert, key })

describe('with a certificate', () => {
  let victim: Victim
  before(async () => {
    victim = await startVictim({ address: '0.0.0.0', hosts: ['jobs.example'], tls })
  })
  after(() => victim.close())

  it('whoever has a token is served, and nobody else', async () => {
    assert.match(victim.url, /^https:/)
    assert.equal(await statusOf(victim, victim.tokens.viewer), '200')
    assert.equal(await statusOf(victim, undefined), '401')
  })

  it('a request in the clear, or of old TLS, is not answered', async () => {
    assert.doesNotMatch(await victim.send(getOf(victim)), /HTTP\/1\.1 [123]/)
    const old = {
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    } as const
    assert.match(await statusOf(victim, victim.tokens.admin, old), /Error/)
  })

  it('a server that is not who it should be is noticed by the client', async () => {
    const { certificate: ca } = certificateFor('another authority')
    assert.match(await statusOf(victim, undefined, { ca }), /Error.*(verify|certificate|signature)/)
  })

  it('names of the options are its own, and the address that stands for all is not', async () => {
    const { viewer: token } = victim.tokens
    const by = (host: string) =>
      statusOf(victim, token, {
        headers: { host, authorization: `Bearer ${token}` },
        checkServerIdentity: () => undefined,
      })
    assert.equal(await by('jobs.example'), '200')
    assert.equal(await by(`JOBS.example:${victim.port}`), '200')
    assert.equal(await by(`0.0.0.0:${victim.port}`), '421')
    assert.equal(await by('evil.example'), '421')
  })

  it('pages of its own origin may ask, those of the same name without TLS may not', async () => {
    const { viewer: token } = victim.tokens
    const of = (origin: string) =>
      statusOf(victim, token, { headers: { origin, authorization: `Bearer ${token}` } })
    assert.equal(await of(`https://127.0.0.1:${victim.port}`), '200')
    assert.equal(await of(`http://127.0.0.1:${victim.port}`), '403')
  })
})

describe('where clients need a certificate', () => {
  let victim: Victim
  before(async () => {
    const clientAuthority = fileOf('authority.pem', authority.certificate)
    victim = await startVictim({ tls: { ...tls, clientAuthority } })
  })
  after(() => victim.close())

  it('a token alone is not enough, nor is a certificate', async () => {
    const { admin } = victim.tokens
    assert.match(await statusOf(victim, admin), /Error/)
    assert.match(await statusOf(victim, admin, shown(stranger)), /Error/)
    assert.equal(await statusOf(victim, undefined, shown(client)), '401')
    assert.equal(await statusOf(victim, admin, shown(client)), '200')
  })
})

describe('options that would open more than is meant', () => {
  const given = (control: object) =>
    httpControl(
      resolveOptions(
        [layerFromObject('run', 'run()', { control: { http: true, ...control } })],
        1024 ** 3,
      ),
      'savepoints',
      (place) => place,
    )

  it('are refused: other addresses without TLS, names, half a pair', () => {
    for (const address of ['0.0.0.0', '::', '10.0.0.1', '::ffff:127.0.0.1', '2001:db8::1']) {
      assert.throws(() => given({ address }), {
        code: 'CONFIG_INVALID',
        cure: /control.certificate/,
      })
      assert.equal(given({ address, ...tls })?.address, address)
    }
    for (const address of ['jobs.example', '127.0.0.1.evil.example', '127.1']) {
      assert.throws(() => given({ address, ...tls }), { code: 'CONFIG_INVALID', message: /no IP/ })
    }
    for (const half of [{ key: 'k' }, { certificate: 'c' }, { clientAuthority: 'a' }]) {
      assert.throws(() => given(half), { code: 'CONFIG_INVALID', message: /needs both/ })
    }
    for (const address of ['127.0.0.1', '127.9.9.9', '::1']) {
      assert.equal(given({ address })?.address, address)
    }
    assert.equal(given({ address: 'localhost' })?.address, '127.0.0.1')
  })

  it('name the file that cannot be used, and tell nothing of a key', async () => {
    const wrong = fileOf('wrong.key', client.key)
    const none = fileOf('none.pem', 'nothing\n')
    for (const [files, said] of [
      [{ ...tls, certificate: join(folder, 'missing.pem') }, /missing\.pem.*ENOENT/],
      [{ ...tls, key: wrong }, /wrong\.key cannot be used/],
      [{ ...tls, key: none }, /none\.pem cannot be used/],
      [{ ...tls, clientAuthority: none }, /none\.pem cannot be used/],
    ] as const) {
      await assert.rejects(startVictim({ tls: files }), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'CONFIG_INVALID')
        assert.match(error.message, said)
        assert.ok(!error.message.includes(client.key.slice(30, 60)))
        return true
      })
    }
  })
})
