import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { run } from 'millrace'
import { writeBook } from '../../examples/word-count/book.ts'
import { wordsOf } from '../../examples/word-count/words.ts'
import { backends, finish, jobOf, recordsOf, temporaryFolder } from './helpers.ts'

/** Counts by hand, letter by letter, and shares nothing with the job. */
function countedByHand(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  let word = ''
  for (const character of `${text} `) {
    const letter = character.toLowerCase()
    if ((letter >= 'a' && letter <= 'z') || (letter === "'" && word !== '')) word += letter
    else if (word !== '') {
      counts.set(word, (counts.get(word) ?? 0) + 1)
      word = ''
    }
  }
  return counts
}

/** Each word is there once, with the expected count. */
async function assertCounts(output: string, expected: ReadonlyMap<string, number>): Promise<void> {
  const counts = await recordsOf<{ readonly key: string; readonly value: number }>(output)
  assert.equal(counts.length, expected.size)
  assert.deepEqual(new Map(counts.map(({ key, value }) => [key, value])), expected)
}

const folder = await temporaryFolder()
const book = await writeBook(join(folder, 'input'))
const expected = countedByHand(await readFile(book.path, 'utf8'))

describe('the words of a line', () => {
  it('are letters and apostrophes in lower case', () => {
    assert.deepEqual(wordsOf("And God's light: 'Let there be'—Ärger 42"), [
      'and',
      "god's",
      'light',
      'let',
      'there',
      "be'",
      'ärger',
    ])
    assert.deepEqual(wordsOf(' 1:1 — '), [])
  })
})

describe('the word count', () => {
  it('has a whole book to count', () => {
    const words = [...expected.values()].reduce((sum, count) => sum + count, 0)
    assert.ok(
      words > 750_000 && expected.size > 10_000,
      `${words} words, ${expected.size} different`,
    )
  })

  for (const backend of backends) {
    for (const parallelism of [1, 2]) {
      it(`counts as one does by hand, with ${parallelism} on ${backend}`, async () => {
        const own = join(folder, `${backend}-${parallelism}`)
        const output = join(own, 'output')
        const status = await finish('word-count', {
          params: { input: join(folder, 'input'), output },
          directory: own,
          backend,
          parallelism,
          checkpointing: { interval: '200 ms' },
        })
        await assertCounts(output, expected)
        assert.ok(status.checkpoints.completed > 0)
      })
    }
  }

  it('goes on where it was stopped, on another backend and with another parallelism', async () => {
    const own = join(folder, 'stopped')
    const output = join(own, 'output')
    const options = { params: { input: join(folder, 'input'), output }, directory: own }
    await using first = await run(jobOf('word-count'), { ...options, backend: 'hashmap' })
    await first.checkpoint()
    const { outcome } = await first.stop()
    assert.equal(outcome, 'stopped')
    const { recordsIn } = first.status
    const other = backends.at(-1) ?? 'hashmap'
    const status = await finish('word-count', { ...options, backend: other, parallelism: 2 })
    assert.ok(status.restoredFrom !== undefined, 'it went on from a checkpoint')
    assert.equal(recordsIn + status.recordsIn, 31_102, 'no line was read twice')
    await assertCounts(output, expected)
  })
})
