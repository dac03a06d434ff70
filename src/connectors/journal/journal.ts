/**
 * `journal(source, …)`: makes a source that cannot be read again exact. Its records are durable in
 * an input log before the job sees them; after a failure they are replayed from the log, from the
 * position of the checkpoint on, and reading goes on where the log ends.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { sourceBrand } from '../../operators/source.ts'
import type { Source, SourceBatch, SourceContext, Split } from '../../operators/source.ts'
import { t } from '../../types/t.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import { parseSizeBytes } from '../../util/duration.ts'
import type { Size } from '../../util/duration.ts'
import { errnoOf, fileFailed } from '../file/errors.ts'
import { makeDirectory, syncDirectory } from '../file/part-file.ts'
import { pathText } from '../file/paths.ts'
import { checkOptions, invalidOption, wholeNumber } from '../options.ts'
import { InputLog, trimLog } from './input-log.ts'
import { Intake } from './intake.ts'
import type { Group } from './intake.ts'
import { sequenceAfter } from './segment.ts'
import type { Frame } from './segment.ts'

export interface JournalOptions {
  /** The folder of the log, of its own for each source; made if it is not there. */
  readonly directory: string | URL
  /** The log is deleted in pieces of this size. Default: 16 MiB. */
  readonly segmentBytes?: Size
  /** How many of the newest complete checkpoints can be restored with the log. Default: 3. */
  readonly keepCheckpoints?: number
  /**
   * The log itself is not encrypted, so a job with `encryption.keys` refuses it unless this says
   * that its disk is, or that nobody reads it who should not.
   */
  readonly diskIsEncrypted?: boolean
}

const SEGMENT_BYTES = 16 * 1024 ** 2
const SEGMENT_BYTES_MIN = 1_024
const SEGMENT_BYTES_LIMIT = 256 * 1024 ** 2
const KEEP_CHECKPOINTS = 3
const KEEP_CHECKPOINTS_MAX = 10_000
const SPLIT_FILE = 'split.json'

/**
 * Positions count the records of the log. What no kept checkpoint needs is deleted.
 * Records that the source had taken in, but that were not durable yet when the process died, are
 * the only ones that can be lost; a source that can go on from a position loses none.
 *
 * @throws `CONFIG_INVALID` and `CONFIG_UNKNOWN_OPTION` for options that cannot work. While running:
 * `STORAGE_CORRUPT` for damage in the log, `CONNECTOR_INPUT_MISSING` if the checkpoint needs more
 * than the log holds.
 * @example
 * journal(socketSource({ host: 'feed.example', port: 7000 }), { directory: '.millrace/feed' })
 */
export function journal<T, P>(inner: Source<T, P>, options: JournalOptions): Source<T, number> {
  const what = 'journal()'
  if (typeof inner !== 'object' || inner === null || inner[sourceBrand] !== true) {
    throw invalidOption(what, 'the first argument', inner, 'a source')
  }
  checkOptions(what, options, ['directory', 'segmentBytes', 'keepCheckpoints', 'diskIsEncrypted'])
  const { directory, segmentBytes = SEGMENT_BYTES, diskIsEncrypted = false } = options
  if (typeof diskIsEncrypted !== 'boolean') {
    throw invalidOption(what, 'diskIsEncrypted', diskIsEncrypted, 'true or false')
  }
  if (!(directory instanceof URL) && (typeof directory !== 'string' || directory === '')) {
    throw invalidOption(what, 'directory', directory, 'the path of a folder')
  }
  const bytes = parseSizeBytes(segmentBytes, `${what}: segmentBytes`)
  if (bytes < SEGMENT_BYTES_MIN || bytes > SEGMENT_BYTES_LIMIT) {
    const wanted = `${SEGMENT_BYTES_MIN} to ${SEGMENT_BYTES_LIMIT} bytes`
    throw invalidOption(what, 'segmentBytes', segmentBytes, wanted)
  }
  const keep = wholeNumber(what, 'keepCheckpoints', options.keepCheckpoints, {
    min: 1,
    max: KEEP_CHECKPOINTS_MAX,
    otherwise: KEEP_CHECKPOINTS,
  })
  const logs = new Journal(inner, resolve(pathText(directory)), bytes, keep)
  const { type, bounded, discoverEveryMs, malformedTag } = inner
  return Object.freeze<Source<T, number>>({
    [sourceBrand]: true,
    name: `journal(${inner.name})`,
    type,
    position: t.float64,
    replayable: true,
    keepsPlainRecords: !diskIsEncrypted,
    bounded,
    ...(discoverEveryMs === undefined ? {} : { discoverEveryMs }),
    ...(malformedTag === undefined ? {} : { malformedTag }),
    discover: (context) => logs.discover(context),
    read: (split, from, context) => logs.read(split, from, context),
    checkpointComplete: (positions) => logs.trim(positions),
  })
}

class Journal<T, P> {
  readonly #inner: Source<T, P>
  readonly #directory: string
  readonly #segmentBytes: number
  readonly #keepCheckpoints: number
  /** Of each split, the positions of the newest complete checkpoints, oldest first. */
  readonly #complete = new Map<string, number[]>()
  /** Reads that are not over: the next one of the same split waits, for a log has one writer. */
  readonly #reading = new Map<string, Promise<void>>()

