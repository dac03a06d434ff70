/**
 * The one table of what can be asked of a running job: who may, what a request takes, whether it
 * changes anything, what it does, and where HTTP has it. Sockets and servers only carry requests;
 * they know none of them.
 */
import { createHash } from 'node:crypto'
import { nearestName } from '../../util/nearest.ts'
import { badRequest, type ControlMethod } from '../control-protocol.ts'
import type { ControlHandler } from '../host.ts'

/** Each may do what those before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Of the hash of what is not told. */
const FINGERPRINT_CHARS = 8
const TEXT_CHARS_MAX = 4_096

/** Kinds of parameters, and what they are to who performs the request. */
interface Kinds {
  /** False if it is not given. */
  readonly flag: boolean
  /** Where something is written: a path or URL. */
  readonly place: string
  readonly 'place?': string | undefined
  readonly text: string
  readonly 'text?': string | undefined
  /** A key of state, or a subject: no log tells it. */
  readonly key: string
  readonly 'key?': string | undefined
}

export type ParamKinds = Readonly<Record<string, keyof Kinds>>
type GivenOf<P extends ParamKinds> = { readonly [K in keyof P]: Kinds[P[K]] }

/** Parameters that were checked. */
export type GivenParams = Readonly<Record<string, boolean | string | undefined>>

export interface RequestSpec {
  /** The least role that may ask it. The owner of the socket may ask everything. */
  readonly role: Role
  readonly http: { readonly method: 'GET' | 'POST'; readonly path: string }
  /** Then it stands in the audit log. */
  readonly changes: boolean
  readonly params: ParamKinds
  readonly perform: (job: ControlHandler, given: GivenParams) => unknown
}

function request<const P extends ParamKinds>(
  spec: Omit<RequestSpec, 'perform' | 'params'> & {
    readonly params: P
    readonly perform: (job: ControlHandler, given: GivenOf<P>) => unknown
  },
): RequestSpec {
  // `givenParams` has checked each by its kind.
  return { ...spec, perform: (job, given) => spec.perform(job, given as GivenOf<P>) }
}

export const REQUESTS: Readonly<Record<ControlMethod, RequestSpec>> = {
  status: request({
    role: 'viewer',
    http: { method: 'GET', path: '/v1/status' },
    changes: false,
    params: {},
    perform: (job) => job.status(),
  }),
  checkpoints: request({
    role: 'viewer',
    http: { method: 'GET', path: '/v1/checkpoints' },
    changes: false,
    params: {},
    perform: (job) => job.checkpoints(),
  }),
  checkpoint: request({
    role: 'operator',
    http: { method: 'POST', path: '/v1/checkpoints' },
    changes: true,
    params: { full: 'flag' },
    perform: (job, { full }) => job.checkpoint({ full }),
  }),
  savepoint: request({
    role: 'operator',
    http: { method: 'POST', path: '/v1/savepoints' },
    changes: true,
    params: { directory: 'place' },
    perform: (job, { directory }) => job.savepoint(directory),
  }),
  release: request({
    role: 'operator',
    http: { method: 'POST', path: '/v1/release' },
    changes: true,
    params: { operator: 'text', key: 'key?' },
    perform: (job, { operator, key }) => job.release(operator, key),
  }),
  stop: request({
    role: 'operator',
    http: { method: 'POST', path: '/v1/stop' },
    changes: true,
    params: { savepoint: 'place?', drain: 'flag' },
    perform: (job, { savepoint, drain }) =>
      job.stop({ ...(savepoint === undefined ? {} : { savepoint }), drain }),
  }),
  handover: request({
    role: 'operator',
    http: { method: 'POST', path: '/v1/handover' },
    changes: true,
    params: {},
    perform: (job) => job.handOver(),
  }),
  // What is erased comes back by nothing.
  erase: request({
    role: 'admin',
    http: { method: 'POST', path: '/v1/erase' },
    changes: true,
    params: { subject: 'key', type: 'text?' },
    perform: (job, { subject, type }) => job.erase(subject, type),
  }),
  // Without a last checkpoint, and with `onCancel: 'delete'` without any.
  cancel: request({
    role: 'admin',
    http: { method: 'POST', path: '/v1/cancel' },
    changes: true,
    params: {},
    perform: (job) => job.cancel(),
  }),
}

/** What was given for a request. Throws `CONTROL_BAD_REQUEST` if it takes something else. */
export function givenParams(
  kinds: ParamKinds,
  params: Readonly<Record<string, unknown>>,
): GivenParams {
  const names = Object.keys(kinds)
  const unknown = Object.keys(params).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const shown = JSON.stringify(unknown.slice(0, 100))
    throw badRequest(`there is no parameter ${shown}`, nearestName(unknown, names))
  }
  return Object.fromEntries(
    Object.entries(kinds).map(([name, kind]) => {
      const value = Object.hasOwn(params, name) ? params[name] : undefined
      return [name, kind === 'flag' ? flagOf(name, value) : textOf(name, kind, value)]
    }),
  )
}

function isKey(kind: keyof Kinds | undefined): boolean {
  return kind === 'key' || kind === 'key?'
}

function flagOf(name: string, value: unknown): boolean {
  if (value === undefined) return false
  if (typeof value === 'boolean') return value
  throw badRequest(`${name} is neither true nor false`)
}

/** What was given, as the audit log has it: a key only as the beginning of its hash. */
export function notedParams(kinds: ParamKinds, given: GivenParams): GivenParams {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const isHidden = isKey(kinds[name]) && typeof value === 'string'
      return [name, isHidden ? fingerprint(value) : value]
    }),
  )
}

function fingerprint(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex').slice(0, FINGERPRINT_CHARS)}`
}

function textOf(
  name: string,
  kind: Exclude<keyof Kinds, 'flag'>,
  value: unknown,
): string | undefined {
  if (value === undefined && kind.endsWith('?')) return undefined
  // A key may be the empty text.
  const isEmpty = value === '' && !isKey(kind)
  if (typeof value !== 'string' || isEmpty) throw badRequest(`${name} is missing or no text`)
  if (value.length > TEXT_CHARS_MAX || (value.includes('\0') && !isKey(kind))) {
    throw badRequest(`${name} is longer than ${TEXT_CHARS_MAX} characters, or holds a zero byte`)
  }
  return value
}
