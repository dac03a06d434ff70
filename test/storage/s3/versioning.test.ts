// Whether a bucket keeps what is deleted, as a server says it, or does not. A real one that knows
// versions is none of those that the tests start.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { it, type TestContext } from 'node:test'
import { versioningOf } from '../../../src/storage/s3/versioning.ts'

async function placeOf(
  context: TestContext,
  answer: (response: ServerResponse, url: string | undefined) => void,
): Promise<string> {
  const server = createServer(({ url }, response) => answer(response, url))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' })
  return `s3://jobs/a?endpoint=http://127.0.0.1:${address.port}&region=x`
}

const STATUSES = { on: 'Enabled', suspended: 'Suspended', off: undefined } as const

for (const [versioning, status] of Object.entries(STATUSES)) {
  it(`is ${versioning}, as the server says`, async (context) => {
    const urls: (string | undefined)[] = []
    const inside = status === undefined ? '' : `<Status>${status}</Status>`
    const place = await placeOf(context, (response, url) => {
      urls.push(url)
      const name = 'VersioningConfiguration'
      response.end(`<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</${name}>`)
    })
    assert.equal(await versioningOf(place), versioning)
    assert.equal(urls.length, 1)
    assert.match(urls[0] ?? '', /^\/jobs\/?\?versioning/)
  })
}

for (const [status, code] of [
  [403, 'AccessDenied'],
  [501, 'NotImplemented'],
] as const) {
  it(`is unknown where the server answers ${code}`, async (context) => {
    const place = await placeOf(context, (response) => {
      response.writeHead(status).end(`<Error><Code>${code}</Code><Message>no</Message></Error>`)
    })
    assert.equal(await versioningOf(place), 'unknown')
  })
}