  constructor(inner: Source<T, P>, directory: string, segmentBytes: number, keep: number) {
    this.#inner = inner
    this.#directory = directory
    this.#segmentBytes = segmentBytes
    this.#keepCheckpoints = keep
  }

  /** The splits of the source, and those of which there is a log though the source forgot them. */
  async discover(context: SourceContext): Promise<readonly Split[]> {
    const splits = await this.#inner.discover(context)
    const ids = new Set(splits.map((split) => split.id))
    const logged = await loggedSplits(this.#directory)
    return [...splits, ...logged.filter((split) => !ids.has(split.id))]
  }

  async *read(
    split: Split,
    from: number | undefined,
    context: SourceContext,
  ): AsyncGenerator<SourceBatch<T, number>, void, undefined> {
    while (this.#reading.has(split.id)) await this.#reading.get(split.id)
    const { promise, resolve: finished } = Promise.withResolvers<void>()
    this.#reading.set(split.id, promise)
    try {
      const log = await this.#open(split)
      try {
        for await (const frame of log.replay(from)) {
          if (context.signal.aborted) return
          if (!frame.isEnd) yield this.#batchOf(frame)
        }
        if (!log.ended) yield* this.#live(split, log, context)
      } finally {
        await log.close()
      }
    } finally {
      this.#reading.delete(split.id)
      finished()
    }
  }

  async trim(positions: ReadonlyMap<string, number>): Promise<void> {
    for (const [id, position] of positions) {
      const complete = [...(this.#complete.get(id) ?? []), position].slice(-this.#keepCheckpoints)
      this.#complete.set(id, complete)
      const [oldest] = complete
      if (oldest === undefined || complete.length < this.#keepCheckpoints) continue
      await trimLog(this.#folderOf(id), oldest)
    }
  }

  async #open(split: Split): Promise<InputLog> {
    const folder = this.#folderOf(split.id)
    await makeDirectory(folder)
    await writeSplit(folder, split)
    return InputLog.open(folder, this.#segmentBytes)
  }

  #folderOf(id: string): string {
    const safe = id.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 60)
    const hash = createHash('sha256').update(id).digest('hex').slice(0, 16)
    return join(this.#directory, `${safe}-${hash}`)
  }

  #batchOf(frame: Frame): SourceBatch<T, number> {
    const input = new ByteReader(frame.records)
    const values: T[] = []
    for (let index = 0; index < frame.count; index++) values.push(this.#inner.type.read(input))
    return batchOf(values, sequenceAfter(frame), frame.malformed)
  }

  async *#live(
    split: Split,
    log: InputLog,
    context: SourceContext,
  ): AsyncGenerator<SourceBatch<T, number>, void, undefined> {
    const controller = new AbortController()
    const abort = () => controller.abort()
    context.signal.addEventListener('abort', abort)
    if (context.signal.aborted) abort()
    const { innerPosition } = log
    const from =
      innerPosition === undefined
        ? undefined
        : this.#inner.position.read(new ByteReader(innerPosition))
    const innerContext = { ...context, signal: controller.signal }
    const intake = new Intake(this.#inner.read(split, from, innerContext))
    try {
      for (;;) {
        const group = await intake.take()
        if (context.signal.aborted) {
          if (group !== undefined) await this.#append(log, group)
          return
        }
        if (group === undefined) return await log.appendEnd()
        await this.#append(log, group)
        // What is in the log will not be asked for again: the source may forget it.
        await this.#inner.checkpointComplete?.(new Map([[split.id, group.position]]))
        yield batchOf(group.values, log.nextSequence, group.malformed)
      }
    } finally {
      context.signal.removeEventListener('abort', abort)
      controller.abort()
      intake.close()
      // What the source has taken in cannot be had again: it is for the next start.
      const rest = log.isWritable ? intake.waiting() : undefined
      if (rest !== undefined) await this.#append(log, rest)
    }
  }

  async #append(log: InputLog, group: Group<T, P>): Promise<void> {
    const { values, position, malformed } = group
    if (values.length + malformed.length === 0) return
    const positionBytes = new ByteWriter()
    this.#inner.position.write(position, positionBytes)
    const records = new ByteWriter(1 << 12)
    for (const value of values) this.#inner.type.write(value, records)
    await log.append(values.length, positionBytes.copy(), malformed, records.view())
  }
}

function batchOf<T>(
  values: readonly T[],
  position: number,
  malformed: SourceBatch<T, number>['malformed'] & {},
): SourceBatch<T, number> {
  return { values, position, ...(malformed.length === 0 ? {} : { malformed }) }
}

/** Remembers what the log is of. */
async function writeSplit(folder: string, split: Split): Promise<void> {
  const path = join(folder, SPLIT_FILE)
  const text = JSON.stringify(split)
  try {
    if ((await readIfThere(path)) === text) return
    await writeFile(`${path}.new`, text, { flush: true })
    await rename(`${path}.new`, path)
    await syncDirectory(folder)
  } catch (error) {
    throw fileFailed('writing', path, error)
  }
}

async function loggedSplits(directory: string): Promise<readonly Split[]> {
  const splits: Split[] = []
  try {
    for (const name of (await readdir(directory)).toSorted()) {
      const text = await readIfThere(join(directory, name, SPLIT_FILE))
      // `writeSplit` wrote it, and it appeared whole.
      if (text !== undefined) splits.push(JSON.parse(text) as Split)
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileFailed('reading the folder', directory, error)
  }
  return splits
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}
