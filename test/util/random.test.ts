import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom, systemRandom } from '../../src/util/random.ts'

describe('randomness', () => {
  it('gives no two of very many processes the same name', () => {
    // By a seed of 32 bits about ten of so many names would be equal.
    const count = 300_000
    const names = new Set(Array.from({ length: count }, () => systemRandom().id()))
    assert.equal(names.size, count)
    for (const name of [...names].slice(0, 100)) assert.match(name, /^[0-9a-f]{16}$/)
  })

  it('has streams of its own for each part of a process', () => {
    const random = systemRandom()
    const [first, second] = [random.fork('part'), random.fork('part')]
    assert.notEqual(first.id(), second.id())
    assert.notEqual(first.id(), first.id())
  })

  it('is decided by the seed and the name of a fork alone where a seed is given', () => {
    const of = (seed: number, name: string): string => new SeededRandom(seed).fork(name).id()
    assert.equal(of(7, 'a'), of(7, 'a'))
    assert.notEqual(of(7, 'a'), of(7, 'b'))
    assert.notEqual(of(7, 'a'), of(8, 'a'))
  })
})
