/** Log lines as JSON, one object a line: for files and log collectors. */
import { createLogger, type LoggerOptions, plainField } from './levels.ts'
import type { Logger } from './log.ts'

/**
 * A logger that writes `{"time":"…","level":"info","msg":"…",…fields}`.
 *
 * @example
 * const logger = jsonLogger({ write: (line) => stream.write(line + '\n'), now: clock.now })
 */
export function jsonLogger(options: LoggerOptions): Logger {
  return createLogger(options, (level, fields, message) => {
    const head = { time: new Date(options.now()).toISOString(), level, msg: message ?? '' }
    try {
      return JSON.stringify({ ...head, ...fields }, (_name, value: unknown) => plainField(value))
    } catch {
      // A field that refers to itself; the line matters more than the field.
      return JSON.stringify({ ...head, unwritable: Object.keys(fields).join(', ') })
    }
  })
}
