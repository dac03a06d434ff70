/** The options of `fileSink`, checked when the sink is declared. */
import { resolve } from 'node:path'
import { parseSizeBytes } from '../../util/duration.ts'
import type { Size } from '../../util/duration.ts'
import { checkFunction, checkOptions, invalidOption } from '../options.ts'
import { jsonEncoder, textEncoder } from './encoders.ts'
import type { RecordEncoder } from './encoders.ts'
import type { FileFormat } from './format.ts'
import { pathText } from './paths.ts'

/** Moments in the life of an output file at which tests let a process die. */
export type FileSinkPoint =
  | 'part-created'
  | 'part-written'
  | 'part-sealed'
  | 'prepared'
  | 'before-commit'
  /** Only if it was encrypted: what it holds is written, under a name that is still hidden. */
  | 'opened'
  | 'linked'
  | 'committed'
  | 'before-withdraw'
  | 'withdrawn'
  | 'recovered'

export type AtPoint = (point: FileSinkPoint) => void | Promise<void>

export interface FileSinkOptions<T> {
  /** A folder, relative to the working directory; made if it is not there. */
  readonly path: string | URL
  /**
   * `text`: strings as they are, the rest as JSON; `json-lines`; or a format with a type, such as
   * `csv(T)`. Default: `text`.
   */
  readonly format?: 'text' | 'json-lines' | FileFormat<T>
  /** Begins another file when one has grown to this. Default: one per checkpoint and subtask. */
  readonly rollBytes?: Size
  /** Called at named points, for tests that end the process there. */
  readonly at?: AtPoint
}

export interface CheckedSinkOptions<T> {
  /** Absolute. */
  readonly directory: string
  readonly encoder: RecordEncoder<T>
  readonly rollBytes: number
  readonly at: AtPoint
}

const ROLL_BYTES_MIN = 1_024

export function checkedSinkOptions<T>(options: FileSinkOptions<T>): CheckedSinkOptions<T> {
  const what = 'fileSink()'
  checkOptions(what, options, ['path', 'format', 'rollBytes', 'at'])
  const { path, format = 'text', rollBytes, at = () => undefined } = options
  if (!(path instanceof URL) && (typeof path !== 'string' || path === '')) {
    throw invalidOption(what, 'path', path, 'the path of a folder')
  }
  checkFunction(what, 'at', at)
  const rolls = rollBytes === undefined ? Infinity : parseSizeBytes(rollBytes, `${what}: rollBytes`)
  if (rolls < ROLL_BYTES_MIN) {
    throw invalidOption(what, 'rollBytes', rollBytes, `at least ${ROLL_BYTES_MIN} bytes`)
  }
  const encoder = encoderOf(what, format)
  return { directory: resolve(pathText(path)), encoder, rollBytes: rolls, at }
}

function encoderOf<T>(
  what: string,
  format: 'text' | 'json-lines' | FileFormat<T>,
): RecordEncoder<T> {
  if (format === 'text') return textEncoder
  if (format === 'json-lines') return jsonEncoder
  const encoder = typeof format === 'object' && format !== null ? format.encoder : undefined
  if (encoder !== undefined) return encoder
  throw invalidOption(what, 'format', format, '"text", "json-lines" or a format with a type')
}
