/**
 * The server that carries requests over HTTP: reads heads and bodies within their limits, asks the
 * guard, has the desk perform, answers in JSON. No path becomes the name of a file, nothing that
 * came in goes out in a header, and no answer may be read by a page of another origin.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { errorToData, type ErrorCode, isMillraceError, MillraceError } from '../../errors.ts'
import type { Clock } from '../../util/clock.ts'
import { badRequest, type ControlRequest } from '../control-protocol.ts'
import type { Caller, Denied } from './desk.ts'
import { FailureLimit } from './failure-limit.ts'
import { type Admitted, admit, type HttpPolicy, type Refused } from './http-guard.ts'
import type { HttpControl, HttpLimits } from './http-options.ts'
import { HTTP_LIMITS } from './http-options.ts'
import { allowedPlace } from './savepoint-place.ts'
import type { Tokens } from './secrets.ts'
import type { TlsMaterial } from './tls.ts'

const REQUESTS_PER_CONNECTION_MAX = 1_000
const HEADERS_MAX = 64
/** What is being answered when the job ends has so long. */
const END_TIMEOUT_MS = 2_000

const HEADERS = {
  'Content-Type': 'application/json; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

/** The connection ends with an error: what may still come on it is not read. */
const LAST = { Connection: 'close' } as const

/** What errors of requests mean in HTTP; others are 500. */
const STATUSES: Partial<Readonly<Record<ErrorCode, number>>> = {
  CONTROL_BAD_REQUEST: 400,
  CONTROL_DENIED: 403,
  CONTROL_UNREACHABLE: 503,
  CHECKPOINT_NOT_FOUND: 404,
  JOB_NOT_RUNNING: 409,
  OPERATOR_PARKS_NOTHING: 409,
  OPERATOR_UNKNOWN: 404,
  PARKED_KEY_UNKNOWN: 404,
  STANDBY_MISSING: 409,
  STORAGE_CONFLICT: 409,
  TYPE_MISMATCH: 400,
}

export interface HttpDesk {
  perform(request: ControlRequest, caller: Caller, place: PlaceCheck): Promise<unknown>
  deny(denied: Denied): Promise<void>
}

/** Where something may be written that a request asks for. */
type PlaceCheck = (given: string) => Promise<string>

export interface HttpServerOptions {
  readonly control: HttpControl
  readonly clock: Clock
  readonly tokens: Tokens
  readonly tls: TlsMaterial | undefined
  readonly desk: HttpDesk
}

export class HttpControlServer {
  readonly #options: HttpServerOptions
  readonly #limits: HttpLimits
  readonly #server: Server
  readonly #denials: FailureLimit
  /** Connections on which no other request may come now. */
  readonly #held = new WeakMap<Socket, 'in work' | 'refused'>()
  #policy: HttpPolicy | undefined
  #inWork = 0

  constructor(options: HttpServerOptions) {
    this.#options = options
    const { control, tls } = options
    const limits = (this.#limits = { ...HTTP_LIMITS, ...control.limits })
    this.#denials = new FailureLimit(options.clock, limits.failuresMax, limits.failureEveryMs)
    const settings = {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      insecureHTTPParser: false,
    }
    const handshakeTimeout = limits.headersTimeoutMs
    this.#server =
      tls === undefined
        ? createServer(settings)
        : createSecureServer({ ...settings, ...tls, handshakeTimeout })
    this.#server.maxConnections = limits.connectionsMax
    this.#server.maxHeadersCount = HEADERS_MAX
    this.#server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX
    const serve = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#serve(request, response)
    // All that Node would answer by itself is refused like everything else.
    for (const event of ['request', 'checkContinue', 'checkExpectation']) {
      this.#server.on(event, serve)
    }
    this.#server.unref()
  }

  /** Resolves to the URL. Throws `CONTROL_ADDRESS_UNUSABLE`. */
  async listen(): Promise<string> {
    const { address, port } = this.#options.control
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        const message = `nothing can listen at ${address}, port ${port}: ${error.message}`
        reject(new MillraceError('CONTROL_ADDRESS_UNUSABLE', message, { cause: error }))
      })
      this.#server.listen({ host: address, port, exclusive: true }, resolve)
    })
    // Of a server that listens at an address and port.
    const bound = this.#server.address() as AddressInfo
    this.#policy = this.#policyOf(bound)
    return `${this.#policy.scheme}://${hostOf(bound)}:${bound.port}`
  }

  /** Listens no more; what is being answered has some time. */
  close(): void {
    this.#server.close()
    this.#server.closeIdleConnections()
    this.#options.clock.setTimer(END_TIMEOUT_MS, () => this.#server.closeAllConnections())
  }

  #policyOf(bound: AddressInfo): HttpPolicy {
    const { control, clock, tokens, tls } = this.#options
    const { failuresMax, failureEveryMs, bodyBytesMax } = this.#limits
    const failures = new FailureLimit(clock, failuresMax, failureEveryMs)
    const given = control.hosts.map((name) => name.toLowerCase())
    const names = ['localhost', '127.0.0.1', '[::1]', ...given]
    // Nobody is called by the address that stands for all.
    if (!['0.0.0.0', '::'].includes(bound.address)) names.push(hostOf(bound))
    return {
      scheme: tls === undefined ? 'http' : 'https',
      hosts: new Set([...names.map((name) => `${name}:${bound.port}`), ...given]),
      bodyBytesMax,
      holderOf: (token) => tokens.holderOf(token),
      mayFail: () => failures.take(),
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes away is no event.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    const { httpVersion, method = '', url: target = '', rawHeaders } = request
    const { socket } = request
    const held = this.#held.get(socket)
    // Behind a refusal nothing is read; nobody sends a second request before the first is answered.
    if (held === 'refused') return
    if (held === 'in work' || this.#policy === undefined) return void socket.destroy()
    const admitted = admit({ httpVersion, method, target, rawHeaders }, this.#policy)
    this.#held.set(socket, 'status' in admitted ? 'refused' : 'in work')
    if ('status' in admitted) return await this.#refuse(admitted, request, response)
    response.once('finish', () => this.#held.delete(socket))
    const { inWorkMax } = this.#limits
    if (this.#inWork >= inWorkMax) {
      const headers = { 'Retry-After': '1' }
      const refused = { status: 503, reason: `${inWorkMax} requests are in work`, headers }
      return await this.#refuse(refused, request, response)
    }
    this.#inWork++
    try {
      answer(response, 200, { result: (await this.#perform(admitted, request)) ?? null })
    } catch (error) {
      const { code, message, cure, retryable, details } = errorToData(error, 'CHECKPOINT_FAILED')
      const status = isMillraceError(error) ? (STATUSES[code] ?? 500) : 500
      answer(response, status, { error: { code, message, cure, retryable, details } }, LAST)
    } finally {
      this.#inWork--
    }
  }

  async #perform({ method, holder, lengthBytes }: Admitted, request: IncomingMessage) {
    const params = await paramsIn(request, lengthBytes)
    const caller = { ...holder, via: 'http' } as const
    const { savepointRoots } = this.#options.control
    const place: PlaceCheck = (given) => allowedPlace(given, savepointRoots)
    return await this.#options.desk.perform({ method, params }, caller, place)
  }

  async #refuse(
    refused: Refused,
    { socket }: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { status, reason, headers = {}, holder, method } = refused
    const isWorthNoting = holder !== undefined || status === 401 || status === 421 || status === 403
    if (isWorthNoting && this.#denials.take()) {
      const who = holder ?? { role: 'nobody' }
      const denied = { ...who, via: 'http', method, status, reason } as const
      await this.#options.desk.deny({ ...denied, from: socket.remoteAddress })
    }
    const { code, message, cure } = new MillraceError('CONTROL_DENIED', reason)
    answer(response, status, { error: { code, message, cure } }, { ...headers, ...LAST })
  }
}

function answer(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed) return
  const body = Buffer.from(`${JSON.stringify(value)}\n`)
  response.writeHead(status, { ...HEADERS, ...headers, 'Content-Length': body.length })
  response.end(body)
}

/** The object in the body; without a body there are no parameters. */
async function paramsIn(
  request: IncomingMessage,
  lengthBytes: number,
): Promise<Readonly<Record<string, unknown>>> {
  if (lengthBytes === 0) return {}
  const chunks: Buffer[] = []
  // Not more than its length, which the parser sees to.
  for await (const chunk of request) chunks.push(chunk as Buffer) // no encoding is set
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)))
  } catch {
    throw badRequest('the body is not JSON in UTF-8')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('the body is no object of parameters')
  }
  return value as Readonly<Record<string, unknown>> // any object is one
}

function hostOf({ address, family }: AddressInfo): string {
  return family === 'IPv6' ? `[${address}]` : address
}
