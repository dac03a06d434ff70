/** The options of `fileSource`, checked when the source is declared. */
import { MillraceError } from '../../errors.ts'
import { parseDurationMs, parseSizeBytes } from '../../util/duration.ts'
import type { Duration, Size } from '../../util/duration.ts'
import { checkOptions, invalidOption } from '../options.ts'
import type { FileFormat } from './format.ts'
import { lines } from './lines.ts'
import type { MalformedPolicy } from './malformed.ts'
import { pathText } from './paths.ts'

export interface FileSourceOptions<T> {
  /** A file, a folder or a glob, or several; relative to the working directory. */
  readonly path: string | URL | readonly (string | URL)[]
  /** Default: `lines()`. */
  readonly format?: FileFormat<T>
  /** Default: `fail`. */
  readonly onMalformed?: MalformedPolicy
  /** Large files are read in parallel in parts of this size. Default: 32 MiB. */
  readonly splitBytes?: Size
  /** A longer record is malformed. Default: 16 MiB. */
  readonly recordBytesMax?: Size
  /** Looks for new files this often and never ends. Default: the files there are at the start. */
  readonly watch?: Duration
}

const SPLIT_BYTES = 32 * 1024 ** 2
const SPLIT_BYTES_MIN = 4_096
const RECORD_BYTES = 16 * 1024 ** 2
const RECORD_BYTES_MIN = 64
/** Strings of V8 end at 512 MiB. */
const RECORD_BYTES_LIMIT = 256 * 1024 ** 2
const WATCH_MS_MIN = 10

export interface CheckedFileOptions {
  readonly paths: readonly string[]
  readonly format: FileFormat<unknown>
  readonly onMalformed: MalformedPolicy
  readonly splitBytes: number
  readonly recordBytesMax: number
  readonly watchMs: number | undefined
}

const OPTIONS: readonly (keyof FileSourceOptions<unknown>)[] = [
  'path',
  'format',
  'onMalformed',
  'splitBytes',
  'recordBytesMax',
  'watch',
]

export function checkedFileOptions(options: FileSourceOptions<unknown>): CheckedFileOptions {
  const what = 'fileSource()'
  checkOptions(what, options, OPTIONS)
  const { path, format = lines(), onMalformed = 'fail', watch } = options
  const paths = Array.isArray(path) ? [...path] : [path]
  if (paths.length === 0 || !paths.every(isPath)) {
    throw invalidOption(what, 'path', path, 'the path of a file or folder, a glob, or several')
  }
  if (typeof format !== 'object' || format === null || !('createParser' in format)) {
    throw invalidOption(what, 'format', format, 'lines(), jsonLines(T) or csv(T)')
  }
  if (!['fail', 'skip', 'side-output'].includes(onMalformed)) {
    throw invalidOption(what, 'onMalformed', onMalformed, '"fail", "skip" or "side-output"')
  }
  const watchMs = watch === undefined ? undefined : parseDurationMs(watch, `${what}: watch`)
  if (watchMs !== undefined && watchMs < WATCH_MS_MIN) {
    throw invalidOption(what, 'watch', watch, `at least ${WATCH_MS_MIN} ms`)
  }
  return {
    paths: paths.map((one) => pathText(one)),
    format,
    onMalformed,
    splitBytes: sizeOption(what, 'splitBytes', options.splitBytes ?? SPLIT_BYTES, SPLIT_BYTES_MIN),
    recordBytesMax: sizeOption(
      what,
      'recordBytesMax',
      options.recordBytesMax ?? RECORD_BYTES,
      RECORD_BYTES_MIN,
    ),
    watchMs,
  }
}

function isPath(path: unknown): path is string | URL {
  return path instanceof URL || (typeof path === 'string' && path !== '')
}

function sizeOption(what: string, option: string, value: Size, min: number): number {
  const bytes = parseSizeBytes(value, `${what}: ${option}`)
  if (bytes >= min && (option !== 'recordBytesMax' || bytes <= RECORD_BYTES_LIMIT)) return bytes
  throw new MillraceError('CONFIG_INVALID', `${what}: ${option} is ${bytes} bytes`, {
    cure: `give at least ${min} bytes, and records of at most ${RECORD_BYTES_LIMIT}`,
    details: { option },
  })
}
