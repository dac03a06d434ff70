/**
 * How a job is asked over HTTP, as the options say it. An address that other machines can reach
 * is not taken without TLS: tokens would be sent in the clear.
 */
import { isIP, isIPv4 } from 'node:net'
import type { ResolvedOptions } from '../../config/resolve.ts'
import { MillraceError } from '../../errors.ts'

/** Files in PEM. */
export interface TlsFiles {
  readonly certificate: string
  readonly key: string
  /** Then a client needs a certificate of one of these. */
  readonly clientAuthority?: string | undefined
}

export interface HttpControl {
  /** An IP address of this machine. */
  readonly address: string
  readonly tls?: TlsFiles | undefined
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
 * Undefined if it cannot be asked over HTTP. Throws `CONFIG_INVALID` if options do not go together.
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
  const tls = tlsFiles(values)
  return {
    address: addressOf(values['control.address'], tls !== undefined),
    tls,
    port: values['control.port'],
    hosts: values['control.hosts'],
    savepointRoots: (roots.length === 0 ? [ownRoot] : roots).map((root) =>
      absolute(root).replace(/\/+$/, ''),
    ),
  }
}

function addressOf(given: string, hasTls: boolean): string {
  const address = given === 'localhost' ? '127.0.0.1' : given
  if (isIP(address) === 0) {
    throw new MillraceError('CONFIG_INVALID', `control.address: ${given} is no IP address`, {
      cure: 'give the address to listen at; names of the server belong into control.hosts',
    })
  }
  const isLoopback = address === '::1' || (isIPv4(address) && address.startsWith('127.'))
  if (isLoopback || hasTls) return address
  const message = `control.address: ${address} can be reached by other machines, and has no TLS`
  throw new MillraceError('CONFIG_INVALID', message, {
    cure: 'give control.certificate and control.key, or leave the address at 127.0.0.1',
  })
}

function tlsFiles({
  'control.certificate': certificate,
  'control.key': key,
  'control.clientAuthority': clientAuthority,
}: ResolvedOptions['values']): TlsFiles | undefined {
  if (certificate !== undefined && key !== undefined) return { certificate, key, clientAuthority }
  if (certificate === undefined && key === undefined && clientAuthority === undefined) {
    return undefined
  }
  throw new MillraceError('CONFIG_INVALID', 'TLS needs both control.certificate and control.key')
}
