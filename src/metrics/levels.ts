/** Severities of log lines, least first, and what both loggers share. */
import { errorToData, isMillraceError } from '../errors.ts'
import type { LogFields, Logger } from './log.ts'

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LoggerOptions {
  /** Takes one line, without its end. */
  readonly write: (line: string) => void
  /** Wall time in ms, from a Clock. */
  readonly now: () => number
  /** The least severe lines that are written. Default: info. */
  readonly level?: LogLevel | 'silent'
}

/** A logger that formats each line by `format`. */
export function createLogger(
  options: LoggerOptions,
  format: (level: LogLevel, fields: LogFields, message: string | undefined) => string,
  inherited: LogFields = {},
): Logger {
  const { level: least = 'info', write } = options
  const isWritten = (level: LogLevel): boolean => {
    return least !== 'silent' && LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least)
  }
  const at = (level: LogLevel) => {
    if (!isWritten(level)) return () => undefined
    return (fields: LogFields, message?: string): void => {
      write(format(level, { ...inherited, ...fields }, message))
    }
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => createLogger(options, format, { ...inherited, ...fields }),
  }
}

/** A field's value as JSON can hold it: errors as data, bigints as digits. */
export function plainField(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (isMillraceError(value)) return errorToData(value)
  if (value instanceof Error) return { message: value.message, stack: value.stack }
  return value
}
