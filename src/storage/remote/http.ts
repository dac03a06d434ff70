/**
 * One exchange over HTTP, with the client of Node itself: DataNodes of HDFS answer `100 Continue`
 * without being asked, and `fetch` takes that for an error.
 */
import { Buffer } from 'node:buffer'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Attempt } from './retries.ts'

export interface HttpAnswer {
  readonly status: number
  readonly location: string | undefined
  readonly body: Buffer
}

/** What requests go over. */
export interface HttpLine {
  /**
   * Rejects when there is no whole answer.
   *
   * @param others headers that are sent too; without a type a body is bytes.
   */
  exchange(
    method: string,
    url: URL,
    attempt: Attempt,
    body?: Uint8Array,
    others?: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer>
  close(): void
}

const BYTES = { 'content-type': 'application/octet-stream' } as const

export class HttpClient implements HttpLine {
  readonly #http = new HttpAgent({ keepAlive: true })
  readonly #https: HttpsAgent

  /** @param authorities whom to trust over TLS, as PEM; whom Node trusts if undefined. */
  constructor(authorities?: string) {
    const trusted = authorities === undefined ? {} : { ca: authorities }
    this.#https = new HttpsAgent({ keepAlive: true, ...trusted })
  }

  async exchange(
    method: string,
    url: URL,
    attempt: Attempt,
    body?: Uint8Array,
    others: Readonly<Record<string, string>> = {},
  ): Promise<HttpAnswer> {
    const { signal } = attempt
    const headers =
      body === undefined ? others : { ...BYTES, 'content-length': body.length, ...others }
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const made =
        url.protocol === 'https:'
          ? httpsRequest(url, { method, headers, signal, agent: this.#https })
          : httpRequest(url, { method, headers, signal, agent: this.#http })
      made.on('response', resolve)
      made.on('error', reject)
      made.end(body)
    })
    const chunks: Buffer[] = []
    // Without an encoding the chunks of a message are bytes.
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      attempt.progress()
      chunks.push(chunk)
    }
    const { statusCode: status = 0, headers: answered } = answer
    return { status, location: answered.location, body: Buffer.concat(chunks) }
  }

  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }
}
