/**
 * What goes to a simulated REST server of HBase. Besides all that goes wrong with servers, there
 * may be a region that cannot be read: then only scans say so, all else is said to be missing.
 */
import { Buffer } from 'node:buffer'
import type { HttpAnswer, HttpLine } from '../../src/storage/remote/http.ts'
import type { Attempt } from '../../src/storage/remote/retries.ts'
import { TABLE_TROUBLES } from './connection.ts'
import { Line, type LineWorld } from './line.ts'
import { type Region, type RestRequest, status } from './region.ts'

/** Is thrown by the line, and is an answer all the same. */
class Answered extends Error {
  readonly answer: HttpAnswer

  constructor(code: number) {
    super(`injected: HTTP ${code}`)
    this.answer = status(code, Buffer.from(this.message))
  }
}

export class SimRestLine implements HttpLine {
  readonly #line: Line
  readonly #world: LineWorld & { readonly region: Region }

  constructor(world: LineWorld & { readonly region: Region }) {
    this.#world = world
    this.#line = new Line(world, TABLE_TROUBLES)
  }

  async exchange(
    method: string,
    url: URL,
    _attempt: Attempt,
    body: Uint8Array = new Uint8Array(0),
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HttpAnswer> {
    const request = { method, url, headers, body: Uint8Array.from(body) }
    try {
      return await this.#line.send<HttpAnswer>({
        perform: () => this.#perform(request),
        isDecided: url.searchParams.has('check'),
        refused: () => new Answered(503),
        failed: () => new Answered(500),
        broken: () => Object.assign(new Error('injected: broken off'), { code: 'ECONNRESET' }),
        nobody: () => Object.assign(new Error('injected: nobody there'), { code: 'ECONNREFUSED' }),
      })
    } catch (error) {
      if (error instanceof Answered) return error.answer
      throw error
    }
  }

  close(): void {
    // What is under way is the line's.
  }

  #perform(request: RestRequest): HttpAnswer {
    const { faults, region } = this.#world
    if (request.method === 'GET' && faults.strikes('regionUnread')) {
      return status(request.url.pathname.endsWith('/*') ? 500 : 404)
    }
    return region.run(request)
  }
}
