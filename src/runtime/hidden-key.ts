/**
 * Errors of a job whose state is encrypted do not name the key that a function was working on: they
 * end up in logs. What the function itself says is left as it is, for nobody knows what it holds.
 */
import type { FromWorker } from '../checkpoint/messages.ts'
import { type ErrorData, errorFromData, errorToData } from '../errors.ts'
import type { ParkedKeyStatus } from '../operators/failures/parked-keys.ts'

const HIDDEN = '(not shown: encryption.keys)'

/** The message without the key in its error, if it has one, and those that are parked. */
export function withoutKey(message: FromWorker): FromWorker {
  if (message.kind === 'status') {
    const parked = hiddenKeys(message.status.parked)
    return { ...message, status: { ...message.status, parked } }
  }
  if (message.kind === 'released') {
    const parked = hiddenKeys(message.outcome.parked)
    return { ...message, outcome: { ...message.outcome, parked } }
  }
  if (!('error' in message)) return message
  const { key } = message.error.details
  if (typeof key !== 'string') return message
  return { ...message, error: hidden(message.error, key) }
}

/** The same for an error that is only told: of a record that is passed over, or a parked key. */
export function errorWithoutKey(error: unknown): unknown {
  const data = errorToData(error)
  const { key } = data.details
  return typeof key === 'string' ? errorFromData(hidden(data, key)) : error
}

function hiddenKeys(parked: readonly ParkedKeyStatus[]): readonly ParkedKeyStatus[] {
  return parked.map((each) => ({ ...each, key: HIDDEN }))
}

function hidden(error: ErrorData, key: string): ErrorData {
  const clean = (text: string): string => text.replaceAll(key, HIDDEN)
  const { cause } = error
  const without =
    cause === undefined
      ? {}
      : { cause: 'code' in cause ? hidden(cause, key) : plainCause(cause, clean) }
  const { key: _key, ...details } = error.details
  return {
    ...error,
    message: clean(error.message),
    details,
    ...(error.stack === undefined ? {} : { stack: clean(error.stack) }),
    ...without,
  }
}

function plainCause(
  { message, stack }: { readonly message: string; readonly stack?: string },
  clean: (text: string) => string,
): { readonly message: string; readonly stack?: string } {
  return { message: clean(message), ...(stack === undefined ? {} : { stack: clean(stack) }) }
}
