/**
 * What a failure of S3 means to a user, and whether it passes by itself. Of the package's errors
 * only name and text are kept: the rest holds headers, and in these there are secrets.
 */
import { MillraceError, type ErrorCode } from '../../errors.ts'
import type { Verdict } from '../remote/retries.ts'
import { isPassingCode, tlsCureOf } from '../remote/network.ts'

const PASSING = new Set([
  'ConditionalRequestConflict',
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequests',
])

const DENIED: Readonly<Record<string, string>> = {
  AccessDenied: 'let these credentials list, read, write and delete in the bucket',
  CredentialsProviderError:
    'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with profile=… in the URL',
  ExpiredToken: 'renew the credentials: their session has ended',
  InvalidAccessKeyId:
    'correct AWS_ACCESS_KEY_ID, or the profile: the server does not know that key',
  InvalidToken: 'renew AWS_SESSION_TOKEN',
  RequestTimeTooSkewed: "set this machine's clock",
  SignatureDoesNotMatch: 'correct AWS_SECRET_ACCESS_KEY, or the profile: it is not that of the key',
}
const DENIED_CURE = 'check the credentials, and that they may list, read, write and delete there'

const ELSEWHERE = new Set(['AuthorizationHeaderMalformed', 'PermanentRedirect', 'Redirect'])

/** What is read of an error of the package. */
interface Facts {
  readonly name: string
  readonly code: string
  readonly message: string
  readonly status: number
}

/**
 * @param what such as `read runs/1.run of s3://bucket/jobs`
 * @param file the blob, if it is about one.
 */
export function judgeS3(error: unknown, what: string, bucket: string, file?: string): Verdict {
  if (error instanceof MillraceError) return { error, isPassing: false }
  const facts = factsOf(error)
  const { name, code, status } = facts
  const shown = facts.message === '' || facts.message === 'UnknownError' ? name : facts.message
  const why = status === 0 ? shown : `${shown} (${name}, HTTP ${status})`
  const made = (of: ErrorCode, cure?: string, retryable?: boolean): MillraceError => {
    return new MillraceError(of, `cannot ${what}: ${why}`, {
      cause: new Error(`${name}: ${facts.message}`),
      details: { file, httpStatus: status === 0 ? undefined : status, reason: name },
      ...(cure === undefined ? {} : { cure }),
      ...(retryable === undefined ? {} : { retryable }),
    })
  }
  const lasting = (of: ErrorCode, cure?: string, retryable?: boolean): Verdict => {
    return { error: made(of, cure, retryable), isPassing: false }
  }
  if (name === 'NoSuchBucket') {
    return lasting('STORAGE_BUCKET_MISSING', `create the bucket ${bucket}, or correct its name`)
  }
  if (ELSEWHERE.has(name) || status === 301) {
    const cure = 'name the region of the bucket with region=… in the URL, or AWS_REGION'
    return lasting('STORAGE_FAILED', cure, false)
  }
  const denied = DENIED[name]
  if (denied !== undefined || status === 401 || status === 403) {
    return lasting('STORAGE_DENIED', denied ?? DENIED_CURE)
  }
  if (status === 404) return lasting('STORAGE_NOT_FOUND')
  if (status === 412) return lasting('STORAGE_CONFLICT')
  if (facts.message === 'Region is missing') {
    return lasting(
      'STORAGE_FAILED',
      'name the region with region=… in the URL, or AWS_REGION',
      false,
    )
  }
  if (status === 416) return lasting('STORAGE_CORRUPT')
  if (status === 501) {
    return lasting('STORAGE_UNSUITABLE', 'use a server that has this part of S3')
  }
  const tlsCure = tlsCureOf(code)
  if (tlsCure !== undefined) return lasting('STORAGE_FAILED', tlsCure, false)
  const isPassing = PASSING.has(name) || isPassingCode(code) || status === 429 || status >= 500
  return { error: made('STORAGE_FAILED', unreachableCure(code)), isPassing }
}

function unreachableCure(code: string): string | undefined {
  if (code === 'ECONNREFUSED') return 'see that the server runs, and that endpoint=… is its address'
  if (code === 'ENOTFOUND') return 'correct the name of the server in endpoint=…, or the region'
  return undefined
}

function factsOf(error: unknown): Facts {
  // Whatever was thrown: each property is looked at before it is used.
  const given = (typeof error === 'object' && error !== null ? error : {}) as {
    readonly name?: unknown
    readonly code?: unknown
    readonly message?: unknown
    readonly $metadata?: { readonly httpStatusCode?: unknown }
  }
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const status = given.$metadata?.httpStatusCode
  return {
    name: text(given.name) || 'Error',
    code: text(given.code),
    message: text(given.message),
    status: typeof status === 'number' ? status : 0,
  }
}
