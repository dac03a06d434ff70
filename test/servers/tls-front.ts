// TLS before a server that speaks without: what comes is passed on as it is, and counted.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createServer, type Server } from 'node:tls'
import type { Certificate } from '../security/certificates.ts'

export class TlsFront {
  /** Bytes that somebody has sent after he was content with the certificate. */
  receivedBytes = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** @param port of the server */
  constructor(port: number, { certificate, key }: Certificate) {
    this.#server = createServer({ cert: certificate, key }, (outer) => {
      const inner = connect(port, '127.0.0.1')
      this.#join(outer, inner)
      this.#join(inner, outer)
      outer.on('data', ({ length }: Buffer) => (this.receivedBytes += length))
    })
    // Who does not trust it goes away.
    this.#server.on('tlsClientError', () => undefined)
  }

  async listen(): Promise<number> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.pipe(to)
    from.on('error', () => to.destroy())
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }
}
