// What the manifest of a savepoint says that was made: of nothing, or of a snapshot with changes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { job, keyedProcess, listState, t, type Type, valueState } from 'millrace'
import { sink } from 'millrace/connectors'
import {
  changed,
  convertSavepoint,
  dropped,
  fromIterable,
  fromSnapshot,
  inventory,
  Snapshot,
  type SavepointSpec,
  writeSavepoint,
} from 'millrace/savepoint'
import { jobHarness } from 'millrace/testing'
import { MemoryBlobStore } from '../../src/storage/memory.ts'

const counting = <V>(type: Type<V>) =>
  keyedProcess({
    key: t.string,
    input: t.string,
    output: t.string,
    state: { count: valueState(type), words: listState(t.string) },
    processElement: () => undefined,
  })
const filling = keyedProcess({
  key: t.string,
  input: t.string,
  output: t.string,
  state: { count: valueState(t.int32), words: listState(t.string) },
  processElement(word, { state }, out) {
    state.count.update((state.count.value() ?? 0) + 1)
    state.words.add(word)
    out.collect(word)
  },
})
const nothing = () => sink({ write: () => undefined })
const counted = job('counted', (env) => {
  const words = env.fromElements('words', ['x'])
  words
    .keyBy((word) => word, t.string)
    .process('first', filling)
    .keyBy((word) => word, t.string)
    .process('second', filling)
    .sinkTo('out', nothing())
})

async function snapshotOf(words: readonly string[], parallelism = 2): Promise<Snapshot> {
  await using harness = await jobHarness(counted, { parallelism })
  for (const word of words) await harness.source<string>('words').send(word)
  await harness.advanceTime('1 s')
  return (await harness.snapshot()).open()
}

async function written(spec: SavepointSpec): Promise<Snapshot> {
  const store = new MemoryBlobStore()
  await writeSavepoint(store, spec)
  return await Snapshot.open(store)
}

const uidsOf = ({ operators }: Snapshot): readonly string[] => operators.map(({ uid }) => uid)

/** The plan, with uids for its nodes. */
function planOf({ link: { plan, tasks } }: Snapshot): object {
  const names = new Map(plan.nodes.map(({ id, uid }) => [id, uid ?? '?']))
  const namesOf = (ids: readonly number[]): readonly string[] =>
    ids.map((id) => names.get(id) ?? '')
  const vertices = new Map(plan.vertices.map(({ id, nodes }) => [id, namesOf(nodes).join('+')]))
  const vertexOf = (id: number): string => vertices.get(id) ?? ''
  return {
    nodes: Object.fromEntries(plan.nodes.map(({ uid, inputs }) => [uid, namesOf(inputs)])),
    vertices: plan.vertices.map(({ id, inputs }) => [vertexOf(id), inputs.map(vertexOf)]),
    edges: plan.edges.map(({ fromVertex, toVertex }) => [fromVertex, toVertex].map(vertexOf)),
    tasks: tasks.map(({ vertex, subtaskIndex }) => `${vertexOf(vertex)} ${subtaskIndex}`),
  }
}

test('a savepoint made of nothing is one of a job that has not begun', async () => {
  const entries = [{ key: 'a', states: { count: 1 } }]
  const made = await written({
    jobName: 'made',
    operators: { one: fromIterable(filling, entries), two: fromIterable(filling, []) },
  })
  const { link } = made
  assert.deepEqual(
    [link.kind, link.purpose, link.finished, link.params, link.checkpointId, link.leaderEpoch],
    ['checkpoint', 'savepoint', false, {}, 1, 1],
  )
  assert.deepEqual([link.parallelism, link.maxParallelism, link.processingTime], [1, 128, 0])
  assert.deepEqual([link.sources, link.plan.edges], [[], []])
  assert.deepEqual(link.statistics, {
    initMs: 0, prepareMs: 0, confirmMs: 0, completeMs: 0, bytes: 0, dirtyEntries: 0, tasks: [],
  }) // prettier-ignore
  assert.match(link.lineage, /./)
  assert.deepEqual(
    made.operators.map(({ id, uid }) => [id, uid]),
    [
      [1, 'one'],
      [2, 'two'],
    ],
  )
  assert.deepEqual(
    link.plan.nodes.map(({ id, uid, label, kind, inputs }) => [id, uid, label, kind, inputs]),
    [
      [0, 'one', 'one', 'operator', []],
      [1, 'two', 'two', 'operator', []],
    ],
  )
  assert.deepEqual(
    link.tasks.map(({ vertex, subtaskIndex, keyGroups, runs }) => {
      return [vertex, subtaskIndex, keyGroups, runs.length]
    }),
    [
      [0, 0, { start: 0, end: 127 }, 1],
      [1, 0, { start: 0, end: 127 }, 0],
    ],
  )
})

