// Requests as text, sound but for what an attack changes.
import type { Victim } from './victim.ts'

export interface Parts {
  readonly method?: string
  readonly target?: string
  readonly version?: string
  /** Undefined leaves the header out. */
  readonly host?: string | undefined
  readonly token?: string | undefined
  readonly headers?: readonly string[]
  /** Undefined: no Content-Type, no Content-Length. */
  readonly body?: string | undefined
  readonly type?: string | undefined
}

/** A request that would be granted: `POST /v1/stop` with the admin's token, but for `changes`. */
export function requestOf(victim: Victim, changes: Parts = {}): string {
  const { method, target, version, host, token, headers, body, type }: Required<Parts> = {
    method: 'POST',
    target: '/v1/stop',
    version: 'HTTP/1.1',
    host: `127.0.0.1:${victim.port}`,
    token: victim.tokens.admin,
    headers: [],
    body: '{}',
    type: 'application/json',
    ...changes,
  }
  const lines = [
    `${method} ${target} ${version}`,
    ...(host === undefined ? [] : [`Host: ${host}`]),
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...headers,
    ...(type === undefined || body === undefined ? [] : [`Content-Type: ${type}`]),
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}

/** The same for `GET`, which has no body. */
export function getOf(victim: Victim, changes: Parts = {}): string {
  return requestOf(victim, { method: 'GET', target: '/v1/status', body: undefined, ...changes })
}
