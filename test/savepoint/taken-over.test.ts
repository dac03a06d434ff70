// What of a snapshot comes into a savepoint that is made of it: places of sources, state without
// keys, the plan; and that what was dropped is passed over wherever it still lies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { job, keyedProcess, mapState, operatorListState, t, valueState } from 'millrace'
import { sink } from 'millrace/connectors'
import {
  changed,
  convertSavepoint,
  differences,
  dropped,
  fromIterable,
  fromSnapshot,
  inFlightInventory,
  inventory,
  Snapshot,
} from 'millrace/savepoint'
import { jobHarness } from 'millrace/testing'
import { operatorOfKey } from '../../src/state/runs/entry.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { withLink } from './changed-link.ts'
import { gathered, written } from './written.ts'

const listing = {
  operatorState: { seen: operatorListState(t.string) },
  processElement(
    word: string,
    { operatorState }: { operatorState: { seen: { add(word: string): void } } },
    out: { collect(word: string): void },
  ) {
    operatorState.seen.add(word)
    out.collect(word)
  },
}
const counts = keyedProcess({
  key: t.string,
  input: t.string,
  output: t.string,
  state: { count: valueState(t.int32), lengths: mapState(t.int32, t.string) },
  processElement(word, { state, timers }, out) {
    state.count.update((state.count.value() ?? 0) + 1)
    state.lengths.set(word.length, word)
    timers.registerEventTimeTimer(1e15)
    out.collect(word)
  },
  onTimer: () => undefined,
})
const counted = job('counted', (env) => {
  env
    .fromElements('words', ['x'])
    .process('listing', listing)
    .keyBy((word) => word, t.string)
    .process('counts', counts)
    .sinkTo('out', sink({ write: () => undefined }))
})

async function blobsOf(words: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
  await using harness = await jobHarness(counted)
  for (const word of words) await harness.source<string>('words').send(word)
  return (await harness.snapshot()).blobs
}

async function snapshotOf(words: readonly string[]): Promise<Snapshot> {
  return await withLink(await blobsOf(words), () => ({}))
}

const sourcesOf = ({ link }: Snapshot) => [
  link.sources.map(({ uid }) => uid),
  link.tasks.flatMap(({ source }) => source?.uid ?? []),
]
const seenOf = async (snapshot: Snapshot, uid = 'listing') =>
  (await gathered(snapshot.state(uid).nonKeyed())).map(({ name, value }) => [name, value])
const idOf = ({ operators }: Snapshot, wanted: string) =>
  operators.find(({ uid }) => uid === wanted)?.id ?? 0

test('sources keep their places, under a new name, too, unless they are dropped', async () => {
  await using from = await snapshotOf(['a', 'bc'])
  assert.deepEqual(sourcesOf(from), [['words'], ['words']])
  const wide = new MemoryBlobStore()
  await convertSavepoint(wide, { from, maxParallelism: 32 })
  await using converted = await Snapshot.open(wide)
  const placesOf = ({ link }: Snapshot) => [link.sources, link.tasks.map(({ source }) => source)]
  assert.deepEqual(placesOf(converted), placesOf(from))
  const renamed = await written({ from, operators: { words: changed({ rename: 'letters' }) } })
  assert.deepEqual(sourcesOf(renamed), [['letters'], ['letters']])
  const other = await written({ from, operators: { counts: changed({ rename: 'sums' }) } })
  assert.deepEqual(placesOf(other), placesOf(from))
  const gone = await written({ from, operators: { words: dropped() } })
  assert.deepEqual(sourcesOf(gone), [[], []])
  assert.equal(gone.link.tasks.length, from.link.tasks.length)
  assert.deepEqual(await seenOf(gone), await seenOf(from))
})

test('lists of a dropped operator go, though others of its tasks stay', async () => {
  await using from = await snapshotOf(['a', 'bc'])
  assert.deepEqual(await seenOf(from), [
    ['seen', 'a'],
    ['seen', 'bc'],
  ])
  const id = idOf(from, 'listing')
  const rest = await written({ from, operators: { listing: dropped() } })
  const left = await gathered(rest.reader.records())
  assert.deepEqual(
    left.filter(({ operatorId }) => operatorId === id),
    [],
  )
  assert.deepEqual(sourcesOf(rest), sourcesOf(from))
})

