// Lines from a socket: cut anywhere, over connections that end and break, and through a journal.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { journal } from '../../src/connectors/journal/journal.ts'
import { socketSource } from '../../src/connectors/socket.ts'
import type { Source } from '../../src/operators/source.ts'
import { sourceContext, temporaryFolder } from './helpers.ts'

/** A server that gives each connection to the next of `answers`. */
async function serve(test: TestContext, answers: ((socket: Socket) => void)[]): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    answers.shift()?.(socket)
  })
  server.listen(0, '127.0.0.1')
  test.after(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function take<P>(source: Source<string, P>, count: number): Promise<string[]> {
  const controller = new AbortController()
  const values: string[] = []
  const [split] = await source.discover(sourceContext())
  assert.ok(split !== undefined)
  for await (const batch of source.read(split, undefined, sourceContext(controller.signal))) {
    values.push(...batch.values)
    if (values.length >= count) controller.abort()
  }
  return values
}

describe('the source socketSource()', () => {
  it('reads lines, wherever chunks are cut', async (test) => {
    const text = Buffer.from('é one\r\ntwo\n\nthree€\nlast')
    const answer = (socket: Socket) => {
      socket.setNoDelay(true)
      let at = 0
      const send = () => {
        if (at < text.length) socket.write(text.subarray(at, ++at), () => setTimeout(send, 1))
        else socket.end()
      }
      send()
    }
    const port = await serve(test, [answer])
    const source = socketSource({ host: '127.0.0.1', port, onEnd: 'finish' })
    assert.equal(source.replayable, false)
    assert.deepEqual(await take(source, 100), ['é one', 'two', '', 'three€', 'last'])
  })

  it('connects again when a connection breaks, and drops the piece of a line', async (test) => {
    const port = await serve(test, [
      (socket) => {
        socket.write('a\nb\npie')
        // A reset also takes what was not read yet.
        setTimeout(() => socket.resetAndDestroy(), 50)
      },
      (socket) => socket.end('c\n'),
      (socket) => socket.write('d\n'),
    ])
    const source = socketSource({ host: '127.0.0.1', port })
    assert.deepEqual(await take(source, 4), ['a', 'b', 'c', 'd'])
  })

  it('gives up when it may', async (test) => {
    const port = await serve(test, [])
    const unused = port === 1 ? 2 : 1
    const source = socketSource({ host: '127.0.0.1', port: unused, giveUpAfter: 10 })
    await assert.rejects(take(source, 1), {
      code: 'CONNECTOR_FAILED',
      message: /no connection to 127\.0\.0\.1:\d+ for 10 ms: .*ECONNREFUSED/,
    })
  })

  it('refuses a line that is too long', async (test) => {
    const port = await serve(test, [(socket) => socket.write('x'.repeat(2_000))])
    const source = socketSource({ host: '127.0.0.1', port, lineBytesMax: 1_000 })
    await assert.rejects(take(source, 1), { code: 'CONNECTOR_MALFORMED_RECORD' })
  })

  it('is exact behind a journal', async (test) => {
    const lines = Array.from({ length: 3_000 }, (_, index) => `line ${index}`)
    const port = await serve(test, [(socket) => socket.end(`${lines.join('\n')}\n`)])
    const directory = await temporaryFolder(test)
    const create = () =>
      journal(socketSource({ host: '127.0.0.1', port, onEnd: 'finish' }), { directory })
    assert.deepEqual(await take(create(), Infinity), lines)
    assert.deepEqual(await take(create(), Infinity), lines)
  })

  it('refuses wrong options', () => {
    const make = socketSource as (options: unknown) => unknown
    for (const options of [{}, { host: 'a' }, { host: 'a', port: 0 }, { host: '', port: 1 }]) {
      assert.throws(() => make(options), { code: 'CONFIG_INVALID' })
    }
    assert.throws(() => make({ host: 'a', port: 1, retry: 1 }), { code: 'CONFIG_UNKNOWN_OPTION' })
  })
})
