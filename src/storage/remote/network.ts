/** What the codes of failed connections mean to every store on a server. */

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
