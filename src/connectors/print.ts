/**
 * A sink that writes each record as a line, to standard output unless it is given a writer. Lines
 * are visible at once, so after a failure some may be written again.
 */
import type { Sink } from '../operators/sink.ts'
import { sink } from './define-sink.ts'
import { checkFunction, checkOptions, invalidOption } from './options.ts'
import { textOf } from './text.ts'

export interface PrintOptions {
  /** Put before each line, followed by `> `. */
  readonly prefix?: string
  /** Takes whole lines, ends included. Default: writes to standard output. */
  readonly write?: (text: string) => void | Promise<void>
}

/**
 * @example
 * counts.sinkTo('out', print({ prefix: 'counts' }))
 */
export function print<T>(options: PrintOptions = {}): Sink<T, never> {
  checkOptions('print()', options, ['prefix', 'write'])
  const { prefix, write = writeToStandardOutput } = options
  checkFunction('print()', 'write', write)
  if (prefix !== undefined && typeof prefix !== 'string') {
    throw invalidOption('print()', 'prefix', prefix, 'text')
  }
  const start = prefix === undefined ? '' : `${prefix}> `
  return sink<T>({
    name: 'print',
    write(values) {
      let text = ''
      for (const value of values) text += `${start}${textOf(value)}\n`
      return text === '' ? undefined : write(text)
    },
  })
}

/** Resolves when the system has taken the text, so that a slow reader holds up the job. */
function writeToStandardOutput(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined) resolve()
      else reject(error)
    })
  })
}
