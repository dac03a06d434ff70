/**
 * Input for the kill tests: lines of words, drawn so that few are common and most are rare, the
 * same for the same seed. There are enough words that the state is over ten times the memory that
 * the RocksDB rounds give it.
 */
import { writeFileSync } from 'node:fs'
import { SeededRandom } from '../../src/util/random.ts'

const WORDS_PER_LINE = 10

export interface InputSize {
  readonly lines: number
  readonly distinctWords: number
}

export function writeInput(path: string, size: InputSize, seed: number): void {
  const random = new SeededRandom(seed)
  const lines: string[] = []
  for (let line = 0; line < size.lines; line++) {
    const words: string[] = []
    for (let at = 0; at < WORDS_PER_LINE; at++) {
      const rank = Math.floor(random.next() ** 2 * size.distinctWords)
      words.push(`word-${String(rank).padStart(8, '0')}`)
    }
    lines.push(words.join(' '))
  }
  writeFileSync(path, `${lines.join('\n')}\n`)
}

/** What the job must write: for each word its running counts, in order. */
export function expectedCounts(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const word of text.split(/\s+/)) {
    if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
}
