// HTTP as part of a claim: told in control.json, refused where it cannot be had, put off by a
// takeover, and gone with the claim.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { resolveOptions, layerFromObject } from '../../../src/config/resolve.ts'
import { parseControlFile } from '../../../src/runtime/control-protocol.ts'
import { httpControl } from '../../../src/runtime/control/http-options.ts'
import type { ClaimRequest, JobClaim } from '../../../src/runtime/host.ts'
import { claimJobFolder } from '../../../src/runtime/job-claim.ts'

let directory = ''
const claims: JobClaim[] = []
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'mr-http-'))))
afterEach(async () => {
  for (const claim of claims.splice(0)) await claim.release()
  rmSync(directory, { recursive: true })
})

const http = (port: number) => ({ address: '127.0.0.1', port, hosts: [], savepointRoots: [] })

async function claimed(port: number, changes: Partial<ClaimRequest> = {}): Promise<JobClaim> {
  const request = { directory, jobName: 'words', id: 'a', http: http(port), ...changes }
  const claim = await claimJobFolder(request)
  claims.push(claim)
  return claim
}

const told = (): string | undefined =>
  parseControlFile(readFileSync(join(directory, 'words', 'control.json'), 'utf8'))?.http

/** A server of somebody else. */
async function busyPort(): Promise<{ readonly port: number; free(): Promise<void> }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port, // of a server that listens at a port
    free: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

test('the URL is told, in control.json too, and nothing listens after the release', async () => {
  const urls: string[] = []
  const claim = await claimed(0, { onHttp: (url) => urls.push(url) })
  const [url = ''] = urls
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.equal(told(), url)
  assert.equal((await fetch(url)).status, 401)
  await claim.release()
  await assert.rejects(fetch(url))
})

test('a job that is starting says so, to whoever may ask', async () => {
  await claimed(0)
  const token = readFileSync(join(directory, 'words', 'viewer.token'), 'utf8').trim()
  const answer = await fetch(`${told()}/v1/status`, {
    headers: { authorization: `Bearer ${token}` },
  })
  assert.equal(answer.status, 503)
  assert.match(await answer.text(), /CONTROL_UNREACHABLE.*the job is starting/)
})

test('a port in use refuses the start, and leaves the folder to the next one', async () => {
  const busy = await busyPort()
  await assert.rejects(claimed(busy.port), {
    code: 'CONTROL_ADDRESS_UNUSABLE',
    message: new RegExp(`at 127\\.0\\.0\\.1, port ${busy.port}: .*EADDRINUSE`),
  })
  assert.ok(!existsSync(join(directory, 'words', 'control.json')))
  assert.ok(!existsSync(join(directory, 'words', 'control.sock')))
  await busy.free()
  await claimed(busy.port)
})

test('a token that others can read refuses the start', async () => {
  await (await claimed(0)).release()
  chmodSync(join(directory, 'words', 'viewer.token'), 0o644)
  await assert.rejects(claimed(0), { code: 'CONTROL_TOKEN_UNSAFE' })
})

test('a takeover goes on while its port is in use, and has it when it is free', async () => {
  const busy = await busyPort()
  const warnings: unknown[] = []
  const open = Promise.withResolvers<string>()
  await claimed(busy.port, {
    isTakeover: true,
    warn: (error) => warnings.push(error),
    onHttp: open.resolve,
  })
  assert.match(String(warnings), /EADDRINUSE/)
  assert.equal(told(), undefined)
  await busy.free()
  assert.equal(told() ?? (await open.promise), `http://127.0.0.1:${busy.port}`)
})

test('options become what the server is told, and it is not there unless asked for', () => {
  const given = (control: object) =>
    httpControl(
      resolveOptions([layerFromObject('run', 'run()', { control })], 1024 ** 3),
      '.millrace/words/savepoints',
      (place) => (place.startsWith('/') ? place : `/srv/${place}`),
    )
  assert.equal(given({}), undefined)
  assert.deepEqual(given({ http: true })?.savepointRoots, ['/srv/.millrace/words/savepoints'])
  const all = given({ http: true, port: 8080, hosts: 'jobs.example', savepoints: '/a/,b' })
  assert.deepEqual(
    [all?.port, all?.hosts, all?.savepointRoots],
    [8080, ['jobs.example'], ['/a', '/srv/b']],
  )
  assert.equal(all?.address, '127.0.0.1')
})
