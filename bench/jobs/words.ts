/**
 * The text that words are counted in: 20 million words, 100,000 of them distinct, by Zipf's law,
 * ten to a line, about 100 MB. Made once from a seed and kept in the system's temporary folder.
 */
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededRandom } from '../../src/util/random.ts'

export const WORDS = 20_000_000
export const DISTINCT_WORDS = 100_000
const WORDS_PER_LINE = 10
const LINES_PER_WRITE = 10_000
const TEXT_FILES = 4

/** Distinct words of three to five letters, the more usual ones not longer than the others. */
function vocabulary(random: SeededRandom): readonly string[] {
  const words = new Set<string>()
  while (words.size < DISTINCT_WORDS) {
    let word = ''
    for (let left = 3 + random.int(3); left > 0; left--) {
      word += String.fromCharCode(97 + random.int(26))
    }
    words.add(word)
  }
  return [...words]
}

/** Draws ranks by Zipf's law with exponent 1. */
export function zipf(random: SeededRandom, ranks: number): () => number {
  const upTo = new Float64Array(ranks)
  let sum = 0
  for (let rank = 0; rank < ranks; rank++) upTo[rank] = sum += 1 / (rank + 1)
  return () => {
    const drawn = random.next() * sum
    let low = 0
    let high = ranks - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((upTo[middle] as number) < drawn) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The path of the text, which is written if it is not there. */
export async function textFile(): Promise<string> {
  const path = join(tmpdir(), `millrace-bench-words-1-${WORDS}.txt`)
  if (existsSync(path)) return path
  await writeText(path, WORDS / WORDS_PER_LINE, drawnWords())
  return path
}

/**
 * The path of a folder with a text of so many words in files of equal size, so that several workers
 * may read it. It is written if it is not there.
 *
 * @param words rounded up to whole lines
 */
export async function textFolder(words: number): Promise<string> {
  const folder = join(tmpdir(), `millrace-bench-words-${words}`)
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.${process.pid}`
  await mkdir(unfinished)
  const next = drawnWords()
  const lines = linesOf(words) / TEXT_FILES
  for (let file = 0; file < TEXT_FILES; file++) {
    await writeText(join(unfinished, `part-${file}.txt`), lines, next)
  }
  await rename(unfinished, folder)
  return folder
}

/** How many words a text of `words` has: lines are whole, and files have equally many. */
export const wordsOf = (words: number): number => linesOf(words) * WORDS_PER_LINE

function linesOf(words: number): number {
  return Math.ceil(words / (TEXT_FILES * WORDS_PER_LINE)) * TEXT_FILES
}

function drawnWords(): () => string {
  const random = new SeededRandom(1)
  const words = vocabulary(random)
  const draw = zipf(random, DISTINCT_WORDS)
  return () => words[draw()] as string // ranks are as many as words
}

async function writeText(path: string, lines: number, next: () => string): Promise<void> {
  const unfinished = `${path}.${process.pid}`
  const file = createWriteStream(unfinished)
  for (let done = 0; done < lines; done += LINES_PER_WRITE) {
    let text = ''
    for (let line = done; line < Math.min(done + LINES_PER_WRITE, lines); line++) {
      for (let word = 1; word < WORDS_PER_LINE; word++) text += `${next()} `
      text += `${next()}\n`
    }
    if (!file.write(text)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'close')
  await rename(unfinished, path)
}
