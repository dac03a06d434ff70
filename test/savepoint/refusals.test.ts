// What is refused when savepoints are made, and what cure is named for it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  eventTimer,
  keyedProcess,
  listState,
  mapState,
  operatorListState,
  setState,
  t,
  valueState,
} from 'millrace'
import {
  changed,
  convertSavepoint,
  differences,
  fromIterable,
  fromSnapshot,
  rekeyed,
  type OperatorChange,
  Snapshot,
  type SavepointSpec,
  writeSavepoint,
} from 'millrace/savepoint'
import { MillraceError } from '../../src/errors.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'

const state = {
  total: valueState(t.float64),
  all: listState(t.float64),
  items: mapState(t.int32, t.string),
  tags: setState(t.string),
}
const totals = keyedProcess({
  key: t.string,
  input: t.string,
  state,
  timers: { close: eventTimer(t.string) },
  processElement: () => undefined,
  onTimer: () => undefined,
})
const bare = keyedProcess({ key: t.string, input: t.string, processElement: () => undefined })
const lists = { operatorState: { seen: operatorListState(t.string) } }

async function written(spec: SavepointSpec): Promise<Snapshot> {
  const store = new MemoryBlobStore()
  try {
    await writeSavepoint(store, spec)
  } catch (error) {
    assert.deepEqual(await store.list(''), [], 'nothing is left behind')
    throw error
  }
  return await Snapshot.open(store)
}

const made = (operators: Readonly<Record<string, OperatorChange>>) =>
  written({ jobName: 'made', operators })
/** As somebody gives it whose compiler does not look. */
const given = (...entries: readonly object[]) =>
  made({ totals: fromIterable(totals, entries as never) })

/** Each with its code, and a part of its cure. */
async function refused(request: Promise<unknown>, code: string, cure: RegExp, rest = {}) {
  await assert.rejects(request, { code, cure, ...rest })
}

test('entries that do not fit are refused with what the function declares', async () => {
  const one = { key: 'a', states: { total: 1 } }
  const unknown = given({ key: 'a', states: { totl: 1 } })
  await refused(unknown, 'STATE_UNKNOWN', /^its states are: total, all, items, tags$/)
  const stateless = made({ bare: fromIterable(bare, [{ key: 'a', states: { x: 1 } }] as never) })
  await refused(stateless, 'STATE_UNKNOWN', /^it has no states$/)
  for (const [states, message] of [
    [{ all: 1 }, /needs a Array/],
    [{ items: [[1, 'x']] }, /needs a Map/],
    [{ tags: ['x'] }, /needs a Set/],
    [{ items: new Map([['one', 'x']]) }, /the states of key "a" of "totals" do not fit/],
    [{ items: new Map([[1, 2]]) }, /do not fit/],
    [{ total: 'x' }, /do not fit/],
    [{ tags: new Set([1]) }, /do not fit/],
  ] as const) {
    const wrong = given({ key: 'a', states })
    await assert.rejects(wrong, { code: 'TYPE_MISMATCH', message })
  }
  await assert.rejects(given({ key: 5, states: {} }), { code: 'TYPE_MISMATCH' })
  const twice = given(one, { key: 'b', states: {} }, one)
  await refused(twice, 'TYPE_MISMATCH', /^give each key once/, { details: { uid: 'totals' } })
  const timer = (name: string) => ({ key: 'a', states: {}, timers: [{ name, timeMs: 1 }] })
  await refused(given(timer('open')), 'STATE_UNKNOWN', /^its timers are: close$/)
  const timerless = made({ bare: fromIterable(bare, [timer('open')] as never) })
  await refused(timerless, 'STATE_UNKNOWN', /^it declares none$/)
  // A timer that carries something need not.
  const saved = await given(timer('close'))
  const timers = []
  for await (const { name, payload } of saved.state('totals').timers()) timers.push([name, payload])
  assert.deepEqual(timers, [['close', undefined]])
})

