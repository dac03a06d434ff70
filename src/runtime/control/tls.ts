/** The certificates of the server for HTTP, read when it opens: a new one needs a new start. */
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { MillraceError, messageOf } from '../../errors.ts'
import type { TlsFiles } from './http-options.ts'

export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  readonly minVersion: 'TLSv1.2'
  /** Of clients. */
  readonly ca?: string
  readonly requestCert?: true
  readonly rejectUnauthorized?: true
}

/** Throws `CONFIG_INVALID` naming the file that is missing or holds something else. */
export async function readTls(files: TlsFiles): Promise<TlsMaterial> {
  const { certificate, key, clientAuthority } = files
  const pair = {
    cert: await read('control.certificate', certificate),
    key: await read('control.key', key),
    minVersion: 'TLSv1.2',
  } as const
  requireUsable(`${certificate} and ${key}`, pair)
  if (clientAuthority === undefined) return pair
  const ca = await read('control.clientAuthority', clientAuthority)
  requireUsable(clientAuthority, { ca })
  // Without any, every client would be turned away, or let in, depending on the version of Node.
  if (!ca.includes('-----BEGIN CERTIFICATE-----')) throw unusable(clientAuthority)
  return { ...pair, ca, requestCert: true, rejectUnauthorized: true }
}

async function read(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw unusable(`${option}: ${path}`, error)
  }
}

function requireUsable(what: string, material: Parameters<typeof createSecureContext>[0]): void {
  try {
    createSecureContext(material)
  } catch (error) {
    throw unusable(what, error)
  }
}

/** Says nothing of what the files hold. */
function unusable(what: string, cause?: unknown): MillraceError {
  const why = cause === undefined ? '' : `: ${messageOf(cause)}`
  return new MillraceError('CONFIG_INVALID', `TLS: ${what} cannot be used${why}`, {
    cause,
    cure: 'give files in PEM: the certificate, and the private key that belongs to it',
  })
}
