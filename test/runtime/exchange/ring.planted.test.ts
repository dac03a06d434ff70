// The exploration of the ring with bugs planted in its code and in that of the worker's host: each
// is found, so what holds without them is not by luck.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Violation } from '../../explore/explorer.ts'
import type { Change } from '../../explore/instrumented.ts'
import { exploreRing, type RingModelOptions } from './ring-model.ts'

const [empty, eight] = [{ bytes: 0 }, { bytes: 8 }]
const SMALL = { capacityBytes: 64, sent: [eight, eight] }
const FULL = { capacityBytes: 64, startBytes: 8, sent: [eight, eight, eight, eight, empty] }
const OVER = { capacityBytes: 64, startBytes: 56, sent: [eight, empty] }
const TWO_MARKS = { capacityBytes: 64, sent: [{ barrier: 1 }, { barrier: 2 }, empty] }
const CUT = {
  capacityBytes: 64,
  unaligned: 'anywhere',
  sent: [empty, { barrier: 1 }, empty],
} as const

interface Planted {
  readonly bug: string
  readonly where: RingModelOptions
  readonly ring?: Change
  readonly host?: Change
  readonly finds: RegExp
}

const PUBLISH = '    Atomics.store(this.#words, WRITTEN, this.#written)\n    this.#reader.ring()\n'
const WRITTEN = '    const written = Atomics.load(this.#words, WRITTEN)\n'
const MARKED = '    const mark = this.#mark()\n'
const COPY = '    this.#data.set(from, start + FRAME_HEADER_BYTES)\n'

const PLANTED: readonly Planted[] = [
  {
    bug: 'the payload is written after it was published',
    where: SMALL,
    ring: { from: PUBLISH, to: PUBLISH.replace('this.#reader', `${COPY}    this.#reader`) },
    finds: /a race: copy|a race: .* and copy|record/,
  },
  {
    bug: 'the length is written after it was published',
    where: SMALL,
    ring: {
      from: PUBLISH,
      to: PUBLISH.replace('this.#reader', 'this.#frames[start >>> 2] = lengthBytes\n this.#reader'),
    },
    finds: /a race: /,
  },
  {
    bug: 'what is written is published by a plain store',
    where: SMALL,
    ring: {
      from: 'Atomics.store(this.#words, WRITTEN, this.#written)',
      to: 'this.#words[WRITTEN] = this.#written',
    },
    finds: /a race: /,
  },
  {
    bug: 'the reader is not rung for a frame',
    where: SMALL,
    ring: { from: PUBLISH, to: PUBLISH.replace('    this.#reader.ring()\n', '') },
    finds: /a lost wake-up: the reader/,
  },
  {
    bug: 'the reader is rung before the frame is published',
    where: SMALL,
    ring: {
      from: PUBLISH,
      to: '    this.#reader.ring()\n    Atomics.store(this.#words, WRITTEN, this.#written)\n',
    },
    finds: /a lost wake-up: the reader/,
  },
  {
    bug: 'the writer is not rung for room',
    where: FULL,
    ring: { from: '    this.#writer.ring()\n', to: '' },
    finds: /a lost wake-up: the writer/,
  },
  {
    bug: 'room is given back before the frame was read',
    where: FULL,
    ring: {
      from: '    this.#frameBytes = paddedBytes(lengthBytes)\n',
      to:
        '    this.#frameBytes = paddedBytes(lengthBytes)\n' +
        '    Atomics.store(this.#words, RELEASED, (this.#released + this.#frameBytes) | 0)\n',
    },
    finds: /a race: |record/,
  },
  {
    bug: 'the end of the ring that is skipped does not count',
    where: FULL,
    ring: { from: 'usedBytes + skipBytes + needBytes >', to: 'usedBytes + needBytes >' },
    finds: /a race: |record|is exact|frame/,
  },
  {
    bug: 'the reader does not see that the end is skipped',
    where: OVER,
    ring: {
      from:
        '      this.#released = (this.#released + this.#capacityBytes - start) | 0\n' +
        '      start = 0\n',
      to: '',
    },
    finds: /./,
  },
  {
    bug: 'a mark is changed in two stores',
    where: TWO_MARKS,
    ring: { from: '    Atomics.store(this.#words, MARK_ID, 0)\n', to: '' },
    finds: /a mark is of one barrier/,
  },
  {
    bug: 'the id of a mark is not read again',
    where: TWO_MARKS,
    ring: {
      from: 'checkpointId === 0 || checkpointId !== Atomics.load(this.#words, MARK_ID)',
      to: 'checkpointId === 0',
    },
    finds: /a mark is of one barrier/,
  },
  {
    bug: 'a look goes by a mark, and then by what is written',
    where: CUT,
    ring: {
      from: `${WRITTEN}${MARKED}`,
      to: `${MARKED}${WRITTEN}`,
    },
    finds: /is exact|record/,
  },
  {
    bug: 'a poll looks for frames after it looked for a mark',
    where: CUT,
    ring: {
      from: '    if (written === this.#released) return false\n',
      to: '    if (Atomics.load(this.#words, WRITTEN) === this.#released) return false\n',
    },
    finds: /is exact|record/,
  },
  {
    bug: 'an overtaking barrier is marked at the frame before',
    where: CUT,
    ring: { from: 'overtook ? this.#written : this.#lastFrom', to: 'this.#lastFrom' },
    finds: /is exact|record/,
  },
  {
    bug: 'the host does not look again before it sleeps',
    where: SMALL,
    host: {
      from: 'Atomics.waitAsync(own.word, 0, own.seen)',
      to: 'Atomics.waitAsync(own.word, 0, Atomics.load(own.word, 0))',
    },
    finds: /a lost wake-up/,
  },
  {
    bug: 'the bell rings without a change of its word',
    where: SMALL,
    host: { from: '    Atomics.add(this.#word, 0, 1)\n', to: '' },
    finds: /a lost wake-up/,
  },
  {
    bug: 'the bell wakes nobody',
    where: SMALL,
    host: { from: '    Atomics.notify(this.#word, 0)\n', to: '' },
    finds: /a lost wake-up/,
  },
]

describe('a bug in the exchange between two workers is found', () => {
  for (const { bug, where, ring, host, finds } of PLANTED) {
    it(bug, async (context) => {
      const options = {
        ...where,
        ...(ring === undefined ? {} : { ring: [ring] }),
        ...(host === undefined ? {} : { host: [host] }),
      }
      const found = await exploreRing(options).then(
        () => undefined,
        (error: unknown) => error,
      )
      assert.ok(found instanceof Violation, `not found: ${String(found)}`)
      assert.match(found.message.split('\n')[0] ?? '', finds)
      context.diagnostic(`after ${found.steps.length} steps: ${found.message.split('\n')[0]}`)
    })
  }
})
