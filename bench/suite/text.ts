/** The words of a folder of text files, for contenders that have no source for them. */
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The files in order, as pieces of their bytes. */
export async function* piecesOf(folder: string): AsyncGenerator<Buffer> {
  for (const name of (await readdir(folder)).toSorted()) {
    for await (const piece of createReadStream(join(folder, name), { highWaterMark: 1 << 18 })) {
      yield piece as Buffer // no encoding was set
    }
  }
}

/** The lines, those of a piece at a time. Files end with their last line. */
export async function* linesOf(folder: string): AsyncGenerator<readonly string[]> {
  let rest = ''
  for await (const piece of piecesOf(folder)) {
    const lines = (rest + piece.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    yield lines
  }
}
