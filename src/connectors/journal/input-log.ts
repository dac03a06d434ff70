/**
 * The input log of one split: a folder of segments, named by the number of records before them.
 * One reader at a time replays it and then appends; trimming only deletes whole segments in front
 * and needs nothing but their names.
 */
import { Buffer } from 'node:buffer'
import { open, readdir, readFile, rm, truncate } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError } from '../../errors.ts'
import type { MalformedRecord } from '../../operators/source.ts'
import { assert } from '../../util/assert.ts'
import { ByteWriter } from '../../util/bytes.ts'
import { errnoOf, fileFailed } from '../file/errors.ts'
import { makeDirectory, syncDirectory } from '../file/part-file.ts'
import { corrupt, scanSegment, segmentHeader, sequenceAfter, writeFrame } from './segment.ts'
import type { Frame, ScannedSegment } from './segment.ts'

const NAME = /^(\d{16})\.log$/
const EMPTY = Buffer.alloc(0)
const SCRATCH_BYTES_KEPT = 4 << 20

interface SegmentFile {
  readonly path: string
  readonly firstSequence: number
}

interface OpenSegment {
  readonly path: string
  readonly handle: FileHandle
  bytes: number
}

export class InputLog {
  readonly #directory: string
  readonly #segmentBytes: number
  /** At the start; appending adds none, for replay comes first. */
  readonly #segments: readonly SegmentFile[]
  #scratch = new ByteWriter(1 << 16)
  #nextSequence: number
  #lastFrame: Frame | undefined
  #current: OpenSegment | undefined
  #failed = false

  private constructor(
    directory: string,
    segmentBytes: number,
    segments: readonly SegmentFile[],
    last: Frame | undefined,
  ) {
    this.#directory = directory
    this.#segmentBytes = segmentBytes
    this.#segments = segments
    this.#lastFrame = last
    this.#nextSequence = last === undefined ? 0 : sequenceAfter(last)
  }

  /** Opens the log, and cuts what a crash tore. */
  static async open(directory: string, segmentBytes: number): Promise<InputLog> {
    await makeDirectory(directory)
    const segments = [...(await segmentsIn(directory))]
    for (;;) {
      const file = segments.at(-1)
      if (file === undefined) return new InputLog(directory, segmentBytes, [], undefined)
      const bytes = await readSegment(file)
      const scanned = scanSegment(file.path, bytes, true)
      if (scanned !== undefined) {
        checkName(file, scanned)
        await cut(file, bytes.length, scanned.wholeBytes)
        return new InputLog(directory, segmentBytes, segments, scanned.frames.at(-1))
      }
      await rm(file.path)
      segments.pop()
    }
  }

  /** How many records the log has ever held, malformed ones included. */
  get nextSequence(): number {
    return this.#nextSequence
  }

  /** False after an end or a failure. */
  get isWritable(): boolean {
    return !this.#failed && !this.ended
  }

  /** True if the split has ended: nothing will be appended. */
  get ended(): boolean {
    return this.#lastFrame?.isEnd === true
  }

  /** Where the logged source goes on, encoded. */
  get innerPosition(): Buffer | undefined {
    return this.#lastFrame?.innerPosition
  }

