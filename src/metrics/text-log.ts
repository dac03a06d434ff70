/** Log lines for people at a terminal: time, level, message, then the fields. */
import { type ErrorData, errorToData, isMillraceError, messageOf } from '../errors.ts'
import { createLogger, type LoggerOptions, type LogLevel, plainField } from './levels.ts'
import type { Logger } from './log.ts'

export interface TextLoggerOptions extends LoggerOptions {
  /** Whether to use colours. */
  readonly color: boolean
}

const fieldCharsMax = 200

const colors: Readonly<Record<LogLevel | 'dim', number>> = {
  debug: 90,
  info: 32,
  warn: 33,
  error: 31,
  dim: 90,
}

/**
 * A logger that writes `12:00:03 info  checkpoint 4 completed  job=words bytes=1024`; an error
 * among the fields follows on lines of its own, with its cure.
 */
export function textLogger(options: TextLoggerOptions): Logger {
  const paint = (name: LogLevel | 'dim', text: string): string => {
    return options.color && text !== '' ? `\u001B[${colors[name]}m${text}\u001B[0m` : text
  }
  return createLogger(options, (level, fields, message = '') => {
    const time = timeOfDay(options.now())
    const rest: string[] = []
    let trailer = ''
    for (const [name, value] of Object.entries(fields)) {
      // The channel's name is for programs; the message says it in words.
      if (value === undefined || name === 'event') continue
      // pino's name for an error is err.
      if (name === 'error' || name === 'err') {
        trailer = describeError(value, options.level === 'debug')
      } else rest.push(`${name}=${shortText(value)}`)
    }
    const head = `${paint('dim', time)} ${paint(level, level.padEnd(5))} ${message}`
    const line = rest.length === 0 ? head : `${head}  ${paint('dim', rest.join(' '))}`
    return trailer === '' ? line : `${line}\n${trailer}`
  })
}

/** Local time of day; seconds are enough for people. */
function timeOfDay(timeMs: number): string {
  const time = new Date(timeMs)
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}

function shortText(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 1_000) / 1_000)
  const text = typeof value === 'string' ? value : stringify(value)
  const shown = text.length > fieldCharsMax ? `${text.slice(0, fieldCharsMax)}…` : text
  return /[\s=]/.test(shown) && typeof value === 'string' ? JSON.stringify(shown) : shown
}

function stringify(value: unknown): string {
  try {
    return JSON.stringify(value, (_name, each: unknown) => plainField(each)) ?? String(value)
  } catch {
    return '(unwritable)'
  }
}

/** Code, message and cure; the causes below it; the stack only when debugging. */
function describeError(error: unknown, withStack: boolean): string {
  const data = isErrorData(error) ? error : isMillraceError(error) ? errorToData(error) : undefined
  if (data === undefined)
    return `  ${withStack && error instanceof Error ? error.stack : messageOf(error)}`
  const lines = [`  ${data.code}: ${data.message}`, `  → ${data.cure}`]
  for (let cause = data.cause; cause !== undefined;) {
    const { message } = cause
    if (!lines.some((line) => line.includes(message))) lines.push(`  caused by: ${message}`)
    cause = 'code' in cause ? cause.cause : undefined
  }
  if (withStack && data.stack !== undefined) lines.push(data.stack.replace(/^/gm, '  '))
  return lines.join('\n')
}

function isErrorData(value: unknown): value is ErrorData {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Error) &&
    'code' in value &&
    'cure' in value &&
    'message' in value
  )
}
