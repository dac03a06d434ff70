/** Compares visible output files with what an undisturbed run writes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Every word's lines must be its running counts from 1 to its total, in order, over all visible
 * files by name. Throws with the first difference.
 */
export function checkOutput(folder: string, expected: ReadonlyMap<string, number>): void {
  const seen = new Map<string, number>()
  const files = readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort()
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'utf8')
    if (!text.endsWith('\n')) throw new Error(`${file} ends in the middle of a line`)
    for (const line of text.slice(0, -1).split('\n')) {
      const [word = '', count] = line.split(' ')
      const next = (seen.get(word) ?? 0) + 1
      if (Number(count) !== next) {
        throw new Error(`${file}: ${word} is ${count}, but ${next} was to follow`)
      }
      seen.set(word, next)
    }
  }
  for (const [word, total] of expected) {
    if (seen.get(word) !== total) {
      throw new Error(`${word} came to ${seen.get(word) ?? 0}, not ${total}`)
    }
  }
  if (seen.size !== expected.size) throw new Error('there are words that are not in the input')
}
