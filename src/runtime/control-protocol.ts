/**
 * What is said over the control socket, and the file that tells where the socket is. A request is
 * one line of JSON, so is its response; requests of one connection may be answered in any order.
 * Only the owner of the job's folder can connect: the socket has mode 0600.
 */
import type { ErrorData } from '../errors.ts'

export const CONTROL_FORMAT_VERSION = 1

/** Longest request line; a client that sends more is cut off. */
export const controlRequestBytesMax = 64 * 1024
/** Longest response line that a client reads. */
export const controlResponseBytesMax = 16 * 1024 ** 2

export const CONTROL_METHODS = [
  'status',
  'checkpoint',
  'savepoint',
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
  const { formatVersion, job, pid, processStart, host, socket, startedAt, version, claim } =
    value as Readonly<Record<string, unknown>> // an object; every field is checked below
  const numbers = [formatVersion, pid, startedAt].every((each) => Number.isSafeInteger(each))
  const texts = [job, host, socket, version, claim].every((each) => typeof each === 'string')
  if (!numbers || !texts || !['string', 'undefined'].includes(typeof processStart)) return undefined
  return value as ControlFile
}
