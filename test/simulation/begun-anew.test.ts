// What an operator shows whose subjects are erased: keys may begin anew, and nothing else.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { anewDifference } from '../../simulation/checks/begun-anew.ts'
import { withShredded } from '../../simulation/workloads/shredded.ts'
import { foldOf, type Rec } from '../../simulation/workloads/workload.ts'
import { SeededRandom } from '../../src/util/random.ts'

const input = [3, 1, 4, 1, 5].map((v): Rec => ({ k: 7, v, at: 0, pad: '' }))

/** What is shown of them if the key begins anew before these. */
function shown(...anew: readonly number[]): readonly Rec[] {
  let [count, digest] = [0, 0]
  return input.map((rec, index) => {
    if (anew.includes(index)) [count, digest] = [0, 0]
    count++
    digest = foldOf(digest, rec.v)
    return { ...rec, at: count, pad: `${digest}` }
  })
}

const difference = (visible: readonly Rec[], times: number): string | undefined =>
  anewDifference(input, visible, () => times)

describe('a key whose subject may be erased', () => {
  it('shows each record with all before it, or begins anew as often as was asked for', () => {
    assert.equal(difference(shown(), 0), undefined)
    assert.equal(difference(shown(2), 1), undefined)
    assert.equal(difference(shown(1, 4), 2), undefined)
  })

  it('may not begin anew for no reason, nor more often', () => {
    assert.match(difference(shown(2), 0) ?? '', /began anew 1 times, asked for were 0/)
    assert.match(difference(shown(1, 4), 1) ?? '', /2 times/)
  })

  it('may not lose a part of what it held, a record, or show one twice', () => {
    const torn = shown().map((rec, index) => (index === 3 ? { ...rec, at: 3 } : rec))
    assert.match(difference(torn, 9) ?? '', /record 3 is told as number 3/)
    const other = shown().map((rec, index) => (index === 3 ? { ...rec, pad: '1' } : rec))
    assert.match(difference(other, 9) ?? '', /record 3/)
    assert.match(difference(shown().slice(1), 9) ?? '', /4 records instead of 5/)
    assert.match(difference([...shown(), ...shown().slice(4)], 9) ?? '', /6 records instead of 5/)
  })
})

it('stands behind a source that keeps the order of keys, or nowhere', () => {
  const source = { uid: 's', splits: [], outOfOrderMs: 0, bounded: true, batchMax: 1, gapMs: 1 }
  const nodes = [{ kind: 'source', source: 0 }] as const
  const workload = { nodes, typed: true, lastingWriters: false }
  const text = { ...source, text: 'words' as const }
  assert.deepEqual(withShredded({ ...workload, sources: [text] }, new SeededRandom(1)).nodes, nodes)
  const { nodes: all } = withShredded({ ...workload, sources: [source] }, new SeededRandom(1))
  assert.deepEqual(
    all.map(({ kind }) => kind),
    ['source', 'shredded', 'sink', 'count', 'sink'],
  )
})
