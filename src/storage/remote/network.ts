/** What the codes of failed connections mean to every store on a server. */
import { MillraceError, messageOf } from '../../errors.ts'
import type { Verdict } from './retries.ts'

const PASSING = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/** What helps when the other side could not show who it is; undefined for all other codes. */
export function tlsCureOf(code: string): string | undefined {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'name the server as its certificate does, or give it a certificate for that name'
  }
  // It speaks, and not TLS.
  if (/^(EPROTO|ERR_SSL_)/.test(code)) return 'see that this is the port where it speaks TLS'
  return TLS_CODE.test(code) ? TRUST_CURE : undefined
}

const TLS_CODE = /^(CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/
const TRUST_CURE =
  "trust the server's certificate: ca=… in the URL, or NODE_EXTRA_CA_CERTS for all that this " +
  'process does, names a file with its authority'

/** Whether a connection that failed so may come about a little later. */
export function isPassingCode(code: string): boolean {
  return PASSING.has(code)
}

/** Of an error of the system; empty for any other. */
export function codeOf(error: unknown): string {
  const code: unknown = Reflect.get(Object(error), 'code')
  return typeof code === 'string' ? code : ''
}

/**
 * What it means that there was no answer at all.
 *
 * @param what such as `read runs/1.run of hdfs://namenode/jobs`
 * @param cures by code, where the server has one of its own.
 */
export function judgeConnection(
  error: unknown,
  what: string,
  cures: Readonly<Record<string, string>>,
  file?: string,
): Verdict {
  const code = codeOf(error)
  const tlsCure = tlsCureOf(code)
  const cure = tlsCure ?? cures[code]
  const made = new MillraceError('STORAGE_FAILED', `cannot ${what}: ${messageOf(error)}`, {
    details: { file, systemCode: code },
    retryable: tlsCure === undefined,
    ...(cure === undefined ? {} : { cure }),
  })
  return { error: made, isPassing: isPassingCode(code) }
}
