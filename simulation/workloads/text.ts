/**
 * Records that come as lines of text, in bytes where the engine wants them so. Their words are
 * found, and keyed, before they are records again: a word that comes again is passed over, which a
 * wrong hash of it would undo. Or their fields are made records at once.
 */
import { Buffer } from 'node:buffer'
import { type DataStream, fields, keyedProcess, t, valueState, words } from '../../src/index.ts'
import type { StreamEnvironment } from '../../src/index.ts'
import { TextLine, withText } from '../../src/operators/text/line.ts'
import type { Source } from '../../src/spi.ts'
import type { Rec } from './workload.ts'

const RADIX = 36
const SPACES = [' ', '\t', '  ', '\u00a0', '\u3000 ']

/** Of most records so few bytes that the engine makes the string in its own way. */
function wordOf({ k, v, at, pad }: Rec): string {
  return [k, v, at].map((number) => number.toString(RADIX)).join('.') + (pad && `.${pad}`)
}

function recOf(word: string): Rec {
  const [k = '', v = '', at = '', ...pad] = word.split('.')
  const [key, value, time] = [k, v, at].map((number) => Number.parseInt(number, RADIX))
  return { k: key ?? 0, v: value ?? 0, at: time ?? 0, pad: pad.join('.') }
}

/** A word, and some of them twice; always the same for the same record. */
function wordsOf(record: Rec): string {
  const word = wordOf(record)
  const space = SPACES[record.v % SPACES.length] ?? ' '
  const before = record.at % 2 === 0 ? '' : space
  return record.v % 3 === 0 ? `${before}${word}${space}${word}` : `${before}${word}`
}

const BAR = '|'
const Fields = t.struct({ k: t.float64, v: t.float64, at: t.float64, pad: t.string })

function fieldsOf({ k, v, at, pad }: Rec): string {
  return [k, v, at, pad].join(BAR)
}

/** The lines of a batch, as a file has them. */
function bytesOf(lines: readonly string[]): readonly TextLine[] {
  const all = Buffer.from(lines.map((line, at) => line + (at % 2 === 0 ? '\n' : '\r\n')).join(''))
  let start = 0
  return lines.map((line, at) => {
    const end = start + Buffer.byteLength(line)
    const found = new TextLine(all, start, end)
    start = end + (at % 2 === 0 ? 1 : 2)
    return found
  })
}

function asText(of: Source<Rec>, lineOf: (record: Rec) => string): Source<string> {
  type Arguments = Parameters<Source<Rec>['read']>
  const reader = <T>(convert: (lines: readonly string[]) => readonly T[]) =>
    async function* (...args: Arguments) {
      for await (const { values, ...rest } of of.read(...args)) {
        yield { ...rest, values: convert(values.map(lineOf)) }
      }
    }
  return {
    ...of,
    type: t.string,
    read: withText(
      reader((lines) => lines),
      reader(bytesOf),
    ),
  }
}

const once = keyedProcess({
  key: t.string,
  input: t.string,
  output: t.string,
  state: { seen: valueState(t.boolean, { initial: false }) },
  processElement(word: string, { state }, out) {
    if (state.seen.value()) return
    state.seen.update(true)
    out.collect(word)
  },
})

/** The records of a source by way of their words. */
function ofWords(env: StreamEnvironment, uid: string, of: Source<Rec>): DataStream<Rec> {
  return env
    .fromSource(uid, asText(of, wordsOf))
    .flatMap(words())
    .keyBy((word) => word)
    .process(`${uid}-words`, once)
    .map(recOf)
}

/** The records of a source by way of the fields of lines. */
function ofFields(env: StreamEnvironment, uid: string, of: Source<Rec>): DataStream<Rec> {
  return env.fromSource(uid, asText(of, fieldsOf)).map(fields(BAR, Fields))
}

export const ofText = { words: ofWords, fields: ofFields }
