import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  cumulativeWindow,
  globalWindow,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
  type WindowAssigner,
} from 'millrace'

const boundsOf = (assigner: WindowAssigner, timestamp: number) =>
  assigner.assign(timestamp).map(({ start, end }) => [start, end])

/** A number as JavaScript may give it. */
const anything = (value: unknown) => value as number

describe('tumbling windows', () => {
  it('hold their start and not their end', () => {
    const assigner = tumblingWindow(10)
    assert.deepEqual(boundsOf(assigner, 0), [[0, 10]])
    assert.deepEqual(boundsOf(assigner, 9), [[0, 10]])
    assert.deepEqual(boundsOf(assigner, 10), [[10, 20]])
    assert.deepEqual(boundsOf(assigner, 5), [[0, 10]])
  })

  it('go on before 1970', () => {
    const assigner = tumblingWindow('10 ms')
    assert.deepEqual(boundsOf(assigner, -1), [[-10, 0]])
    assert.deepEqual(boundsOf(assigner, -10), [[-10, 0]])
    assert.deepEqual(boundsOf(assigner, -11), [[-20, -10]])
  })

  it('are moved by an offset of either sign', () => {
    assert.deepEqual(boundsOf(tumblingWindow(10, { offset: 3 }), 2), [[-7, 3]])
    assert.deepEqual(boundsOf(tumblingWindow(10, { offset: 3 }), 3), [[3, 13]])
    assert.deepEqual(boundsOf(tumblingWindow(10, { offset: 3 }), -8), [[-17, -7]])
    assert.deepEqual(boundsOf(tumblingWindow(10, { offset: -3 }), 6), [[-3, 7]])
    assert.deepEqual(boundsOf(tumblingWindow(10, { offset: '-3 ms' }), 7), [[7, 17]])
  })

  it('begin days at midnight in China with an offset of −8 hours', () => {
    const [window] = tumblingWindow('1 d', { offset: '-8 h' }).assign(Date.UTC(2026, 0, 2, 15, 59))
    assert.equal(window?.start, Date.UTC(2026, 0, 1, 16))
    assert.equal(window.end, Date.UTC(2026, 0, 2, 16))
  })

  it('have whole bounds also for fractions of a millisecond', () => {
    const day = 1_700_000_000_000
    for (const part of [0.1, 0.3, 0.7, 0.999]) {
      assert.deepEqual(boundsOf(tumblingWindow(60_000), day + part), [
        boundsOf(tumblingWindow(60_000), day)[0],
      ])
      assert.deepEqual(boundsOf(slidingWindow(10, 5), 4 + part), [
        [0, 10],
        [-5, 5],
      ])
    }
  })

  it('have a start that is never −0', () => {
    assert.ok(Object.is(tumblingWindow(10).assign(-0)[0]?.start, 0))
  })
})

describe('sliding windows', () => {
  it('overlap, the newest first', () => {
    const assigner = slidingWindow(10, 4)
    assert.deepEqual(boundsOf(assigner, 9), [
      [8, 18],
      [4, 14],
      [0, 10],
    ])
    // At 10 the oldest ends; at 12 the next begins.
    assert.deepEqual(boundsOf(assigner, 10), [
      [8, 18],
      [4, 14],
    ])
    assert.deepEqual(boundsOf(assigner, 12), [
      [12, 22],
      [8, 18],
      [4, 14],
    ])
    assert.deepEqual(boundsOf(assigner, -1), [
      [-4, 6],
      [-8, 2],
    ])
  })

  it('leave gaps if the slide is longer than the size', () => {
    const assigner = slidingWindow(4, 10, { offset: 1 })
    assert.deepEqual(boundsOf(assigner, 4), [[1, 5]])
    assert.deepEqual(boundsOf(assigner, 5), [])
    assert.deepEqual(boundsOf(assigner, 10), [])
    assert.deepEqual(boundsOf(assigner, 11), [[11, 15]])
    assert.deepEqual(boundsOf(assigner, 0), [])
  })

  it('are the same whichever moment was asked for before', () => {
    for (const [size, slide, offset] of [
      [10, 3, 1],
      [7, 7, 0],
      [3, 10, -2],
      [12, 4, 3],
    ] as const) {
      const used = slidingWindow(size, slide, { offset })
      for (const step of [1, -1, 5, -3]) {
        for (let at = 0; Math.abs(at) < 60; at += step) {
          assert.deepEqual(
            boundsOf(used, at),
            boundsOf(slidingWindow(size, slide, { offset }), at),
            `${size}/${slide}+${offset} at ${at}`,
          )
        }
      }
    }
  })
})

