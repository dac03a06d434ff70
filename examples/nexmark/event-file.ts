// Where events come from: a file, cut into parts that are read in parallel, or the generator. A
// line belongs to the part in which its first byte is; that byte's offset is the event's position.
import { open, stat } from 'node:fs/promises'
import type { EventTime } from 'millrace'
import { MillraceError, t } from 'millrace'
import { dataGenerator, source } from 'millrace/connectors'
import { parseEvent } from './format.ts'
import { type GeneratorOptions, nexmarkEvent } from './generator.ts'
import { Event } from './model.ts'

const splitBytesDefault = 1024 * 1024
const chunkBytes = 64 * 1024
const lineEnd = 0x0a

/** The watermark follows at four seconds, as in the public queries. */
export const eventTime: EventTime<Event> = {
  timestamp: (event) => event.time,
  maxOutOfOrderness: '4 s',
}

/** The events of a file. It must not change while it is read. */
export function eventFile(path: string, splitBytes = splitBytesDefault) {
  return source<Event, number>({
    name: 'event file',
    type: Event,
    position: t.float64,
    async splits() {
      const { size } = await stat(path).catch((cause: unknown) => {
        const message = `the event file ${path} cannot be read`
        throw new MillraceError('CONNECTOR_INPUT_MISSING', message, { cause })
      })
      const count = Math.max(1, Math.ceil(size / splitBytes))
      return Array.from({ length: count }, (_, index) => {
        const start = index * splitBytes
        return { id: `${start}`, properties: { start, end: Math.min(size, start + splitBytes) } }
      })
    },
    async *read({ properties }, from, { signal }) {
      const start = Number(properties?.['start'])
      const lines = linesOf(path, from ?? start, Number(properties?.['end']), from === undefined)
      for await (const { texts, offsets, next } of lines) {
        if (signal.aborted) return
        const values = texts.map((text, index) => parseEvent(text, offsets[index] ?? 0))
        yield { values, position: next }
      }
    },
  })
}

/** Generated events, without a file; their position is their index. */
export function generatedEvents(count: number, options: GeneratorOptions) {
  const generate = (index: number): Event => nexmarkEvent(index, options)
  return dataGenerator<Event>({ name: 'nexmark', generate, count, type: Event })
}

interface Lines {
  readonly texts: readonly string[]
  readonly offsets: readonly number[]
  /** Offset of the line after them. */
  readonly next: number
}

/** The lines that begin in `[from, end)`; `mayBeInside`: a line may have begun before `from`. */
async function* linesOf(
  path: string,
  from: number,
  end: number,
  mayBeInside: boolean,
): AsyncGenerator<Lines, void, undefined> {
  await using file = await open(path, 'r')
  const skips = mayBeInside && from > 0
  // The byte before decides whether a line begins at `from`.
  let offset = skips ? from - 1 : from
  let isSkipping = skips
  let rest: Buffer = Buffer.alloc(0)
  let atEnd = false
  while (!atEnd && offset < end) {
    const chunk = Buffer.alloc(chunkBytes)
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, offset + rest.length)
    atEnd = bytesRead === 0
    const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
    const texts: string[] = []
    const offsets: number[] = []
    let at = 0
    while (offset + at < end) {
      const found = bytes.indexOf(lineEnd, at)
      if (found < 0 && !(atEnd && at < bytes.length)) break
      const stop = found < 0 ? bytes.length : found
      const text = bytes.toString('utf8', at, bytes[stop - 1] === 0x0d ? stop - 1 : stop)
      if (!isSkipping && text !== '') {
        texts.push(text)
        offsets.push(offset + at)
      }
      isSkipping = false
      at = stop + 1
    }
    offset += Math.min(at, bytes.length)
    rest = bytes.subarray(Math.min(at, bytes.length))
    if (texts.length > 0) yield { texts, offsets, next: offset }
  }
}
