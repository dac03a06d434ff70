// What each store on a server must do over TLS: trust the authorities that its URL names and no
// others, and say nothing to a server that is not who it should be.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { isMillraceError, type MillraceError } from '../../src/errors.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { type Certificate, certificateFor } from '../security/certificates.ts'
import { TlsFront } from './tls-front.ts'

export interface TlsSuite {
  readonly name: string
  /** Of the server, which speaks without TLS. */
  readonly port: number
  /** A place over TLS, behind that port; the URL has options already. */
  readonly place: (port: number) => string
  /** Is told where TLS begins, before anything is asked. */
  readonly frontIs?: (port: number) => void
  /** What is shown to the server, and to nobody else. */
  readonly secret: string
  /** What makes the URL show it, if it is not in the environment anyway. */
  readonly shows?: (folder: string) => string
  /** Undoes that. */
  readonly hides?: () => void
}

const TOKEN = 'very-secret-token-4711'

/** In a file that the URL names. */
export const TOLD_BY_TOKEN = {
  secret: TOKEN,
  shows: (folder: string): string => {
    const path = join(folder, 'token')
    writeFileSync(path, TOKEN)
    return `&token-file=${path}`
  },
}

const authority = certificateFor('an authority')
const stranger = certificateFor('another authority')
const server = certificateFor('the server', authority)
const elsewhere = certificateFor('the server', authority, ['elsewhere.example'])

/** Opens the suite's store behind fronts of its own. */
class Fronts {
  readonly trusted: string
  readonly #suite: TlsSuite
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
  readonly #fronts: TlsFront[] = []
  readonly #stores: BlobStore[] = []

  constructor(suite: TlsSuite) {
    this.#suite = suite
    this.trusted = this.file('authority.pem', authority.certificate)
  }

  /** @param text absent: there is none of that name. */
  file(name: string, text?: string): string {
    const path = join(this.#folder, name)
    if (text !== undefined) writeFileSync(path, text)
    return path
  }

  async front(certificate: Certificate) {
    const front = new TlsFront(this.#suite.port, certificate)
    this.#fronts.push(front)
    return { front, port: await front.listen() }
  }

  async open(port: number, more: string): Promise<BlobStore> {
    const store = await openBlobStore(`${this.#suite.place(port)}${more}`)
    this.#stores.push(store)
    return store
  }

  /** What it says to a server that it must not trust, to which it must have sent nothing. */
  async refusal(certificate: Certificate, authorities: string): Promise<MillraceError> {
    const { shows, hides, secret } = this.#suite
    const { front, port } = await this.front(certificate)
    const store = await this.open(port, `${authorities}${shows?.(this.#folder) ?? ''}`)
    const failure = await store.putIfAbsent('a', Buffer.from('bytes')).then(
      () => assert.fail('it was put'),
      (error: unknown) => error,
    )
    hides?.()
    assert.ok(isMillraceError(failure), inspect(failure))
    assert.equal(front.receivedBytes, 0)
    assert.doesNotMatch(inspect(failure, { depth: 9, showHidden: true }), new RegExp(secret))
    assert.equal(failure.code, 'STORAGE_FAILED')
    assert.equal(failure.retryable, false)
    return failure
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close()
    for (const front of this.#fronts) await front.close()
    rmSync(this.#folder, { recursive: true })
  }
}

export function tlsSuite(suite: TlsSuite): void {
  describe(`${suite.name}: over TLS`, () => {
    const fronts = new Fronts(suite)
    after(() => fronts.close())

    it('does what it does without, when it trusts the authority', async () => {
      const { front, port } = await fronts.front(server)
      suite.frontIs?.(port)
      const store = await fronts.open(port, `&ca=${fronts.trusted}`)
      const bytes = Buffer.alloc(300_000, 'over TLS ')
      const writer = await store.create('runs/a')
      await writer.write(bytes)
      await writer.close()
      assert.equal(await store.putIfAbsent('b', Buffer.from('first')), true)
      assert.equal(await store.putIfAbsent('b', Buffer.from('second')), false)
      assert.ok(bytes.equals(await store.read('runs/a')))
      assert.ok(front.receivedBytes > bytes.length)
      const names = (await store.list('')).map((blob) => blob.name)
      assert.deepEqual(names, ['b', 'runs/a'])
      for (const blob of names) await store.delete(blob)
      assert.deepEqual(await store.list(''), [])
    })

    it('refuses a server whose authority it does not know', async () => {
      const others = fronts.file('others.pem', stranger.certificate)
      for (const authorities of [`&ca=${others}`, '']) {
        const { cure } = await fronts.refusal(server, authorities)
        assert.match(cure, /ca=…/)
      }
    })

    it('refuses a server that has the certificate of another host', async () => {
      const { cure } = await fronts.refusal(elsewhere, `&ca=${fronts.trusted}`)
      assert.match(cure, /as its certificate does/)
    })

    it('is not opened with a file that has no authorities', async () => {
      for (const file of [fronts.file('empty.pem', 'nothing'), fronts.file('missing.pem')]) {
        const opened = (async () => {
          const store = await fronts.open(1, `&ca=${file}`)
          await store.stat('a')
        })()
        await assert.rejects(opened, { code: 'CONFIG_INVALID', message: new RegExp(file) })
      }
    })
  })
}