describe('cumulative windows', () => {
  it('begin together and end a step apart', () => {
    const assigner = cumulativeWindow(12, 4)
    assert.deepEqual(boundsOf(assigner, 0), [
      [0, 4],
      [0, 8],
      [0, 12],
    ])
    assert.deepEqual(boundsOf(assigner, 7), [
      [0, 8],
      [0, 12],
    ])
    assert.deepEqual(boundsOf(assigner, 8), [[0, 12]])
    assert.deepEqual(boundsOf(assigner, -1), [[-12, 0]])
    assert.deepEqual(boundsOf(cumulativeWindow(8, 4, { offset: 1 }), 0), [[-7, 1]])
  })
})

describe('the other windows', () => {
  it('are all time, and a gap from the record on', () => {
    assert.deepEqual(boundsOf(globalWindow(), 3), [[-Infinity, Infinity]])
    const { start, end } = sessionWindow('5 ms').assign('', -3)
    assert.deepEqual([start, end], [-3, 2])
    const dynamic = sessionWindow((gap: number) => gap)
    assert.equal(dynamic.assign(7, 3).end, 10)
  })
})

describe('a window that cannot be', () => {
  const mistakes: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['of no size', () => tumblingWindow(0), /tumblingWindow: size is 0 ms/],
    ['of half a millisecond', () => tumblingWindow(0.5), /size is 0.5 ms/],
    ['of a size beyond counting', () => tumblingWindow(2 ** 60), /size is/],
    [
      'with an offset of its size',
      () => tumblingWindow(5, { offset: 5 }),
      /offset \(5 ms\) is not/,
    ],
    ['with an offset below', () => tumblingWindow(5, { offset: -6 }), /offset \(-6 ms\)/],
    ['without slide', () => slidingWindow(5, 0), /slidingWindow: slide is 0 ms/],
    ['with an offset of its slide', () => slidingWindow(9, 5, { offset: 5 }), /than slide \(5 ms/],
    ['in too many at once', () => slidingWindow('365 d', 1), /31536000000 windows/],
    ['without step', () => cumulativeWindow(5, 0), /step is 0 ms/],
    ['with a step that does not divide', () => cumulativeWindow(5, 2), /no multiple of step/],
    ['without gap', () => sessionWindow(0), /sessionWindow: gap is 0 ms/],
    ['with no gap for a record', () => sessionWindow(() => 0).assign('', 1), /gap of a record/],
  ]
  for (const [what, make, said] of mistakes) {
    it(`is refused: ${what}`, () => {
      assert.throws(make, { code: 'JOB_GRAPH_INVALID', message: said })
    })
  }

  it('is refused: what is no duration, by its own code', () => {
    // @ts-expect-error a misspelt unit
    assert.throws(() => tumblingWindow('1 mintue'), { code: 'CONFIG_INVALID' })
    assert.throws(() => tumblingWindow(-5), { code: 'CONFIG_INVALID', message: /tumblingWindow/ })
    assert.throws(() => tumblingWindow(Number.NaN), { code: 'CONFIG_INVALID' })
    assert.throws(() => sessionWindow(anything('x')), { code: 'CONFIG_INVALID' })
    assert.throws(() => tumblingWindow(5, { offset: anything('-x') }), { code: 'CONFIG_INVALID' })
    assert.throws(() => tumblingWindow(5, { offset: Number.NaN }), { code: 'CONFIG_INVALID' })
  })
})
