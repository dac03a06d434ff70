/** Finds beginnings of lines: of a file behind its encoding's mark, of a split, behind a line. */
import { Buffer } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { fileFailed } from './errors.ts'
import type { Window } from './window.ts'

const LINE_FEED = 10
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const

export async function skipByteOrderMark(window: Window): Promise<void> {
  while (!window.last && window.filled - window.position < BYTE_ORDER_MARK.length) {
    await window.fill()
  }
  const { bytes, position, filled } = window
  if (filled - position < BYTE_ORDER_MARK.length) return
  if (BYTE_ORDER_MARK.every((byte, index) => bytes[position + index] === byte)) {
    window.skipTo(position + BYTE_ORDER_MARK.length)
  }
}

/** Moves behind the next line feed, or to the end of the file or split; how many lines that is. */
export async function skipLine(window: Window): Promise<number> {
  for (;;) {
    const { bytes, position, filled } = window
    const end = bytes.indexOf(LINE_FEED, position)
    if (end >= 0 && end < filled) {
      window.skipTo(end + 1)
      return 1
    }
    window.skipTo(filled)
    if (window.last) return filled > position ? 1 : 0
    if (window.position >= window.limit) return 1
    await window.fill()
  }
}

/** The number of line feeds before an offset of a file. */
export async function linesBefore(path: string, offset: number): Promise<number> {
  if (offset === 0) return 0
  let count = 0
  try {
    for await (const chunk of createReadStream(path, { end: offset - 1 })) {
      if (!Buffer.isBuffer(chunk)) continue
      for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1))
        count++
    }
  } catch (error) {
    throw fileFailed('reading', path, error)
  }
  return count
}
