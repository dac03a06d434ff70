/**
 * What a failure of HBase's REST server means to a user, and whether it passes by itself. Most
 * answers have the text of a Java exception, whose name decides.
 */
import type { Buffer } from 'node:buffer'
import { MillraceError, type ErrorCode } from '../../errors.ts'
import { codeOf, isPassingCode, judgeConnection } from '../remote/network.ts'
import type { Verdict } from '../remote/retries.ts'
import type { HBasePlace } from './place.ts'
import { FAMILY } from './rows.ts'

/** An answer that is none of success. */
export class HBaseFailure extends Error {
  override readonly name = 'HBaseFailure'
  readonly status: number
  /** Name of the exception that decides, without its package; empty if the answer has none. */
  readonly exception: string

  constructor(status: number, body: Buffer) {
    const text = body.toString('utf8', 0, TEXT_BYTES_MAX)
    const [first = '', second = ''] = text.split(/\r?\n/)
    super((second.startsWith('org.') ? second : first).slice(0, MESSAGE_CHARS_MAX))
    this.status = status
    this.exception = TOLD.find((name) => text.includes(name)) ?? ''
  }
}

const TEXT_BYTES_MAX = 20_000
const MESSAGE_CHARS_MAX = 200
const TOLD = [
  'AccessDeniedException',
  'TableNotFoundException',
  'NamespaceNotFoundException',
  'NoSuchColumnFamilyException',
  'TableNotEnabledException',
]

/** Whether another REST server may do better. */
export function isOfAnotherServer(error: unknown): boolean {
  return error instanceof HBaseFailure ? error.status >= 500 : isPassingCode(codeOf(error))
}

/** @param what such as `read runs/1.run of hbase://host/table/jobs` */
export function judgeHBase(
  error: unknown,
  what: string,
  { table, user, tokenFile }: Pick<HBasePlace, 'table' | 'user' | 'tokenFile'>,
  file?: string,
): Verdict {
  if (error instanceof MillraceError) return { error, isPassing: false }
  if (!(error instanceof HBaseFailure)) {
    return judgeConnection(error, what, CONNECTION_CURES, file)
  }
  const { status, exception, message } = error
  const lasting = (code: ErrorCode, cure?: string, retryable?: boolean): Verdict => ({
    error: new MillraceError(
      code,
      `cannot ${what}: ${message === '' ? 'no reason given' : message} (HTTP ${status})`,
      {
        details: { file, httpStatus: status, reason: exception },
        ...(cure === undefined ? {} : { cure }),
        ...(retryable === undefined ? {} : { retryable }),
      },
    ),
    isPassing: false,
  })
  if (exception === 'AccessDeniedException' || status === 401 || status === 403) {
    const shown = tokenFile === undefined ? (user ?? 'the user of the REST server') : 'the token'
    const grant = `in the shell of HBase: grant '…', 'RW', '${table}'`
    return lasting('STORAGE_DENIED', `let ${shown} read and write (${grant}), or show another one`)
  }
  if (exception === 'TableNotFoundException' || exception === 'NamespaceNotFoundException') {
    const create = `create '${table}', '${FAMILY}'`
    return lasting(
      'STORAGE_BUCKET_MISSING',
      `correct the name, or in the shell of HBase: ${create}`,
    )
  }
  if (exception === 'NoSuchColumnFamilyException') {
    const alter = `alter '${table}', '${FAMILY}'`
    return lasting('STORAGE_UNSUITABLE', `give it the family, in the shell of HBase: ${alter}`)
  }
  if ([404, 405, 406, 415, 501].includes(status)) {
    return lasting('STORAGE_UNSUITABLE', 'name the port of the REST server of HBase')
  }
  const isDisabled = exception === 'TableNotEnabledException'
  const enable = isDisabled ? `in the shell of HBase: enable '${table}'` : undefined
  return { ...lasting('STORAGE_FAILED', enable), isPassing: status === 429 || status >= 500 }
}

const CONNECTION_CURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'see that the REST server of HBase runs, and correct its port (8080 by default)',
  ENOTFOUND: 'correct the name of the server',
  HPE_INVALID_CONSTANT: 'name the port of the REST server of HBase (8080 by default)',
}
