/**
 * Gives an error of a user's function its place: the operator, and the key it was working on. An
 * error of the engine that the function caused (a value that does not fit its type) keeps its code
 * and gets the place too; the innermost place wins.
 */
import {
  errorFromData,
  errorToData,
  isAssertionError,
  isMillraceError,
  messageOf,
  MillraceError,
} from '../errors.ts'
import { describeKey } from '../types/keys.ts'

/** @param at the key, if there is one. */
export function functionFailed(
  label: string,
  error: unknown,
  at?: { readonly key: unknown },
): MillraceError {
  const key = at === undefined ? undefined : describeKey(at.key)
  const where = key === undefined ? label : `${label}, key ${key}`
  const place = { operator: label, ...(key === undefined ? {} : { key }) }
  if (!isMillraceError(error)) {
    const message = `${where}: ${messageOf(error)}`
    return new MillraceError('FUNCTION_FAILED', message, {
      cause: error,
      details: place,
      ...(isAssertionError(error) ? { retryable: false } : {}),
    })
  }
  if (error.details['operator'] !== undefined) return error
  const { code, message, cure, retryable, details } = error
  return new MillraceError(code, `${where}: ${message}`, {
    cure,
    retryable,
    cause: error,
    details: { ...place, ...details },
  })
}

/** Adds where the record came from to an error of an operator; an empty place is none. */
export function atPlace(error: unknown, place: string): unknown {
  if (place === '' || !isMillraceError(error)) return error
  if (error.details['operator'] === undefined) return error
  const { code, message, cure, retryable, details } = error
  return new MillraceError(code, `${message} (${place})`, {
    cure,
    retryable,
    cause: error.cause,
    details: { ...details, place },
  })
}

/** The failure of a source in one of its splits. */
export function splitFailed(uid: string, splitId: string, error: unknown): unknown {
  if (isMillraceError(error)) return error
  const data = errorToData(error, 'CONNECTOR_FAILED')
  return errorFromData({ ...data, message: `source "${uid}", split ${splitId}: ${data.message}` })
}
