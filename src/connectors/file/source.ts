/**
 * `fileSource`: files, folders and globs as a replayable source. Finding files gives splits
 * (`splits.ts`), which are read from positions (`reader.ts`) in a format (`lines.ts`, `csv.ts`).
 */
import { malformedTag } from '../../operators/malformed.ts'
import { sourceBrand } from '../../operators/source.ts'
import { type ReadText, withText } from '../../operators/text/line.ts'
import type { Source, SourceContext, Split } from '../../operators/source.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import type { FileFormat } from './format.ts'
import { checkedFileOptions } from './options.ts'
import type { CheckedFileOptions, FileSourceOptions } from './options.ts'
import { findFiles } from './paths.ts'
import { readFileSplit } from './reader.ts'
import type { FilePosition } from './reader.ts'
import { decodeSplit, splitsOfFile } from './splits.ts'

const POSITION: Type<FilePosition> = t.struct({ offset: t.float64, lines: t.float64 })
const FILES_AT_ONCE = 16

/**
 * Reads text files: a file, the files of a folder, or those that match a glob, in the order of
 * their names; large files in parallel. A file must not change while the job needs it, except that
 * it may grow (what is added is not read); files that appear in a watched folder must be complete.
 *
 * @throws `CONFIG_INVALID` and `CONFIG_UNKNOWN_OPTION` for options that cannot work. While running:
 * `CONNECTOR_INPUT_MISSING`, `CONNECTOR_INPUT_CHANGED` for a file that was truncated or replaced,
 * `CONNECTOR_MALFORMED_RECORD`, `CONNECTOR_FAILED` with the system's code.
 * @example
 * env.fromSource('orders', fileSource({ path: 'orders/*.jsonl', format: jsonLines(Order) }))
 */
export function fileSource(
  options: FileSourceOptions<string> & { readonly format?: undefined },
): Source<string, FilePosition>
export function fileSource<T>(
  options: FileSourceOptions<T> & { readonly format: FileFormat<T> },
): Source<T, FilePosition>
export function fileSource(options: FileSourceOptions<unknown>): Source<unknown, FilePosition> {
  const checked = checkedFileOptions(options)
  const finder = new SplitFinder(checked)
  return Object.freeze<Source<unknown, FilePosition>>({
    [sourceBrand]: true,
    name: `fileSource(${checked.paths.join(', ')})`,
    type: checked.format.type,
    position: POSITION,
    replayable: true,
    bounded: checked.watchMs === undefined,
    ...(checked.watchMs === undefined ? {} : { discoverEveryMs: checked.watchMs }),
    ...(checked.onMalformed === 'side-output' ? { malformedTag } : {}),
    discover: () => finder.discover(),
    read: readOf(checked),
  })
}

function readOf(options: CheckedFileOptions): Source<unknown, FilePosition>['read'] {
  const reader = (of: CheckedFileOptions) => {
    return (split: Split, from: FilePosition | undefined, context: SourceContext) =>
      readFileSplit(decodeSplit(split), from, of, context.signal)
  }
  const { format } = options
  const read = reader(options)
  if (format.createTextParser === undefined) return read
  const createParser = format.createTextParser.bind(format)
  const readText = reader({ ...options, format: { ...format, createParser } })
  return withText(read, readText as ReadText<FilePosition>) // the parser makes lines of bytes
}

class SplitFinder {
  readonly #options: CheckedFileOptions
  /** A file keeps the splits that it had when it was found, also when it grows. */
  readonly #found = new Map<string, readonly Split[]>()

  constructor(options: CheckedFileOptions) {
    this.#options = options
  }

  async discover(): Promise<readonly Split[]> {
    const { paths, format, splitBytes, watchMs } = this.#options
    const files = await findFiles(paths, watchMs !== undefined)
    // A watched file is one split: parts of it would differ if it had grown at the next start.
    const step = format.splittable && watchMs === undefined ? splitBytes : undefined
    const fresh = files.filter((file) => !this.#found.has(file))
    for (let start = 0; start < fresh.length; start += FILES_AT_ONCE) {
      const portion = fresh.slice(start, start + FILES_AT_ONCE)
      const splits = await Promise.all(portion.map((file) => splitsOfFile(file, step)))
      portion.forEach((file, index) => {
        const ofFile = splits[index] ?? []
        if (ofFile.length > 0) this.#found.set(file, ofFile)
      })
    }
    return files.flatMap((file) => this.#found.get(file) ?? [])
  }
}
