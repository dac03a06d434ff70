// Stands between a store and Cassandra, and does to chosen requests what networks do. It reads the
// frames of the native protocol, version 4, so far as to know reads from writes.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Fault, Faulty } from './faulty-proxy.ts'

const HEADER_BYTES = 9
const ERROR = 0x00
const RESULT = 0x08
const PREPARE = 0x09
const EXECUTE = 0x0a
const BATCH = 0x0d
const RESULT_PREPARED = 4
const OVERLOADED = 0x1001

interface Frame {
  readonly bytes: Buffer
  readonly stream: number
  readonly operation: number
  readonly body: Buffer
}

export class FaultyCql implements Faulty {
  faultOf: Faulty['faultOf'] = () => undefined
  readonly #port: number
  readonly #server = createServer((client) => this.#pass(client))
  readonly #sockets = new Set<Socket>()
  /** By the id of a prepared statement: `GET` or `PUT`. */
  readonly #methods = new Map<string, string>()

  constructor(port: number) {
    this.#port = port
  }

  async listen(): Promise<number> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    this.#server.unref()
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #pass(client: Socket): void {
    const server = connect(this.#port, '127.0.0.1')
    const end = (): void => {
      for (const socket of [client, server]) {
        socket.destroy()
        this.#sockets.delete(socket)
      }
    }
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', end).on('close', end)
    }
    /** What is to happen to the answers of streams. */
    const struck = new Map<number, Fault>()
    const preparing = new Map<number, string>()
    onFrames(client, (frame) => {
      const { operation, stream, body, bytes } = frame
      if (operation === PREPARE) {
        const text = body.subarray(4, 4 + body.readInt32BE(0)).toString()
        preparing.set(stream, text.startsWith('SELECT') ? 'GET' : 'PUT')
      }
      const fault = this.#faultOf(frame)
      if (fault === 'reset') return end()
      if (fault === 'hang') return undefined
      if (fault === 'busy') return void client.write(overloaded(frame))
      if (typeof fault === 'number') return void setTimeout(() => server.write(bytes), fault)
      if (fault !== undefined) struck.set(stream, fault)
      server.write(bytes)
      return undefined
    })
    onFrames(server, ({ operation, stream, body, bytes }) => {
      const method = preparing.get(stream)
      preparing.delete(stream)
      if (method !== undefined && operation === RESULT && body.readInt32BE(0) === RESULT_PREPARED) {
        this.#methods.set(idAt(body, 4), method)
      }
      const fault = struck.get(stream)
      if (fault === undefined) return void client.write(bytes)
      if (fault === 'cut answer') client.write(bytes.subarray(0, bytes.length >>> 1), end)
      else end()
    })
  }

  /** Only what the store itself asks for meets faults. */
  #faultOf({ operation, body }: Frame): Fault | undefined {
    if (operation === BATCH) return this.faultOf({ method: 'PUT' })
    if (operation !== EXECUTE) return undefined
    return this.faultOf({ method: this.#methods.get(idAt(body, 0)) })
  }
}

function idAt(body: Buffer, offset: number): string {
  const length = body.readUInt16BE(offset)
  return body.subarray(offset + 2, offset + 2 + length).toString('hex')
}

function onFrames(socket: Socket, heed: (frame: Frame) => void): void {
  let pending = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= HEADER_BYTES) {
      const length = HEADER_BYTES + pending.readInt32BE(5)
      if (pending.length < length) return
      const bytes = pending.subarray(0, length)
      pending = pending.subarray(length)
      const body = bytes.subarray(HEADER_BYTES)
      heed({ bytes, body, stream: bytes.readInt16BE(2), operation: bytes.readUInt8(4) })
    }
  })
}

function overloaded({ bytes }: Frame): Buffer {
  const message = Buffer.from('busy')
  const body = Buffer.alloc(6)
  body.writeInt32BE(OVERLOADED, 0)
  body.writeUInt16BE(message.length, 4)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt8(bytes.readUInt8(0) | 0x80, 0)
  header.writeInt16BE(bytes.readInt16BE(2), 2)
  header.writeUInt8(ERROR, 4)
  header.writeInt32BE(body.length + message.length, 5)
  return Buffer.concat([header, body, message])
}
