// Lines and JSON lines from files: line ends, encodings, splits, positions, malformed records.
import assert from 'node:assert/strict'
import { appendFile, truncate, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { jsonLines, lines } from '../../../src/connectors/file/lines.ts'
import { fileSource } from '../../../src/connectors/file/source.ts'
import { t } from '../../../src/types/t.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { readAll, readFrom, temporaryFolder, writeFiles } from '../helpers.ts'

const Order = t.struct({ id: t.int32, note: t.optional(t.string) })

describe('lines()', () => {
  const cases: readonly (readonly [what: string, text: string, expected: readonly string[]])[] = [
    ['line feeds', 'a\nb\n', ['a', 'b']],
    ['carriage returns', 'a\r\nb\r\n', ['a', 'b']],
    ['a last line without an end', 'a\nb', ['a', 'b']],
    ['empty lines', '\n\na\n\n', ['', '', 'a', '']],
    ['a mark of the encoding', '\ufeffa\nb\n', ['a', 'b']],
    ['nothing but the mark', '\ufeff', []],
    ['an empty file', '', []],
    ['characters of two to four bytes', 'é€\n😀x\n', ['é€', '😀x']],
    ['a carriage return inside', 'a\rb\n', ['a\rb']],
  ]
  for (const [what, text, expected] of cases) {
    it(`reads ${what}`, async (test) => {
      const path = await writeFiles(await temporaryFolder(test), { 'in.txt': text })
      assert.deepEqual((await readAll(fileSource({ path }))).values, expected)
    })
  }

  it('reads each line once at any size of splits, and goes on from any position', async (test) => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32))
    test.diagnostic(`seed ${seed}`)
    const random = new SeededRandom(seed)
    const folder = await temporaryFolder(test)
    const plain = ['a', 'bc', ' ', 'x'.repeat(60), 'y'.repeat(300)]
    const others = ['é', '€uro', '😀']
    for (let round = 0; round < 12; round++) {
      const words = round % 2 === 0 ? plain : [...plain, ...others]
      const expected = Array.from({ length: random.int(4_000) }, () =>
        Array.from({ length: random.int(12) }, () => words[random.int(words.length)]).join(''),
      )
      const ends = random.int(2) === 0 ? '\n' : '\r\n'
      const text = expected.map((line) => line + ends).join('')
      const path = await writeFiles(folder, { [`${round}.txt`]: text })
      const splitBytes = 4_096 + random.int(200_000)
      const source = fileSource({ path, splitBytes, recordBytesMax: 8_192 })
      const { values, positions } = await readAll(source)
      assert.deepEqual(values, expected)
      for (let check = 0; check < 5 && positions.length > 0; check++) {
        const from = positions[random.int(positions.length)]
        assert.ok(from !== undefined)
        const ofSplit = positions.filter((other) => other.split.id === from.split.id)
        const rest = expected.slice(from.values, ofSplit.at(-1)?.values)
        assert.deepEqual(await readFrom(source, from.split, from.position), rest)
      }
    }
  })

  it('splits where a line begins exactly at the border', async (test) => {
    const text = `${'x'.repeat(4_095)}\n${'y'.repeat(4_095)}\n${'z'.repeat(5_000)}\nend`
    const path = await writeFiles(await temporaryFolder(test), { 'in.txt': text })
    const { values } = await readAll(fileSource({ path, splitBytes: 4_096 }))
    assert.deepEqual(
      values.map((line) => line.slice(0, 3)),
      ['xxx', 'yyy', 'zzz', 'end'],
    )
  })

  it('refuses a line that is too long, and passes over it if it may', async (test) => {
    const text = `first\n${'x'.repeat(5_000)}\nlast\n`
    const path = await writeFiles(await temporaryFolder(test), { 'in.txt': text })
    await assert.rejects(readAll(fileSource({ path, recordBytesMax: 1_000 })), {
      code: 'CONNECTOR_MALFORMED_RECORD',
      message: /in\.txt:2 \(byte 6\) cannot be read: it is longer than 1000 bytes: "xxx/,
    })
    const source = fileSource({ path, recordBytesMax: 1_000, onMalformed: 'skip' })
    const { values, malformed } = await readAll(source)
    assert.deepEqual(values, ['first', 'last'])
    assert.equal(malformed.length, 1)
  })

  it('reads compressed files, each as one split, from any position', async (test) => {
    const expected = Array.from({ length: 3_000 }, (_, index) => `line ${index} é`)
    const text = Buffer.from(expected.join('\n'))
    const folder = await temporaryFolder(test)
    await writeFiles(folder, { 'a.txt.gz': gzipSync(text), 'b.txt.zst': zstdCompressSync(text) })
    const source = fileSource({ path: folder, splitBytes: 4_096 })
    const { values, positions } = await readAll(source)
    assert.deepEqual(values, [...expected, ...expected])
    const middle = positions[1]
    assert.ok(middle !== undefined)
    const rest = await readFrom(source, middle.split, middle.position)
    assert.deepEqual(rest, expected.slice(middle.values))
    await writeFiles(folder, { 'a.txt.gz': gzipSync(text).subarray(0, 2_000) })
    await assert.rejects(readAll(fileSource({ path: folder })), { code: 'CONNECTOR_FAILED' })
  })
})

