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

export const TLS_CURE =
  "let Node trust the server's certificate: NODE_EXTRA_CA_CERTS names a file with its authority"

/** Whether a connection that failed so may come about a little later. */
export function isPassingCode(code: string): boolean {
  return PASSING.has(code)
}

/** Whether the other side could not show who it is. */
export function isTlsCode(code: string): boolean {
  return /^(CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/.test(code)
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
  const isTls = isTlsCode(code)
  const cure = isTls ? TLS_CURE : cures[code]
  const made = new MillraceError('STORAGE_FAILED', `cannot ${what}: ${messageOf(error)}`, {
    details: { file, systemCode: code },
    retryable: !isTls,
    ...(cure === undefined ? {} : { cure }),
  })
  return { error: made, isPassing: isPassingCode(code) }
}
