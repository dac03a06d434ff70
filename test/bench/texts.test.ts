// Which texts are held, changed and asked for where snapshots are compared.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  answersTwice,
  askedKey,
  changedKey,
  changedPerTurn,
  keyOf,
  questionsOf,
  TEXT_LENGTH,
  textOf,
  TURNS,
} from '../../bench/suite/texts.ts'

const KEYS = 10_000

describe('texts of keys', () => {
  it('are of one length, and others for another key or version', () => {
    const texts = [textOf(1, 0), textOf(2, 0), textOf(1, 1)]
    assert.equal(new Set(texts).size, texts.length)
    for (const text of texts) assert.match(text, /^[0-o]+$/)
    for (const text of texts) assert.equal(text.length, TEXT_LENGTH)
  })

  it('have as many keys as there are', () => {
    const keys = new Set(Array.from({ length: KEYS }, (_, index) => keyOf(index, KEYS)))
    assert.equal(keys.size, KEYS)
    assert.deepEqual([Math.min(...keys), Math.max(...keys)], [0, KEYS - 1])
  })

  it('are changed in sets without a common key, one in two hundred each', () => {
    const perTurn = changedPerTurn(KEYS)
    assert.equal(perTurn, KEYS / 200)
    const changed = Array.from({ length: TURNS * perTurn }, (_, at) =>
      changedKey(Math.floor(at / perTurn), at, KEYS),
    )
    assert.equal(new Set(changed).size, changed.length)
    assert.equal(changedKey(1, 3 * perTurn + 7, KEYS), changedKey(1, 7, KEYS))
  })

  it('are asked for, changed ones among them, and all answers count', () => {
    const changed = new Set<number>()
    for (let turn = 1; turn < TURNS; turn++) {
      for (let at = 0; at < changedPerTurn(KEYS); at++) changed.add(changedKey(turn, at, KEYS))
    }
    const asked = Array.from({ length: questionsOf(KEYS) }, (_, at) => askedKey(at, KEYS))
    const hits = asked.filter((key) => changed.has(key)).length
    assert.ok(hits > asked.length / 4 && hits < asked.length, `${hits} of ${asked.length}`)
    assert.equal(answersTwice(KEYS).count, 2 * asked.length)
  })
})
