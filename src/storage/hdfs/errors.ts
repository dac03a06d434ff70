/**
 * What a failure of WebHDFS means to a user, and whether it passes by itself. Nearly all are
 * answered with 403, so the name of the Java exception decides.
 */
import { MillraceError, type ErrorCode } from '../../errors.ts'
import type { HttpAnswer } from '../remote/http.ts'
import type { Verdict } from '../remote/retries.ts'
import { codeOf, isPassingCode, judgeConnection } from '../remote/network.ts'

/** An answer that is none of success. */
export class HdfsFailure extends Error {
  override readonly name = 'HdfsFailure'
  readonly status: number
  /** Name of the exception, without its package; empty if the answer has none. */
  readonly exception: string

  constructor({ status, body }: HttpAnswer) {
    const { exception, message } = remoteException(body.toString('utf8'))
    super(message)
    this.status = status
    this.exception = exception
  }
}

const PASSING = new Set([
  'RetriableException',
  'SafeModeException',
  'ServerTooBusyException',
  'StandbyException',
])
const DENIED = new Set([
  'AccessControlException',
  'AuthenticationException',
  'AuthorizationException',
  'InvalidToken',
  'SecurityException',
])
const DENIED_CURE =
  'let the user own the folder, name another one with user=…, or renew the token of token-file=…'
/** While DataNodes register themselves after a start. */
const NO_DATA_NODES =
  /could only be (written|replicated) to 0|no datanodes|0 datanode|Failed to find datanode/i

/** What a read behind the last byte is answered with. */
const BEYOND_THE_END = /^Offset=\d+ out of the range/

/** Whether another NameNode is to be asked. */
export function isOfAnotherNameNode(error: unknown): boolean {
  if (error instanceof HdfsFailure) return error.exception === 'StandbyException'
  return isPassingCode(codeOf(error))
}

/** @param what such as `read runs/1.run of hdfs://namenode/jobs` */
export function judgeHdfs(error: unknown, what: string, file?: string): Verdict {
  if (error instanceof MillraceError) return { error, isPassing: false }
  if (error instanceof HdfsFailure) return judgeAnswer(error, what, file)
  return judgeConnection(error, what, CONNECTION_CURES, file)
}

const CONNECTION_CURES: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'see that the NameNode runs, and that http-port=… is its port of HTTP (9870 by default)',
  ENOTFOUND: 'correct the name of the NameNode, or of the DataNode that it names',
  HPE_INVALID_CONSTANT: 'name the port of HTTP, not that of RPC: http-port=… in the URL',
}

function judgeAnswer(
  { status, exception, message }: HdfsFailure,
  what: string,
  file?: string,
): Verdict {
  const why = `${message === '' ? 'no reason given' : message} (${exception || 'HTTP'} ${status})`
  const lasting = (code: ErrorCode, cure?: string, retryable?: boolean): Verdict => ({
    error: new MillraceError(code, `cannot ${what}: ${why}`, {
      details: { file, httpStatus: status, reason: exception },
      ...(cure === undefined ? {} : { cure }),
      ...(retryable === undefined ? {} : { retryable }),
    }),
    isPassing: false,
  })
  if (BEYOND_THE_END.test(message)) return lasting('STORAGE_CORRUPT')
  if (exception === 'FileNotFoundException') return lasting('STORAGE_NOT_FOUND')
  if (exception === 'FileAlreadyExistsException') return lasting('STORAGE_CONFLICT')
  const isDenied = DENIED.has(exception) || status === 401 || (status === 403 && exception === '')
  if (isDenied) return lasting('STORAGE_DENIED', DENIED_CURE)
  if (status === 404 || status === 405 || status === 501) {
    const cure = 'name the port where the NameNode has WebHDFS (dfs.webhdfs.enabled): http-port=…'
    return lasting('STORAGE_UNSUITABLE', cure)
  }
  const isPassing =
    PASSING.has(exception) || status === 429 || status >= 500 || NO_DATA_NODES.test(message)
  return { ...lasting('STORAGE_FAILED'), isPassing }
}

function remoteException(text: string): { readonly exception: string; readonly message: string } {
  try {
    // Whatever was answered: each property is looked at before it is used.
    const { RemoteException: told } = JSON.parse(text) as {
      readonly RemoteException?: { readonly exception?: unknown; readonly message?: unknown }
    }
    const [message = ''] = typeof told?.message === 'string' ? told.message.split('\n') : []
    return { exception: typeof told?.exception === 'string' ? told.exception : '', message }
  } catch {
    return { exception: '', message: '' }
  }
}
