// The bytes of input logs, format version 1, as docs/internals/input-log.md describes them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scanSegment, segmentHeader, writeFrame } from '../../../src/connectors/journal/segment.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'

const frames = [
  {
    isEnd: false,
    sequence: 5,
    count: 2,
    innerPosition: Buffer.from([7]),
    malformed: [],
    records: Buffer.from([1, 97, 1, 98]),
  },
  {
    isEnd: false,
    sequence: 7,
    count: 0,
    innerPosition: undefined,
    malformed: [{ file: 'f', line: 1, offset: 2, text: 't', reason: 'r' }],
    records: Buffer.alloc(0),
  },
  {
    isEnd: true,
    sequence: 8,
    count: 0,
    innerPosition: undefined,
    malformed: [],
    records: Buffer.alloc(0),
  },
]

function segment(): Buffer {
  const out = new ByteWriter()
  out.raw(segmentHeader(5))
  for (const frame of frames) writeFrame(frame, out)
  return out.copy()
}

describe('a segment of an input log', () => {
  it('has the bytes that are documented', () => {
    const [, first = ''] = segment().toString('hex').split('f74d5246')
    assert.equal(segmentHeader(5).toString('hex'), '4d524a4c010000000000000000001440c575fe9a')
    assert.equal(first, '13000000b22db17001000000000000144002010107000401610162')
  })

  it('gives back its frames', () => {
    const bytes = segment()
    const scanned = scanSegment('log', bytes, false)
    assert.deepEqual(scanned, { firstSequence: 5, frames, wholeBytes: bytes.length })
  })

  it('of a newer format is refused, not cut', () => {
    const bytes = segment()
    bytes.writeUInt32LE(2, 4)
    assert.throws(() => scanSegment('log', bytes, true), { code: 'STORAGE_CORRUPT' })
  })

  it('that is made of what begin frames is refused without looking at each to its end', () => {
    const marks = Buffer.from('f74d52460000200000000000', 'hex')
    const bytes = Buffer.concat([segmentHeader(5), Buffer.alloc(4 << 20, marks)])
    assert.throws(() => scanSegment('f', bytes, true), { code: 'STORAGE_CORRUPT' })
  })
})
