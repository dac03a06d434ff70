/**
 * The most that JavaScript gives: a loop over bytes or numbers and tables of typed arrays, made for
 * this work and this input alone. What an engine takes beside it is the price of being one.
 */
import { Checksum, mix, outputOf } from './checksum.ts'
import type { Measured, Task } from './contract.ts'
import { payment } from './draws.ts'
import { stopwatch } from './stopwatch.ts'
import { piecesOf } from './text.ts'

const SPACE = 0x20
const NEWLINE = 0x0a
/** No word is longer. */
const WORD_BYTES = 8
/** A power of two, above twice as many as there are words. */
const WORD_SLOTS = 1 << 18

export async function tables(task: Task): Promise<Measured> {
  const out = new Checksum()
  const stop = stopwatch()
  if (task.work === 'words') await countWords(task, out)
  else if (task.work === 'sum-number') sumNumbers(task, out)
  else throw new Error(`there are no tables for ${task.work}`)
  return { ...stop(), output: outputOf([out]) }
}

/** Words are their bytes, padded with zeros: two numbers. */
async function countWords({ input }: Task, out: Checksum): Promise<void> {
  const words = new Int32Array(2 * WORD_SLOTS)
  const hashes = new Int32Array(WORD_SLOTS)
  const counts = new Int32Array(WORD_SLOTS)
  let [low, high, length, hash] = [0, 0, 0, 0]
  for await (const piece of piecesOf(input)) {
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at] as number // below the length
      if (byte !== SPACE && byte !== NEWLINE) {
        if (length < 4) low |= byte << (8 * length)
        else high |= byte << (8 * (length - 4))
        hash = (Math.imul(hash, 31) + byte) | 0
        length++
        continue
      }
      if (length > WORD_BYTES) throw new Error('a word is too long')
      let slot = mix(hash) & (WORD_SLOTS - 1)
      while (counts[slot] !== 0 && (words[2 * slot] !== low || words[2 * slot + 1] !== high)) {
        slot = (slot + 1) & (WORD_SLOTS - 1)
      }
      if (counts[slot] === 0) {
        words[2 * slot] = low
        words[2 * slot + 1] = high
        hashes[slot] = hash
      }
      const count = (counts[slot] as number) + 1 // a slot of the table
      counts[slot] = count
      out.add(hash, count)
      low = high = length = hash = 0
    }
  }
}

/** Linear probing; a sum of 0 is a free slot, for amounts are above 0. */
function sumNumbers({ records, keys }: Task, out: Checksum): void {
  const slots = 2 ** Math.ceil(Math.log2(2 * keys))
  const numbers = new Int32Array(slots)
  const sums = new Float64Array(slots)
  const draw = payment(keys)
  for (let number = 0; number < records; number++) {
    const { account, amount } = draw(number)
    let slot = mix(account) & (slots - 1)
    while (sums[slot] !== 0 && numbers[slot] !== account) slot = (slot + 1) & (slots - 1)
    const total = (sums[slot] as number) + amount // a slot of the table
    numbers[slot] = account
    sums[slot] = total
    out.add(account, total)
  }
}
