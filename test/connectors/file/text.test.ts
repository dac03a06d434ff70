// Lines of files as bytes: the same lines, batches and positions as in strings.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { jsonLines, lines } from '../../../src/connectors/file/lines.ts'
import { fileSource } from '../../../src/connectors/file/source.ts'
import type { Source } from '../../../src/operators/source.ts'
import { type TextLine, textReadOf } from '../../../src/operators/text/line.ts'
import { t } from '../../../src/types/t.ts'
import { required } from '../../../src/util/assert.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { readAll, temporaryFolder, writeFiles } from '../helpers.ts'

const readTextOf = (source: Source<string>) => required(textReadOf(source), 'it reads text')

/** Reads a source both ways. */
async function compare(source: Source<string>): Promise<readonly string[]> {
  const inStrings = await readAll(source)
  // Reading text gives lines instead of strings.
  const asText = { ...source, read: readTextOf(source) } as unknown as Source<TextLine>
  const asBytes = await readAll(asText)
  for (const { bytes, end } of asBytes.values) {
    assert.ok(bytes[end] === 10 || bytes[end] === 13, 'a line ends with a line end')
  }
  assert.deepEqual({ ...asBytes, values: asBytes.values.map(String) }, inStrings)
  return inStrings.values
}

describe('lines of a file as bytes', () => {
  const cases: readonly (readonly [what: string, content: Uint8Array, lines: number])[] = [
    ['line feeds and carriage returns', Buffer.from('a\nb\r\n\r\n\r\r\nc\rd\n'), 5],
    ['a last line without an end', Buffer.from('\ufeffa\nb'), 2],
    ['an empty file', Buffer.from(''), 0],
    ['bytes that are no text', Buffer.from('é\xff\xe2\x82\n\x80\n', 'latin1'), 2],
  ]
  for (const [what, content, count] of cases) {
    it(`are those of strings with ${what}`, async (test) => {
      const path = await writeFiles(await temporaryFolder(test), { 'in.txt': content })
      assert.equal((await compare(fileSource({ path }))).length, count)
    })
  }

  it('are those of strings over many windows, splits and batches', async (test) => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32))
    test.diagnostic(`seed ${seed}`)
    const random = new SeededRandom(seed)
    const folder = await temporaryFolder(test)
    let text = ''
    for (let line = 0; line < 5_000; line++) {
      text += 'é'.repeat(random.int(random.int(50) === 0 ? 4_000 : 40))
      text += random.int(9) === 0 ? '\r\n' : '\n'
    }
    assert.ok(text.length > 2 ** 17)
    await writeFiles(folder, { 'a.txt': text, 'b.txt.gz': gzipSync(text) })
    await compare(fileSource({ path: folder, splitBytes: 20_000 }))
  })

  it('that are too long are as malformed as strings, in the same place', async (test) => {
    const content = `a\n${'b'.repeat(200)}\nc\n`
    const path = await writeFiles(await temporaryFolder(test), { 'in.txt': content })
    const options = { path, recordBytesMax: 64, onMalformed: 'skip' } as const
    assert.deepEqual(await compare(fileSource(options)), ['a', 'c'])
    const failing = fileSource({ ...options, onMalformed: 'fail' })
    const asText = { ...failing, read: readTextOf(failing) } as unknown as Source<TextLine>
    await assert.rejects(readAll(asText), { message: /in\.txt:2 \(byte 2\).*longer than 64 bytes/ })
  })

  it('are given by no other format, and not by a source that is wrapped', () => {
    const path = 'none'
    assert.equal(textReadOf(fileSource({ path, format: jsonLines(t.string) })), undefined)
    const plain = fileSource({ path, format: lines() })
    assert.notEqual(textReadOf({ ...plain }), undefined)
    const wrapped: typeof plain = {
      ...plain,
      async *read(split, from, context) {
        yield* plain.read(split, from, context)
      },
    }
    assert.equal(textReadOf(wrapped), undefined)
  })
})
