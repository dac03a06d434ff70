/** How a job is asked over HTTP, as the options say it. */
import type { ResolvedOptions } from '../../config/resolve.ts'

export interface HttpControl {
  /** An address of this machine that no other can reach. */
  readonly address: string
  /** 0: one that is free. */
  readonly port: number
  /** By which clients may call it, besides the address and localhost. */
  readonly hosts: readonly string[]
  /** Below these savepoints may be written: absolute paths or URLs. */
  readonly savepointRoots: readonly string[]
  /** Other than the usual ones, for tests. */
  readonly limits?: Partial<HttpLimits>
}

export interface HttpLimits {
  readonly connectionsMax: number
  /** Of all headers together. */
  readonly headerBytesMax: number
  readonly bodyBytesMax: number
  /** Until the headers have come. */
  readonly headersTimeoutMs: number
  /** Until the whole request has come. */
  readonly requestTimeoutMs: number
  /** How long a connection may say nothing between two requests. */
  readonly keepAliveMs: number
  /** How often the times are looked at. */
  readonly checkEveryMs: number
  /** Requests that are being performed. */
  readonly inWorkMax: number
  /** Wrong tokens at once, and how soon one more is looked at. */
  readonly failuresMax: number
  readonly failureEveryMs: number
}

export const HTTP_LIMITS: HttpLimits = {
  connectionsMax: 64,
  headerBytesMax: 8 * 1024,
  bodyBytesMax: 16 * 1024,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  keepAliveMs: 5_000,
  checkEveryMs: 1_000,
  inWorkMax: 8,
  failuresMax: 10,
  failureEveryMs: 6_000,
}

/**
 * Undefined if it cannot be asked over HTTP.
 *
 * @param ownRoot where savepoints go if the options name no place
 * @param absolute the same place for whoever opens it from another folder
 */
export function httpControl(
  { values }: ResolvedOptions,
  ownRoot: string,
  absolute: (location: string) => string,
): HttpControl | undefined {
  if (!values['control.http']) return undefined
  const roots = values['control.savepoints']
  return {
    address: '127.0.0.1',
    port: values['control.port'],
    hosts: values['control.hosts'],
    savepointRoots: (roots.length === 0 ? [ownRoot] : roots).map((root) =>
      absolute(root).replace(/\/+$/, ''),
    ),
  }
}
