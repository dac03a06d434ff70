/**
 * Whether a request over HTTP is let in, decided from its head alone, before a byte of its body is
 * read. Pure: what it is, who sends it, whose token it shows, what it wants and whether that role
 * may. Paths are compared as they were sent, so nothing has to be decoded to be refused.
 */
import { nearestName } from '../../util/nearest.ts'
import type { ControlMethod } from '../control-protocol.ts'
import { REQUESTS, type RequestSpec, ROLES } from './requests.ts'
import type { TokenHolder } from './secrets.ts'

/** Of a request, all but its body. */
export interface RequestHead {
  readonly httpVersion: string
  readonly method: string
  readonly target: string
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
}

export interface HttpPolicy {
  readonly scheme: 'http' | 'https'
  /** What may stand in `Host`, in small letters. */
  readonly hosts: ReadonlySet<string>
  readonly bodyBytesMax: number
  readonly holderOf: (token: string) => TokenHolder | undefined
  /** Counts a wrong token; false if there were too many. */
  readonly mayFail: () => boolean
}

export interface Admitted {
  readonly method: ControlMethod
  readonly holder: TokenHolder
  /** Of the body. */
  readonly lengthBytes: number
}

export interface Refused {
  readonly status: number
  readonly reason: string
  readonly headers?: Readonly<Record<string, string>>
  /** What is known of who asked for what. */
  readonly holder?: TokenHolder
  readonly method?: ControlMethod
}

type Headers = ReadonlyMap<string, readonly string[]>

// The table is a record of exactly these names.
const NAMES = Object.keys(REQUESTS) as readonly ControlMethod[]
const TARGET = /^\/[A-Za-z0-9/_-]*$/
const BEARER = /^Bearer ([A-Za-z0-9._~+/=-]{1,512})$/i
const LENGTH = /^(0|[1-9]\d{0,15})$/

/** Headers that change the meaning of a message: of two, somebody else might read the other one. */
const SINGLE = [
  'authorization',
  'content-length',
  'content-type',
  'host',
  'origin',
  'sec-fetch-site',
  'transfer-encoding',
]

export function admit(head: RequestHead, policy: HttpPolicy): Admitted | Refused {
  const headers = headersOf(head.rawHeaders)
  const malformed = whyMalformed(head, headers) ?? whyForeign(headers, policy)
  if (malformed !== undefined) return malformed
  const shown = BEARER.exec(one(headers, 'authorization') ?? '')?.[1]
  const holder = shown === undefined ? undefined : policy.holderOf(shown)
  if (holder === undefined) return whyUnknown(shown !== undefined, policy)
  const method = NAMES.find((name) => {
    return REQUESTS[name].http.path === head.target && REQUESTS[name].http.method === head.method
  })
  if (method === undefined) return whyNoSuch(head, holder)
  const spec = REQUESTS[method]
  const { role } = holder
  if (ROLES.indexOf(role) < ROLES.indexOf(spec.role)) {
    return { status: 403, reason: `${method} needs the role ${spec.role}`, holder, method }
  }
  const refused = whyNoBody(spec, headers, policy)
  if (refused !== undefined) return { ...refused, holder, method }
  return { method, holder, lengthBytes: Number(one(headers, 'content-length') ?? 0) }
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Map<string, string[]>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), raw[at + 1] ?? ''])
  }
  return headers
}

function one(headers: Headers, name: string): string | undefined {
  return headers.get(name)?.[0]
}

/** What could be read in two ways, or is another protocol. */
function whyMalformed(head: RequestHead, headers: Headers): Refused | undefined {
  if (head.httpVersion !== '1.1') return { status: 505, reason: 'only HTTP/1.1 is spoken' }
  const doubled = SINGLE.find((name) => (headers.get(name)?.length ?? 0) > 1)
  if (doubled !== undefined) return { status: 400, reason: `there are two headers ${doubled}` }
  if (headers.has('transfer-encoding')) {
    return { status: 411, reason: 'a body needs a Content-Length, and no Transfer-Encoding' }
  }
  if (headers.has('upgrade')) return { status: 400, reason: 'there is no other protocol' }
  if (headers.has('expect')) return { status: 417, reason: 'Expect is not met' }
  if (head.target.includes('?')) {
    return { status: 400, reason: 'there are no queries; a token belongs into Authorization' }
  }
  if (TARGET.test(head.target)) return undefined
  return { status: 400, reason: 'a path has letters, digits, / _ and - only' }
}

/**
 * Pages of other sites, and names that were made to point here. A request of a browser carries an
 * origin as soon as it could change anything; one of a program carries none.
 */
function whyForeign(headers: Headers, { hosts, scheme }: HttpPolicy): Refused | undefined {
  const host = one(headers, 'host') ?? ''
  // First the letters: some that are none of these become small letters that are.
  if (!/^[\x21-\x7e]+$/.test(host) || !hosts.has(host.toLowerCase())) {
    return { status: 421, reason: 'it is not called by this Host; see control.hosts' }
  }
  const origin = one(headers, 'origin')
  // A proxy may have taken the s away.
  const own = [`${scheme}://${host}`, `https://${host}`]
  if (origin !== undefined && !own.includes(origin)) {
    return { status: 403, reason: 'pages of other origins may ask nothing' }
  }
  const site = one(headers, 'sec-fetch-site')
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined
  return { status: 403, reason: 'pages of other sites may ask nothing' }
}

/** Whoever has a token is never kept out by the guesses of others: of 192 bits there are enough. */
function whyUnknown(hasShown: boolean, policy: HttpPolicy): Refused {
  const headers = { 'WWW-Authenticate': 'Bearer' }
  if (!hasShown) return { status: 401, reason: 'there is no token in Authorization', headers }
  if (policy.mayFail()) return { status: 401, reason: 'nobody has this token', headers }
  return { status: 429, reason: 'too many wrong tokens', headers: { 'Retry-After': '60' } }
}

function whyNoSuch({ target, method }: RequestHead, holder: TokenHolder): Refused {
  const routes = NAMES.map((name) => REQUESTS[name].http)
  const allowed = routes.filter(({ path }) => path === target).map((each) => each.method)
  if (allowed.length > 0) {
    const reason = `${target} takes ${allowed.join(' and ')}, not ${method}`
    return { status: 405, reason, headers: { Allow: allowed.join(', ') }, holder }
  }
  const near = nearestName(
    target,
    routes.map(({ path }) => path),
  )
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return { status: 404, reason: `there is nothing at this path${hint}`, holder }
}

/** Only JSON: what a form of another page can send is not. */
function whyNoBody(
  { http }: RequestSpec,
  headers: Headers,
  { bodyBytesMax }: HttpPolicy,
): Refused | undefined {
  const length = one(headers, 'content-length')
  if (length !== undefined && !LENGTH.test(length)) {
    return { status: 400, reason: 'Content-Length is no number' }
  }
  const lengthBytes = Number(length ?? 0)
  if (lengthBytes > bodyBytesMax) {
    return { status: 413, reason: `a body has at most ${bodyBytesMax} bytes` }
  }
  if (http.method === 'GET') {
    return lengthBytes === 0 ? undefined : { status: 400, reason: 'GET takes no body' }
  }
  const type = one(headers, 'content-type') ?? ''
  if (/^application\/json(; ?charset=utf-8)?$/i.test(type)) return undefined
  return { status: 415, reason: 'Content-Type must be application/json' }
}
