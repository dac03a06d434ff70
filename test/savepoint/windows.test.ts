/** What windows hold, read out of a savepoint of the whole job. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { job, sessionWindow, slidingWindow, t, tumblingWindow } from 'millrace'
import { sink } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import { windowsOf } from '../../src/savepoint/windows.ts'
import type { StateRecord } from '../../src/state/snapshot.ts'

const Click = t.struct({ user: t.string, at: t.timestamp, page: t.float64 })
type Click = { user: string; at: number; page: number }
const nothing = sink({ write: () => undefined })
const add = {
  accumulator: t.float64,
  createAccumulator: () => 0,
  add: (click: Click, sum: number) => sum + click.page,
  getResult: (sum: number) => -sum,
  merge: (a: number, b: number) => a + b,
}

const clicks = job('clicks', (env) => {
  const none: Click[] = []
  const byUser = env
    .fromElements('clicks', none, Click)
    .assignTimestamps('times', { timestamp: (click) => click.at, maxOutOfOrderness: '1 min' })
    .keyBy((click) => click.user, t.string)
  byUser.window(tumblingWindow('10 ms')).aggregate('sums', add).sinkTo('a', nothing)
  byUser
    .window(tumblingWindow('10 ms'))
    .process('lists', { process: () => undefined })
    .sinkTo('b', nothing)
  byUser.window(sessionWindow('5 ms')).aggregate('sessions', add).sinkTo('c', nothing)
  byUser.window(slidingWindow('20 ms', '10 ms')).aggregate('slices', add).sinkTo('d', nothing)
})

for (const parallelism of [1, 2]) {
  test(`windows are read at parallelism ${parallelism}`, async () => {
    await using harness = await jobHarness(clicks, { parallelism })
    const source = harness.source<Click>('clicks')
    for (const [at, page] of [
      [1, 5],
      [3, 6],
      [12, 7],
    ] as const) {
      await source.send({ user: 'ann', at, page })
    }
    await using snapshot = await (await harness.snapshot()).open()
    const read = async (uid: string) => {
      const found: unknown[] = []
      for await (const { key, start, end, kind, values, accumulator } of snapshot
        .state(uid)
        .windows()) {
        assert.equal(key, 'ann')
        found.push([kind, start, end, values ?? accumulator])
      }
      return found
    }
    assert.deepEqual(await read('sums'), [
      ['window', undefined, 10, 11],
      ['window', undefined, 20, 7],
    ])
    const click = (at: number, page: number) => ({ user: 'ann', at, page })
    assert.deepEqual(await read('lists'), [
      ['window', undefined, 10, [click(1, 5), click(3, 6)]],
      ['window', undefined, 20, [click(12, 7)]],
    ])
    assert.deepEqual(await read('sessions'), [
      ['session', 1, 8, 11],
      ['session', 12, 17, 7],
    ])
    assert.deepEqual(await read('slices'), [
      ['slice', undefined, 10, 11],
      ['slice', undefined, 20, 7],
    ])
  })
}

/** Windows of states of these names, in the order in which they come. */
function found(states: Readonly<Record<string, unknown>>): readonly unknown[] {
  const declared = Object.keys(states).map((name, at): StateRecord => ({
    id: at + 1,
    name,
    kind: 'map',
    type: t.json().schema,
  }))
  return windowsOf('ann', states, declared).map(
    ({ key, start, end, kind, side, values, ...rest }) => {
      assert.equal(key, 'ann')
      return [side, kind, start, end, values ?? rest.accumulator]
    },
  )
}

test('windows of joined streams are those of their side, by end', () => {
  const states = {
    'left-window-spans': new Map([[30, null], [10, null]]),
    'left-window-elements': new Map([[[10, 0], 'a'], [[30, 0], 'c'], [[10, 1], 'b']] as const),
    'right-window-contents': new Map([[20, 'folded'], [Infinity, 'global']]),
    'window-contents': new Map([[Infinity, 'all']]),
  } // prettier-ignore
  assert.deepEqual(found(states), [
    ['left', 'window', undefined, 10, ['a', 'b']],
    ['right', 'window', undefined, 20, 'folded'],
    ['left', 'window', undefined, 30, ['c']],
    [undefined, 'window', undefined, Infinity, 'all'],
    ['right', 'window', undefined, Infinity, 'global'],
  ])
})

test('sessions have start and end of their slot, values no times', () => {
  const states = {
    'session-windows': [[1, 8, 0], [12, 17, 1]],
    'session-spans': new Map([[1, null], [0, null], [2, null]]),
    'session-timed-elements': new Map<unknown, unknown>([[[0, 0], [3, 'a']], [[1, 0], [12, 'b']]]),
    'window-contents': new Map([[0, 'no session']]),
  } // prettier-ignore
  assert.deepEqual(found(states), [
    [undefined, 'window', undefined, 0, 'no session'],
    [undefined, 'session', undefined, 2, []],
    [undefined, 'session', 1, 8, ['a']],
    [undefined, 'session', 12, 17, ['b']],
  ])
})

test('slices lie side by side, and what is foreign has no place in time', () => {
  const states = {
    'window-slices': new Map<unknown, unknown>([['x', [[20, 'b'], [10, 'a'], 'none']], ['y', 7]]),
    'session-windows': 'none',
    'window-contents': [],
  } // prettier-ignore
  assert.deepEqual(found(states), [
    [undefined, 'slice', undefined, 10, 'a'],
    [undefined, 'slice', undefined, 20, 'b'],
  ])
  assert.deepEqual(found({ 'window-contents': new Map([['text', 1]]) }), [
    [undefined, 'window', undefined, Number.NaN, 1],
  ])
})