test('a savepoint of a snapshot without changes says the same of the same files', async () => {
  await using from = await snapshotOf(['a', 'b', 'c'])
  const copied = await written({ from })
  const { link } = copied
  for (const same of ['lineage', 'params', 'finished', 'statistics', 'processingTime'] as const) {
    assert.deepEqual(link[same], from.link[same], same)
  }
  assert.ok(link.processingTime > 0)
  assert.equal(link.leaderEpoch, from.link.leaderEpoch + 1)
  assert.deepEqual([link.checkpointId, link.jobName], [from.checkpointId, 'counted'])
  assert.deepEqual([link.tasks, link.sources], [from.link.tasks, from.link.sources])
  assert.deepEqual(link.plan, from.link.plan)
  assert.deepEqual(await inventory(copied), await inventory(from))
  const named = await written({ from, jobName: 'other' })
  assert.deepEqual([named.link.jobName, named.link.plan.jobName], ['other', 'other'])
})

test('a dropped operator leaves nothing in the plan, and its id to nobody', async () => {
  await using from = await snapshotOf(['a', 'b', 'c'])
  assert.deepEqual(planOf(from), {
    nodes: { words: [], first: ['words'], second: ['first'], out: ['second'] },
    vertices: [
      ['words', []],
      ['first', ['words']],
      ['second+out', ['first']],
    ],
    edges: [
      ['words', 'first'],
      ['first', 'second+out'],
    ],
    tasks: ['words 0', 'words 1', 'first 0', 'first 1', 'second+out 0', 'second+out 1'],
  })
  const rest = await written({ from, operators: { first: dropped() } })
  assert.deepEqual(planOf(rest), {
    nodes: { words: [], second: [], out: ['second'] },
    vertices: [
      ['words', []],
      ['second+out', []],
    ],
    edges: [],
    tasks: ['words 0', 'words 1', 'second+out 0', 'second+out 1'],
  })
  assert.deepEqual(
    (await inventory(rest)).map(({ uid, keys }) => [uid, keys]),
    (await inventory(from))
      .filter(({ uid }) => uid !== 'first')
      .map(({ uid, keys }) => [uid, keys]),
  )
  const former = rest.operators.find(({ uid }) => uid === 'first')
  assert.equal(former?.dropped, true)
  const highest = Math.max(...rest.operators.map(({ id }) => id))
  const again = await written({
    from: rest,
    operators: { first: fromIterable(filling, [{ key: 'z', states: { count: 9 } }]) },
  })
  assert.deepEqual(
    again.operators.filter(({ uid }) => uid === 'first').map(({ id, dropped: gone }) => [id, gone]),
    [
      [former.id, true],
      [highest + 1, undefined],
    ],
  )
  assert.equal((await again.state(filling, 'first').get('z'))?.states.count, 9)
  assert.equal(await again.state(filling, 'first').get('a'), undefined)
})

test('entries take the place of an operator that is there', async () => {
  await using from = await snapshotOf(['a', 'b'])
  const entries = [{ key: 'z', states: { count: 9 } }]
  const made = await written({ from, operators: { second: fromIterable(filling, entries) } })
  assert.equal((await made.state(filling, 'second').get('z'))?.states.count, 9)
  assert.equal(await made.state(filling, 'second').get('a'), undefined)
  assert.equal((await made.state(filling, 'first').get('a'))?.states.count, 1)
  assert.deepEqual(planOf(made), {
    nodes: { words: [], first: ['words'], out: [], second: [] },
    vertices: [
      ['words', []],
      ['first', ['words']],
      ['out', ['first']],
      ['second', []],
    ],
    edges: [
      ['words', 'first'],
      ['first', 'out'],
    ],
    tasks: ['words 0', 'words 1', 'first 0', 'first 1', 'out 0', 'out 1', 'second 0'],
  })
})

