/**
 * State of a hundred bytes a key, for what is measured on much of it: texts that follow from a key
 * and a version, the changes that are made to them, and which keys are asked for when they have
 * been restored. `bench/flink/Texts.java` has the same formulas.
 */
import { Buffer } from 'node:buffer'
import { Checksum, mix, type Output, outputOf, textHash } from './checksum.ts'

export const TEXT_LENGTH = 100
/** So often is one key in two hundred changed; of two such sets a checkpoint writes the changes. */
export const TURNS = 4
const KEYS_PER_CHANGE = 200
const KEYS_PER_QUESTION = 100
/** A prime number: keys of neighbours are strewn over all. */
const STRIDE = 7_368_787
const LETTERS = 1 << 20

const letters = Buffer.alloc(LETTERS)
for (let at = 0; at < LETTERS; at++) letters[at] = 48 + (mix(at) & 63)

/** Distinct for distinct indexes below `keys`. */
export const keyOf = (index: number, keys: number): number => (index * STRIDE) % keys

/** Of a string of its own: nothing is shared with other texts. */
export function textOf(key: number, version: number): string {
  const from = (key * 7_919 + version * 104_729) % (LETTERS - TEXT_LENGTH)
  return letters.latin1Slice(from, from + TEXT_LENGTH)
}

/** How many keys a turn changes, over and over again, to a version of its number. */
export const changedPerTurn = (keys: number): number => Math.ceil(keys / KEYS_PER_CHANGE)

/** The key that is changed as the `number`th of a turn. */
export function changedKey(turn: number, number: number, keys: number): number {
  const perTurn = changedPerTurn(keys)
  return keyOf((turn * perTurn + (number % perTurn)) % keys, keys)
}

export const questionsOf = (keys: number): number => Math.ceil(keys / KEYS_PER_QUESTION)

/** Half of the questions are for keys that were changed. */
export function askedKey(number: number, keys: number): number {
  const changed = TURNS * changedPerTurn(keys)
  return keyOf(number % 2 === 0 ? (number * 2) % changed : (number * 101) % keys, keys)
}

/** All answers that are to come, twice: after a restore and after one at another parallelism. */
export function answersTwice(keys: number): Output {
  const versions = new Map<number, number>()
  for (let turn = 0; turn < TURNS; turn++) {
    for (let number = 0; number < changedPerTurn(keys); number++) {
      versions.set(changedKey(turn, number, keys), turn)
    }
  }
  const out = new Checksum()
  for (let number = 0; number < questionsOf(keys); number++) {
    const key = askedKey(number, keys)
    out.add(key, textHash(textOf(key, versions.get(key) ?? 0)))
  }
  return outputOf([out, out])
}
