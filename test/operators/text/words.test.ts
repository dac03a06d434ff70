// words() and splitBy(): of bytes the same as of strings, whatever the bytes are.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { splitBy } from '../../../src/operators/text/split-by.ts'
import { byteVersionOf } from '../../../src/operators/text/text-function.ts'
import { words } from '../../../src/operators/text/words.ts'
import { asLines, partsOf, partsOfAll, rawText } from './as-bytes.ts'

describe('words()', () => {
  const cases: readonly (readonly [what: string, line: string, expected: readonly string[]])[] = [
    ['words between spaces', 'to be or not', ['to', 'be', 'or', 'not']],
    ['any white space, and as much as there is', ' a\t\u00a0b\r\u3000c\ufeff', ['a', 'b', 'c']],
    ['nothing in an empty line', '', []],
    ['nothing in white space', ' \u2003 ', []],
    ['words of any characters', '漢字 😀 x\0y', ['漢字', '😀', 'x\0y']],
    ['what only looks like white space', 'a\u200bb\u0085c', ['a\u200bb\u0085c']],
  ]
  for (const [what, line, expected] of cases) {
    it(`finds ${what}`, () => {
      assert.deepEqual(words()(line), expected)
      assert.deepEqual(partsOf(words(), asLines([Buffer.from(line)])), [expected])
    })
  }

  it('gives of bytes what it gives of strings', () => {
    fc.assert(
      fc.property(fc.array(rawText, { maxLength: 6 }), (texts) => {
        const expected = texts.map((text) => words()(Buffer.from(text).toString()))
        assert.deepEqual(partsOf(words(), asLines(texts)), expected)
      }),
      { numRuns: 300 },
    )
  })

  it('cuts at every character of white space, and at no other', () => {
    const lines: string[] = []
    for (let high = 0; high < 256; high++) {
      const codes = Array.from({ length: 256 }, (_, low) => high * 256 + low)
      const pieces = codes.filter((code) => code !== 10).map((code) => String.fromCharCode(code))
      lines.push(`a${pieces.join('a')}`)
    }
    const bytes = asLines(lines.map((line) => Buffer.from(line)))
    const expected = bytes.map((line) => words()(line.toString()))
    assert.deepEqual(partsOf(words(), bytes), expected)
  })
})

describe('one reader of many lines', () => {
  /** Batches that are as long as each other, of words of 1 to 20 characters, a few not plain. */
  const batchesOf = (count: number) => {
    const batches = Array.from({ length: 4 }, (_, batch) =>
      Array.from({ length: count }, (_, line) =>
        Array.from({ length: 30 }, (_, word) => {
          const number = batch * 7 + line * 31 + word
          const letter = String.fromCharCode(97 + (number % 26))
          return number % 97 === 0 ? 'né\u0001' : letter.repeat(1 + (number % 20))
        }).join(' '),
      ),
    )
    const bytesOf = (lines: readonly string[]) => Buffer.byteLength(lines.join('\n'))
    const most = Math.max(...batches.map(bytesOf))
    return batches.map((lines) => [...lines, ' '.repeat(most - bytesOf(lines))])
  }
  const texts = [...batchesOf(1), ...batchesOf(40)]

  for (const [what, fn] of [
    ['words()', words()],
    ['splitBy()', splitBy(' ')],
    ['splitBy() of two characters', splitBy('a ')],
  ] as const) {
    it(`gives of bytes what ${what} gives of strings, and tells no wrong hash`, () => {
      const lines = texts.flatMap((each) => asLines(each.map((line) => Buffer.from(line))))
      assert.deepEqual(
        partsOfAll(fn, [...lines, ...lines]),
        [...lines, ...lines].map((line) => fn(line.toString())),
      )
    })
  }
})

describe('splitBy()', () => {
  it('gives all parts, empty ones, too', () => {
    for (const [line, expected] of [
      ['a,,b', ['a', '', 'b']],
      ['', ['']],
      [',', ['', '']],
      ['abc', ['abc']],
    ] as const) {
      assert.deepEqual(splitBy(',')(line), expected)
      assert.deepEqual(partsOf(splitBy(','), asLines([Buffer.from(line)])), [expected])
    }
  })

  it('gives of bytes what it gives of strings', () => {
    const separator = fc.constantFrom(',', ', ', ' ', 'a', 'aa', '€', '😀', '\u0301', '\r', 'word')
    fc.assert(
      fc.property(fc.array(rawText, { maxLength: 6 }), separator, (texts, by) => {
        const expected = texts.map((text) => Buffer.from(text).toString().split(by))
        assert.deepEqual(partsOf(splitBy(by), asLines(texts)), expected)
      }),
      { numRuns: 300 },
    )
  })

  it('leaves separators to strings that bytes do not show', () => {
    for (const separator of ['\ufffd', '\ud83d', 'a\udc00']) {
      assert.equal(byteVersionOf(splitBy(separator))?.each, undefined)
    }
    assert.deepEqual(splitBy('\ud83d')('😀'), ['', '\ude00'])
  })

  it('refuses a separator that is empty or no string', () => {
    for (const separator of ['', undefined as unknown as string]) {
      assert.throws(() => splitBy(separator), { code: 'JOB_GRAPH_INVALID', message: /separator/ })
    }
  })
})