test('a renamed operator keeps its place, and its label if it had one of its own', async () => {
  await using from = await snapshotOf(['a', 'b'])
  const made = await written({ from, operators: { second: changed({ rename: 'last' }) } })
  assert.deepEqual(
    uidsOf(made),
    uidsOf(from).map((uid) => (uid === 'second' ? 'last' : uid)),
  )
  const labelsOf = ({ link }: Snapshot): readonly string[] =>
    link.plan.nodes.map(({ label }) => label)
  assert.deepEqual(
    labelsOf(made),
    labelsOf(from).map((label) => (label === 'second' ? 'last' : label)),
  )
  const runsOf = ({ link }: Snapshot, vertex: number): readonly string[] =>
    link.tasks.filter((task) => task.vertex === vertex).flatMap(({ runs }) => runs.map(nameOf))
  const nameOf = ({ name }: { readonly name: string }): string => name
  const [, untouched = 1, touched = 2] = made.link.plan.vertices.map(({ id }) => id)
  assert.deepEqual(runsOf(made, untouched), runsOf(from, untouched), 'copied as they are')
  assert.notDeepEqual(runsOf(made, touched), runsOf(from, touched))
})

test('an operator of another snapshot needs a free uid, and is no source or sink', async () => {
  await using from = await snapshotOf(['a'])
  await using other = await snapshotOf(['b'])
  const joined = await written({ from, operators: { third: fromSnapshot(other, 'second') } })
  assert.equal((await joined.state(filling, 'third').get('b'))?.states.count, 1)
  assert.equal(await joined.state(filling, 'third').get('a'), undefined)
  const refused = (theirs: string, uid: string, code: string) =>
    assert.rejects(written({ from, operators: { [uid]: fromSnapshot(other, theirs) } }), { code })
  await refused('second', 'second', 'JOB_DUPLICATE_UID')
  await refused('none', 'third', 'STATE_UNKNOWN')
  await refused('words', 'third', 'STATE_UNKNOWN')
  await refused('out', 'third', 'STATE_UNKNOWN')
  const wide = await convertedTo(other, 32)
  const operators = { third: fromSnapshot(wide, 'second') }
  await assert.rejects(written({ from, operators }), { code: 'CHECKPOINT_INCOMPATIBLE' })
  // Of states that are left out, neither entries nor declarations come.
  const parts = { third: fromSnapshot(other, 'second', { drop: ['words'] }) }
  const part = await written({ from, operators: parts })
  const [third] = (await inventory(part)).filter(({ uid }) => uid === 'third')
  assert.deepEqual([third?.keys, third?.states.map(({ name }) => name)], [1, ['count']])
  assert.equal(part.operators.find(({ uid }) => uid === 'third')?.highestStateId, 2)
})

async function convertedTo(from: Snapshot, maxParallelism: number): Promise<Snapshot> {
  const store = new MemoryBlobStore()
  await convertSavepoint(store, { from, maxParallelism })
  return await Snapshot.open(store)
}

test('rows changed by a function of newer types are of another age', async () => {
  await using from = await snapshotOf(['a', 'a'])
  const recordOf = (snapshot: Snapshot) => snapshot.operators.find(({ uid }) => uid === 'second')
  const same = await written({ from, operators: { second: changed(filling, {}) } })
  assert.deepEqual(recordOf(same), recordOf(from))
  const rows = ({ states }: { readonly states: { readonly count?: number } }) => {
    return { ...states, count: (states.count ?? 0) + 0.5 }
  }
  const wide = counting(t.float64)
  const made = await written({ from, operators: { second: changed(wide, { rows }) } })
  const record = recordOf(made)
  assert.deepEqual(
    [record?.schemaId, record?.formerTypes, record?.states.map(({ type }) => type.kind)],
    [1, [{ id: 0, states: [{ id: 1, type: t.int32.schema }], timers: [] }], ['float64', 'string']],
  )
  assert.equal((await made.state(wide, 'second').get('a'))?.states.count, 2.5)
  assert.deepEqual((await made.state(wide, 'second').get('a'))?.states.words, ['a', 'a'])
  assert.equal((await made.state(filling, 'first').get('a'))?.states.count, 2)
})
