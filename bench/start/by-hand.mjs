// The same without an engine.
import { writeSync } from 'node:fs'

const counts = new Map()
for (const word of 'to be or not to be that is the question'.split(' ')) {
  counts.set(word, (counts.get(word) ?? 0) + 1)
  writeSync(1, `${word} ${counts.get(word)}\n`)
}
