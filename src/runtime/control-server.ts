/**
 * The server behind the control socket: reads lines, has them performed, answers. Bad input is
 * answered, never thrown; sizes, counts and idle time are bounded. Who may connect is decided by
 * the socket's place and mode (`control-socket.ts`).
 */
import { createServer, type Server, type Socket } from 'node:net'
import { errorToData } from '../errors.ts'
import type { Clock } from '../util/clock.ts'
import {
  badRequest,
  type ControlRequest,
  type ControlResponse,
  controlRequestBytesMax,
  parseRequest,
} from './control-protocol.ts'

const connectionsMax = 32
const pendingPerConnectionMax = 16
/** What is being answered when the job ends has so long. */
const endTimeoutMs = 2_000
const idleTimeoutDefaultMs = 60_000

export interface ControlServerOptions {
  readonly clock: Clock
  readonly perform: (request: ControlRequest) => Promise<unknown>
  /** A connection without a request for so long is closed. Default: a minute. */
  readonly idleTimeoutMs?: number
}

export interface ControlServer {
  /** Not listening yet; it does not keep the process alive. */
  readonly server: Server
  /** Listens no more; connections end when their answers are given, or soon. */
  close(): void
}

interface Connection {
  /** Hangs up after the answers that are being prepared. */
  end(): void
}

export function createControlServer(options: ControlServerOptions): ControlServer {
  const connections = new Set<Connection>()
  const server = createServer((socket) => {
    const connection = serveConnection(socket, options)
    connections.add(connection)
    socket.once('close', () => connections.delete(connection))
  })
  server.maxConnections = connectionsMax
  server.unref()
  return {
    server,
    close() {
      server.close()
      for (const connection of connections) connection.end()
    },
  }
}

function serveConnection(socket: Socket, options: ControlServerOptions): Connection {
  let pending = 0
  let isEnding = false
  let unread = ''
  socket.setEncoding('utf8')
  closeWhenIdle(socket, options, () => pending === 0)
  // A client that goes away in the middle of an answer is no event.
  socket.on('error', () => socket.destroy())
  const answer = (response: ControlResponse): void => {
    if (socket.writable) socket.write(`${JSON.stringify(response)}\n`)
  }
  const take = async (line: string): Promise<void> => {
    const id = idOf(line)
    if (pending >= pendingPerConnectionMax) {
      return answer({ id, error: errorToData(badRequest('too many requests at once')) })
    }
    pending++
    try {
      answer({ id, result: (await options.perform(parseRequest(line))) ?? null })
    } catch (error) {
      answer({ id, error: errorToData(error, 'CHECKPOINT_FAILED') })
    } finally {
      pending--
      if (isEnding && pending === 0) socket.destroySoon()
    }
  }
  socket.on('data', (chunk: string) => {
    const lines = (unread + chunk).split('\n')
    unread = lines.pop() ?? ''
    if (unread.length > controlRequestBytesMax) {
      const error = badRequest(`a request is longer than ${controlRequestBytesMax} bytes`)
      answer({ id: null, error: errorToData(error) })
      socket.destroySoon()
      unread = ''
      return
    }
    for (const line of lines) if (line.trim() !== '') void take(line)
  })
  return {
    end() {
      isEnding = true
      if (pending === 0) return socket.destroySoon()
      // An answer that never comes must not keep the process.
      const timer = options.clock.setTimer(endTimeoutMs, () => socket.destroy())
      socket.once('close', () => timer.cancel())
    },
  }
}

function closeWhenIdle(
  socket: Socket,
  { clock, idleTimeoutMs = idleTimeoutDefaultMs }: ControlServerOptions,
  isIdle: () => boolean,
): void {
  let usedAtMs = clock.monotonic()
  const check = (): void => {
    const leftMs = isIdle() ? idleTimeoutMs - (clock.monotonic() - usedAtMs) : idleTimeoutMs
    if (leftMs <= 0) socket.destroy()
    else timer = clock.setTimer(leftMs, check)
  }
  let timer = clock.setTimer(idleTimeoutMs, check)
  socket.on('data', () => (usedAtMs = clock.monotonic()))
  socket.on('close', () => timer.cancel())
}

function idOf(line: string): number | null {
  try {
    const value: unknown = JSON.parse(line)
    const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : null
    return typeof id === 'number' ? id : null
  } catch {
    return null
  }
}