  /** The frames that hold records from `sequence` on; undefined: from the oldest that is kept. */
  async *replay(sequence: number | undefined): AsyncGenerator<Frame, void, undefined> {
    const oldest = this.#segments[0]?.firstSequence ?? 0
    let expected = sequence ?? oldest
    this.#checkWithin(expected, oldest)
    for (const [index, file] of this.#segments.entries()) {
      const next = this.#segments[index + 1]
      if (next !== undefined && next.firstSequence <= expected) continue
      const bytes = await readSegment(file)
      const scanned = scanSegment(file.path, bytes, next === undefined)
      if (scanned === undefined) throw corrupt(file.path, 0, 'it has changed while it was read')
      checkName(file, scanned)
      for (const frame of scanned.frames) {
        const after = sequenceAfter(frame)
        if (after <= expected) continue
        if (frame.sequence !== expected) {
          const found = `frame ${frame.sequence} to ${after}`
          throw corrupt(file.path, 0, `record ${expected} is wanted, but there is ${found}`)
        }
        yield frame
        expected = after
      }
    }
    if (expected < this.#nextSequence) {
      throw corrupt(this.#directory, 0, `records from ${expected} on are missing`)
    }
  }

  #checkWithin(sequence: number, oldest: number): void {
    if (sequence >= oldest && sequence <= this.#nextSequence) return
    const has = `${this.#directory} holds records ${oldest} to ${this.#nextSequence}`
    throw new MillraceError(
      'CONNECTOR_INPUT_MISSING',
      `the input log ${has}, but the checkpoint goes on at ${sequence}`,
      {
        cure: 'restore a newer checkpoint or the log, or start with --fresh',
        details: { directory: this.#directory, sequence },
      },
    )
  }

  /** Makes records durable. After a failure nothing can be appended: open the log again. */
  append(
    count: number,
    innerPosition: Buffer,
    malformed: readonly MalformedRecord[],
    records: Buffer,
  ): Promise<void> {
    return this.#append({ isEnd: false, count, innerPosition, malformed, records })
  }

  /** Says durably that the split has ended. */
  appendEnd(): Promise<void> {
    const { innerPosition } = this
    return this.#append({ isEnd: true, count: 0, innerPosition, malformed: [], records: EMPTY })
  }

  async #append(frame: Omit<Frame, 'sequence'>): Promise<void> {
    assert(this.isWritable, 'the log can be appended to')
    const whole: Frame = { ...frame, sequence: this.#nextSequence }
    if (this.#scratch.bytes.length > SCRATCH_BYTES_KEPT) this.#scratch = new ByteWriter(1 << 16)
    this.#scratch.reset()
    writeFrame(whole, this.#scratch)
    this.#failed = true
    const full = this.#current !== undefined && this.#current.bytes >= this.#segmentBytes
    if (full) await this.#closeSegment()
    if (this.#current === undefined) await this.#createSegment(this.#scratch.view())
    else await this.#write(this.#current, this.#scratch.view())
    this.#failed = false
    this.#nextSequence = sequenceAfter(whole)
    this.#lastFrame = { ...whole, records: EMPTY }
  }

  async #createSegment(frame: Buffer): Promise<void> {
    const name = `${String(this.#nextSequence).padStart(16, '0')}.log`
    const path = join(this.#directory, name)
    try {
      this.#current = { handle: await open(path, 'wx'), path, bytes: 0 }
    } catch (error) {
      throw fileFailed('creating', path, error)
    }
    await this.#write(this.#current, Buffer.concat([segmentHeader(this.#nextSequence), frame]))
    await syncDirectory(this.#directory)
  }

  async #write(segment: OpenSegment, bytes: Buffer): Promise<void> {
    try {
      for (let written = 0; written < bytes.length;) {
        const left = bytes.length - written
        const { bytesWritten } = await segment.handle.write(bytes, written, left, segment.bytes)
        written += bytesWritten
        segment.bytes += bytesWritten
      }
      await segment.handle.datasync()
    } catch (error) {
      throw fileFailed('writing', segment.path, error)
    }
  }

  async #closeSegment(): Promise<void> {
    const current = this.#current
    this.#current = undefined
    await current?.handle.close()
  }

  async close(): Promise<void> {
    await this.#closeSegment()
  }
}

/** Deletes the segments all of whose records come before `sequence`; the last one stays. */
export async function trimLog(directory: string, sequence: number): Promise<void> {
  const segments = await segmentsIn(directory)
  for (const [index, file] of segments.entries()) {
    const next = segments[index + 1]
    if (next === undefined || next.firstSequence > sequence) return
    try {
      await rm(file.path, { force: true })
    } catch (error) {
      throw fileFailed('deleting', file.path, error)
    }
  }
}

async function segmentsIn(directory: string): Promise<readonly SegmentFile[]> {
  try {
    const names = (await readdir(directory)).filter((name) => NAME.test(name)).toSorted()
    return names.map((name) => ({
      path: join(directory, name),
      firstSequence: Number(NAME.exec(name)?.[1]),
    }))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw fileFailed('reading the folder', directory, error)
  }
}

async function readSegment(file: SegmentFile): Promise<Buffer> {
  try {
    return await readFile(file.path)
  } catch (error) {
    throw fileFailed('reading', file.path, error)
  }
}

function checkName(file: SegmentFile, scanned: ScannedSegment): void {
  if (scanned.firstSequence === file.firstSequence) return
  throw corrupt(file.path, 0, `it begins with record ${scanned.firstSequence}`)
}

async function cut(file: SegmentFile, lengthBytes: number, wholeBytes: number): Promise<void> {
  if (lengthBytes === wholeBytes) return
  try {
    await truncate(file.path, wholeBytes)
    const handle = await open(file.path, 'r+')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileFailed('cutting', file.path, error)
  }
}