describe('a file that changed since it was found', () => {
  const changes: readonly (readonly [string, (path: string) => Promise<void>, RegExp])[] = [
    ['truncated', (path) => truncate(path, 100), /it was truncated/],
    ['replaced', (path) => writeFile(path, 'other\n'.repeat(2_000)), /it was replaced/],
  ]
  for (const [what, change, said] of changes) {
    it(`is an error when it was ${what}`, async (test) => {
      const text = 'same\n'.repeat(2_000)
      const path = await writeFiles(await temporaryFolder(test), { 'in.txt': text })
      const source = fileSource({ path })
      const { positions } = await readAll(source)
      const first = positions[0]
      assert.ok(first !== undefined)
      await change(path)
      await assert.rejects(readFrom(source, first.split, first.position), {
        code: 'CONNECTOR_INPUT_CHANGED',
        message: said,
      })
    })
  }

  it('is read to its former end when it has grown', async (test) => {
    const path = await writeFiles(await temporaryFolder(test), { 'in.txt': 'a\nb\nc' })
    const source = fileSource({ path })
    const { positions } = await readAll(source)
    await appendFile(path, 'c\nd\n')
    const [first] = positions
    assert.ok(first !== undefined)
    assert.deepEqual(await readFrom(source, first.split, undefined), ['a', 'b', 'c'])
    assert.deepEqual((await readAll(source)).values, ['a', 'b', 'c'])
  })
})

describe('jsonLines()', () => {
  it('reads values of a type and leaves out what it does not declare', async (test) => {
    const text = '{"id":1,"note":"x","more":true}\n\n{"id":2,"note":null}\n  \n{"id":3}'
    const path = await writeFiles(await temporaryFolder(test), { 'in.jsonl': text })
    const { values } = await readAll(fileSource({ path, format: jsonLines(Order) }))
    assert.deepEqual(values, [{ id: 1, note: 'x' }, { id: 2 }, { id: 3 }])
  })

  it('reads from text what JSON cannot carry', async (test) => {
    const type = t.struct({
      big: t.int64,
      day: t.date,
      at: t.timestamp,
      raw: t.bytes,
      tags: t.map(t.string, t.int64),
      pairs: t.list(t.tuple(t.int64, t.nullable(t.int64))),
    })
    const text =
      '{"big":"9007199254740993","day":"2024-05-01","at":"2024-05-01T00:00:00Z","raw":"AQI=",' +
      '"tags":{"a":1},"pairs":[[1,null]]}'
    const path = await writeFiles(await temporaryFolder(test), { 'in.jsonl': text })
    const { values } = await readAll(fileSource({ path, format: jsonLines(type) }))
    assert.deepEqual(values, [
      {
        big: 9007199254740993n,
        day: new Date('2024-05-01'),
        at: Date.parse('2024-05-01'),
        raw: Uint8Array.of(1, 2),
        tags: new Map([['a', 1n]]),
        pairs: [[1n, null]],
      },
    ])
  })

  const text = '{"id":1}\n{"id":"two"}\nnot json\n{"id":4}\n'

  it('fails at a malformed line with file, line and offset', async (test) => {
    const path = await writeFiles(await temporaryFolder(test), { 'in.jsonl': text })
    await assert.rejects(readAll(fileSource({ path, format: jsonLines(Order) })), {
      code: 'CONNECTOR_MALFORMED_RECORD',
      message: /in\.jsonl:2 \(byte 9\) cannot be read: id: expected int32, got string "two"/,
    })
  })

  it('sets malformed lines aside, with the right line also in a later split', async (test) => {
    const folder = await temporaryFolder(test)
    const filler = `${JSON.stringify({ id: 0, note: 'x'.repeat(1_000) })}\n`.repeat(10)
    const path = await writeFiles(folder, { 'in.jsonl': filler + text })
    const options = { path, format: jsonLines(Order), splitBytes: 4_096 } as const
    const source = fileSource({ ...options, onMalformed: 'side-output' })
    assert.equal(source.malformedTag?.name, 'malformed')
    const { values, malformed } = await readAll(source)
    assert.equal(values.length, 12)
    assert.deepEqual(
      malformed.map(({ line, offset, text: shown }) => ({ line, offset, shown })),
      [
        { line: 12, offset: filler.length + 9, shown: '{"id":"two"}' },
        { line: 13, offset: filler.length + 22, shown: 'not json' },
      ],
    )
    assert.match(malformed[0]?.file ?? '', /in\.jsonl$/)
    const skipping = fileSource({ ...options, onMalformed: 'skip', format: jsonLines(Order) })
    assert.equal(skipping.malformedTag, undefined)
    assert.equal((await readAll(skipping)).values.length, 12)
  })
})

describe('formats', () => {
  it('have the types that they give', async (test) => {
    const path = await writeFiles(await temporaryFolder(test), { 'in.txt': 'a\n' })
    const text: string | undefined = (await readAll(fileSource({ path, format: lines() })))
      .values[0]
    assert.equal(text, 'a')
  })
})
