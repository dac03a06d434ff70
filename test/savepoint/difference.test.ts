/** Timers in the difference of two snapshots, in the library and on the command line. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { eventTimer, keyedProcess, processingTimer, t, valueState } from 'millrace'
import { differences, fromIterable, Snapshot, writeSavepoint } from 'millrace/savepoint'
import { perform, temporaryFolder } from '../cli/cli.ts'

const folder = temporaryFolder()
after(() => folder.remove())

const carts = keyedProcess({
  key: t.string,
  input: t.string,
  state: { total: valueState(t.float64) },
  timers: { close: eventTimer(t.string), remind: processingTimer() },
  processElement: () => undefined,
  onTimer: () => undefined,
})

type Timers = readonly { name: 'close' | 'remind'; timeMs: number; payload?: string }[]
const entry = (key: string, ...timers: Timers) => ({ key, states: { total: 1 }, timers })

const places = { before: join(folder.path, 'before'), after: join(folder.path, 'after') }

before(async () => {
  const operatorsOf = (...entries: ReturnType<typeof entry>[]) => ({
    jobName: 'carts',
    operators: { carts: fromIterable(carts, entries) },
  })
  await writeSavepoint(
    places.before,
    operatorsOf(
      entry('ann', { name: 'close', timeMs: 10, payload: 'cart 1' }),
      entry('bob', { name: 'close', timeMs: 20, payload: 'cart 2' }, { name: 'remind', timeMs: 5 }),
      entry('eve', { name: 'close', timeMs: 30, payload: 'cart 3' }),
    ),
  )
  // Another operator before it: the ids differ, and so do the bytes of the keys.
  const { operators, ...named } = operatorsOf(
    entry('ann', { name: 'close', timeMs: 10, payload: 'cart 1' }),
    entry('bob', { name: 'close', timeMs: 20, payload: 'other' }),
    entry('eve', { name: 'close', timeMs: 31, payload: 'cart 3' }, { name: 'remind', timeMs: 7 }),
  )
  const other = fromIterable(carts, [entry('zoe', { name: 'remind', timeMs: 1 })])
  await writeSavepoint(places.after, { ...named, operators: { other, ...operators } })
})

const sorted = (lines: readonly string[]) => lines.toSorted((a, b) => a.localeCompare(b))

test('timers that are set in one of two snapshots, or carry something else, differ', async () => {
  await using old = await Snapshot.open(places.before)
  await using now = await Snapshot.open(places.after)
  const found: string[] = []
  for await (const each of differences(old, now, 'carts')) {
    const { change, key, state, timer, before: was, after: is } = each
    if (timer === undefined) assert.equal(change, 'same')
    else {
      found.push([change, key, state, timer.domain, timer.timeMs, was, is].map(String).join(' '))
    }
  }
  assert.deepEqual(
    sorted(found),
    sorted([
      'same ann (timers: close) event-time 10 cart 1 cart 1',
      'changed bob (timers: close) event-time 20 cart 2 other',
      'removed bob (timers: remind) processing-time 5 undefined undefined',
      'removed eve (timers: close) event-time 30 cart 3 undefined',
      'added eve (timers: close) event-time 31 undefined cart 3',
      'added eve (timers: remind) processing-time 7 undefined undefined',
    ]),
  )
})

test('state diff counts timers and shows when they are due and what they carry', async () => {
  const { code, out, err } = await perform(folder.path, ['state', 'diff', 'before', 'after'])
  assert.equal(code, 0, err)
  assert.match(out, /\ncarts +total +– +– +– +3\n/)
  assert.match(out, /\ncarts +\(timers: close\) +1 +1 +1 +1\n/)
  assert.match(out, /\ncarts +\(timers: remind\) +1 +1 +– +–\n/)
  assert.match(out, /\nother +\(timers: remind\) +1 +– +– +–\n/)
  const keys = ['state', 'diff', 'before', 'after', '--keys', '--uid', 'carts']
  const lines = (await perform(folder.path, keys)).out.split('\n')
  assert.deepEqual(
    sorted(lines.filter((line) => /^[-+~] /.test(line))),
    sorted([
      '~ carts (timers: close) "bob" at 20: "cart 2" → "other"',
      '- carts (timers: remind) "bob" at 5',
      '- carts (timers: close) "eve" at 30: "cart 3"',
      '+ carts (timers: close) "eve" at 31: "cart 3"',
      '+ carts (timers: remind) "eve" at 7',
    ]),
  )
})
