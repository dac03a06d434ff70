// Stands between a store and its server, and does to chosen requests what networks do.
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'

/** What happens to one request. */
export type Fault =
  /** The server is busy, and does nothing. */
  | 'busy'
  /** Nobody ever answers. */
  | 'hang'
  /** The request is heeded, but its answer is lost. */
  | 'lose answer'
  /** The answer ends in the middle. */
  | 'cut answer'
  /** The request does not arrive. */
  | 'reset'
  /** All is well after so many milliseconds. */
  | number

/** What is behind the proxy. */
export interface Target {
  port(request: IncomingMessage): number
  /** Changes the text of answers in JSON, in which servers name each other. */
  readonly rewritten?: (text: string) => string
}

/** Who does it. */
export interface Faulty {
  /** Asked for each request, with its method or what comes to the same; undefined: all is well. */
  faultOf(request: { readonly method?: string | undefined }): Fault | undefined
}

export class FaultyProxy implements Faulty {
  faultOf: (request: IncomingMessage) => Fault | undefined = () => undefined
  /** How many requests have come, and to how many something was done. */
  requests = 0
  struck = 0
  readonly #server = createServer((incoming, outgoing) => this.#handle(incoming, outgoing))
  readonly #target: Target

  constructor(target: Target) {
    this.#target = target
  }

  async listen(): Promise<number> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    this.#server.unref()
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    this.requests++
    const fault = this.faultOf(incoming)
    if (fault !== undefined) this.struck++
    if (fault === 'reset') return void incoming.socket.destroy()
    if (fault === 'hang') return void incoming.resume()
    if (fault === 'busy') {
      incoming.resume()
      outgoing.writeHead(503, { 'content-type': 'text/plain' }).end('busy')
      return
    }
    if (typeof fault === 'number') {
      setTimeout(() => this.#pass(incoming, outgoing, undefined), fault)
      return
    }
    this.#pass(incoming, outgoing, fault)
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined): void {
    const { method, url: path, headers } = incoming
    const target = { host: '127.0.0.1', port: this.#target.port(incoming) }
    const passed = request({ ...target, method, path, headers, agent: false }, (answer) => {
      const fail = (): void => void outgoing.destroy()
      if (fault === 'lose answer') {
        answer.resume().on('end', fail).on('error', fail)
        return
      }
      const { rewritten } = this.#target
      if (rewritten !== undefined && answer.headers['content-type']?.includes('json') === true) {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', fail)
        answer.on('end', () => {
          const body = Buffer.from(rewritten(Buffer.concat(chunks).toString()))
          const { 'transfer-encoding': _, ...others } = answer.headers
          outgoing.writeHead(answer.statusCode ?? 502, { ...others, 'content-length': body.length })
          if (fault === 'cut answer') outgoing.write(body.subarray(0, body.length >>> 1), fail)
          else outgoing.end(body)
        })
        return
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      if (fault === 'cut answer') {
        answer.once('data', (chunk: Buffer) => {
          outgoing.write(chunk.subarray(0, chunk.length >>> 1), fail)
          answer.destroy()
        })
        answer.on('end', fail)
        return
      }
      answer.pipe(outgoing)
      answer.on('error', fail)
    })
    passed.on('error', () => incoming.socket.destroy())
    passed.on('continue', () => outgoing.writeContinue())
    incoming.pipe(passed)
  }
}
