/**
 * What is said over the control socket, and the file that tells where the socket is. A request is
 * one line of JSON, so is its response; requests of one connection may be answered in any order.
 * Only the owner of the job's folder can connect: the socket has mode 0600.
 */
import { type ErrorData, errorCodes, type ErrorCode, MillraceError, messageOf } from '../errors.ts'
import { nearestName } from '../util/nearest.ts'

export const CONTROL_FORMAT_VERSION = 1

/** Longest request line; a client that sends more is cut off. */
export const controlRequestBytesMax = 64 * 1024
/** Of what is wrong with a request. */
const SHOWN_CHARS = 100
/** Of an error; more are left out. */
const CAUSES_MAX = 10

/** Longest response line that a client reads. */
export const controlResponseBytesMax = 16 * 1024 ** 2

const CONTROL_METHODS = [
  'status',
  'checkpoints',
  'checkpoint',
  'savepoint',
  'release',
  'erase',
  'stop',
  'cancel',
  'handover',
] as const
export type ControlMethod = (typeof CONTROL_METHODS)[number]

/** `id` is null when the request could not be read. */
export type ControlResponse =
  | { readonly id: number | null; readonly result: unknown }
  | { readonly id: number | null; readonly error: ErrorData }

/** The content of `<directory>/<job>/control.json`: who runs the job, and how to reach it. */
export interface ControlFile {
  readonly formatVersion: number
  readonly job: string
  readonly pid: number
  /** When that process started, so that a reused pid is not taken for it. */
  readonly processStart: string | undefined
  readonly host: string
  /** Path of the Unix socket or name of the pipe. */
  readonly socket: string
  /** Where the job can be asked over HTTP; absent if it cannot. */
  readonly http?: string | undefined
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** Of the package. */
  readonly version: string
  /** Differs for every claim. */
  readonly claim: string
}

/** The file's content if `text` is one, else undefined. */
export function parseControlFile(text: string): ControlFile | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { formatVersion, job, pid, processStart, host, socket, http, startedAt, version, claim } =
    value as Readonly<Record<string, unknown>> // an object; every field is checked below
  const numbers = [formatVersion, pid, startedAt].every((each) => Number.isSafeInteger(each))
  const texts = [job, host, socket, version, claim].every((each) => typeof each === 'string')
  const isPlain = [processStart, http].every((each) =>
    ['string', 'undefined'].includes(typeof each),
  )
  if (!numbers || !texts || !isPlain) return undefined
  return value as ControlFile
}

export interface ControlRequest {
  readonly method: ControlMethod
  readonly params: Readonly<Record<string, unknown>>
}

/** The request in a line. Throws `CONTROL_BAD_REQUEST`. */
export function parseRequest(line: string): ControlRequest {
  if (line.length > controlRequestBytesMax) throw badRequest('the request is too long')
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw badRequest(`the request is not JSON: ${messageOf(error)}`)
  }
  if (typeof value !== 'object' || value === null || !('method' in value)) {
    throw badRequest('the request has no method')
  }
  const named = value.method
  const method = CONTROL_METHODS.find((each) => each === named)
  if (method === undefined) {
    if (typeof named !== 'string') throw badRequest('the method of the request is no text')
    const near = nearestName(named, CONTROL_METHODS)
    throw badRequest(`there is no method ${JSON.stringify(named.slice(0, SHOWN_CHARS))}`, near)
  }
  const params = 'params' in value && value.params !== undefined ? value.params : {}
  if (typeof params !== 'object' || params === null) throw badRequest('params is no object')
  return { method, params: params as Readonly<Record<string, unknown>> } // any object is one
}

export function badRequest(message: string, near?: string): MillraceError {
  const cure = near === undefined ? {} : { cure: `did you mean ${near}?` }
  return new MillraceError('CONTROL_BAD_REQUEST', message, cure)
}

/** What a job has answered in a line; undefined if it is no answer. */
export function parseAnswer(
  line: string,
): { readonly result: unknown } | { readonly error: MillraceError } | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if ('result' in value) return { result: value.result }
  const error = 'error' in value ? errorFrom(value.error, 0) : undefined
  return error === undefined ? undefined : { error }
}

/** The error of a job, which may be of another version of Millrace. */
function errorFrom(value: unknown, depth: number): MillraceError | undefined {
  if (typeof value !== 'object' || value === null || depth > CAUSES_MAX) return undefined
  const { code, message, cure, retryable, details, stack, cause } = value as Readonly<
    Record<string, unknown> // every field is checked below
  >
  if (typeof code !== 'string' || typeof message !== 'string') return undefined
  const isKnown = errorCodes().has(code as ErrorCode) // whatever the text is
  const error = new MillraceError(
    isKnown ? (code as ErrorCode) : 'CONTROL_BAD_REQUEST',
    isKnown ? message : `${message} (${code})`,
    {
      cause: errorFrom(cause, depth + 1) ?? plainError(cause),
      ...(typeof cure === 'string' ? { cure } : {}),
      ...(typeof retryable === 'boolean' ? { retryable } : {}),
      details: Object.fromEntries(
        Object.entries(typeof details === 'object' ? (details ?? {}) : {}).filter(isFact),
      ),
    },
  )
  if (typeof stack === 'string') error.stack = stack
  return error
}

function plainError(cause: unknown): Error | undefined {
  if (typeof cause !== 'object' || cause === null || !('message' in cause)) return undefined
  return typeof cause.message === 'string' ? new Error(cause.message) : undefined
}

function isFact(entry: [string, unknown]): entry is [string, string | number | boolean] {
  return ['string', 'number', 'boolean'].includes(typeof entry[1])
}