test('what a manifest says was dropped is passed over in files that still hold it', async () => {
  const blobs = await blobsOf(['a', 'bc', 'a'])
  await using before = await withLink(blobs, () => ({}))
  for (const uid of ['counts', 'listing']) {
    await using after = await withLink(blobs, ({ operators }) => ({
      operators: operators.map((each) => (each.uid === uid ? { ...each, dropped: true } : each)),
    }))
    const left = (await inventory(before)).filter((each) => each.uid !== uid)
    assert.deepEqual(await inventory(after), left)
    assert.deepEqual(await gathered(differences(after, after, uid)), [])
    const store = new MemoryBlobStore()
    const { entries } = await convertSavepoint(store, { from: after, maxParallelism: 4 })
    await using converted = await Snapshot.open(store)
    assert.deepEqual(await inventory(converted), left)
    assert.equal(entries < (await gathered(before.all())).length, uid === 'counts')
  }
  // Of one state that was dropped, too.
  await using part = await withLink(blobs, ({ operators }) => ({
    operators: operators.map((each) => ({
      ...each,
      states: each.states.filter(({ name }) => name !== 'lengths'),
      highestStateId: Math.max(0, ...each.states.map(({ id }) => id)),
    })),
  }))
  const found = (await inventory(part)).find(({ uid }) => uid === 'counts')
  assert.deepEqual(
    [found?.keys, found?.timers, found?.states.map(({ name }) => name)],
    [2, 2, ['count']],
  )
})

test('an operator of another snapshot comes alone, with its lists', async () => {
  await using from = await snapshotOf(['a'])
  await using other = await snapshotOf(['bc', 'def'])
  const made = await written({
    from,
    operators: { theirs: fromSnapshot(other, 'counts'), more: fromSnapshot(other, 'listing') },
  })
  const ids = (await gathered(made.all())).map(({ key }) => operatorOfKey(key))
  const [own, theirs] = [idOf(made, 'counts'), idOf(made, 'theirs')]
  // A row, an entry of the map and a timer for each word.
  assert.deepEqual(
    ids.toSorted((a, b) => a - b),
    [own, own, own, theirs, theirs, theirs, theirs, theirs, theirs],
  )
  assert.deepEqual(await seenOf(made, 'more'), [
    ['seen', 'bc'],
    ['seen', 'def'],
  ])
  assert.deepEqual(await seenOf(made), [['seen', 'a']])
  const last = made.link.tasks.at(-1)
  assert.deepEqual([last?.runs, last?.records === undefined], [[], false])
})

test('a plan says of a renamed operator what it said before', async () => {
  await using from = await snapshotOf(['a'])
  const made = await written({ from, operators: { counts: changed({ rename: 'sums' }) } })
  const { uid: _now, label: _label, ...now } = required(made.nodeOf('sums'))
  const { uid: _before, label: _former, ...before } = required(from.nodeOf('counts'))
  assert.deepEqual(now, before)
  assert.deepEqual(
    now.states.map(({ name }) => name),
    ['count', 'lengths'],
  )
})

function required<T>(value: T | undefined): T {
  assert.ok(value !== undefined)
  return value
}

test('a function with lists alone is given them, and says nothing of keys and timers', async () => {
  const made = await written({
    jobName: 'made',
    operators: {
      listing: fromIterable<never, {}, {}, typeof listing.operatorState>(listing, [], {
        operatorState: { seen: ['a', 'b'] },
      }),
    },
  })
  assert.deepEqual(await seenOf(made), [
    ['seen', 'a'],
    ['seen', 'b'],
  ])
  const node = required(made.nodeOf('listing'))
  for (const each of [node, required(made.operators[0])]) {
    assert.deepEqual(['timers' in each, 'keyType' in each], [false, false])
  }
  assert.deepEqual([node.operation, node.usesTimers, node.inputs], ['process', false, []])
  const [counted] = await inventory(made)
  assert.deepEqual(counted, {
    uid: 'listing',
    keyType: '',
    keys: 0,
    timers: 0,
    states: [
      { name: 'seen', kind: 'operator-list', type: 'string', keys: 0, entries: 2, bytes: 4 },
    ],
  })
})

test('an inventory names types, of maps with their keys, and tells how far it is', async () => {
  await using from = await snapshotOf(['a', 'bc'])
  const told: number[] = []
  const found = await inventory(from, (entries) => told.push(entries))
  const [types] = found.filter(({ uid }) => uid === 'counts')
  assert.deepEqual(
    [types?.keyType, types?.states.map(({ type }) => type)],
    ['string', ['int32', 'int32 → string']],
  )
  assert.equal(told.at(-1), (await gathered(from.all())).length)
  assert.ok(told.every((entries) => entries > 0))
  assert.equal(await inFlightInventory(from), undefined)
})

test('state without keys and without a schema is given as its bytes', async () => {
  await using from = await withLink(await blobsOf(['a']), ({ plan }) => ({
    plan: {
      ...plan,
      nodes: plan.nodes.map(({ operatorStates: _none, ...node }) => node),
    },
  }))
  const [found] = await gathered(from.state('listing').nonKeyed())
  assert.deepEqual([found?.name, found?.kind, found?.subtaskIndex], ['seen', 'operator-list', 0])
  assert.ok(found?.value instanceof Uint8Array)
})