test('a function needs the type of its key, unless it has state without keys alone', async () => {
  const cure = /^give the function its key/
  const nothing = { processElement: () => undefined }
  for (const [owner, entries] of [
    [nothing, []],
    [{ ...nothing, ...lists, state }, []],
    [{ ...nothing, ...lists, timers: { close: eventTimer() } }, []],
    [{ ...nothing, state }, []],
    [{ ...nothing, ...lists }, [{ key: 'a', states: {} }]],
  ] as const) {
    await refused(
      made({ one: fromIterable(owner as never, entries as never) }),
      'CONFIG_INVALID',
      cure,
    )
  }
  const of = (owner: object, name: string) =>
    made({ one: fromIterable(owner, [], { operatorState: { [name]: ['x'] } as never }) })
  await refused(of(lists, 'sen'), 'STATE_UNKNOWN', /^it declares: seen$/)
  await refused(of({ key: t.string }, 'seen'), 'STATE_UNKNOWN', /^it declares none$/)
  await assert.rejects(
    made({ one: fromIterable(lists, [], { operatorState: { seen: [1] } as never }) }),
    (error) => {
      assert.ok(error instanceof MillraceError && error.code === 'TYPE_MISMATCH')
      assert.ok(error.cause instanceof Error, 'what does not fit is in its cause')
      return true
    },
  )
})

test('changes that a snapshot cannot have are refused with what it has', async () => {
  await using from = await given({ key: 'a', states: { total: 1 } })
  const change = (operators: Readonly<Record<string, OperatorChange>>) =>
    written({ from, operators })
  await refused(written({}), 'CONFIG_INVALID', /^give jobName$/)
  await refused(change({ none: changed({}) }), 'STATE_UNKNOWN', /^its operators are: totals$/, {
    details: { uid: 'none' },
  })
  const empty = await made({})
  assert.throws(() => empty.state('totals'), { cure: 'it holds no operators' })
  const taken = change({ totals: fromSnapshot(from, 'totals') })
  await refused(taken, 'JOB_DUPLICATE_UID', /^choose another uid, or drop that one first/)
  const lost = change({ totals: changed({ drop: ['totl'] }) })
  await refused(lost, 'STATE_UNKNOWN', /^its states are: total, all, items, tags$/)
  const groups = /^take snapshots of one maxParallelism$/
  await refused(written({ from, maxParallelism: 7 }), 'CHECKPOINT_INCOMPATIBLE', groups)
  for (const maxParallelism of [0, 32_769, 1.5]) {
    const converted = convertSavepoint(new MemoryBlobStore(), { from, maxParallelism })
    await refused(converted, 'CONFIG_INVALID', /^give a whole number from 1 to 32768$/)
  }
  const store = new MemoryBlobStore()
  await convertSavepoint(store, { from, maxParallelism: 32_768 })
  await using wide = await Snapshot.open(store)
  assert.equal(wide.maxParallelism, 32_768)
  const compared = differences(from, wide).next()
  await refused(compared, 'CHECKPOINT_INCOMPATIBLE', /^compare snapshots of one maxParallelism/)
})

test('a function must declare states as the snapshot has them, but not all of them', async () => {
  const timers = [{ name: 'close' as const, timeMs: 7, payload: 'x' }]
  await using from = await given({ key: 'a', states: { total: 1 }, timers })
  const reading = (owner: object) => () => from.state({ key: t.string, ...owner }, 'totals')
  const declared = /^declare it as it was when the snapshot was taken/
  for (const owner of [
    { key: t.int32 },
    { state: { total: valueState(t.string) } },
    { state: { total: listState(t.float64) } },
    { state: { items: mapState(t.string, t.string) } },
    { state: { tags: setState(t.int32) } },
    { timers: { close: eventTimer(t.int32) } },
  ]) {
    assert.throws(reading(owner), { code: 'CHECKPOINT_INCOMPATIBLE', cure: declared })
    const all = 'state' in owner ? { ...state, ...owner.state } : state
    const now = { ...totals, ...owner, state: all }
    const request = () => rekeyed(from, 'totals', now as never, () => 'b')
    // That the key has another type is what it is for.
    if (!('key' in owner)) assert.throws(request, { code: 'CHECKPOINT_INCOMPATIBLE' })
  }
  const other = { more: valueState(t.string), total: valueState(t.float64) }
  for (const owner of [
    {},
    { state: other },
    { timers: { open: eventTimer(t.int32) } },
    { timers: { close: eventTimer() } },
  ]) {
    const found = []
    for await (const { name } of reading(owner)().timers()) found.push(name)
    assert.deepEqual(found, ['close'])
  }
})
