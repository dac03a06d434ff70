// Savepoints of random keys, states and timers beside plain maps: what is written, changed, joined,
// converted and moved to other keys holds just what the maps say, in the order that is promised.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  changed,
  convertSavepoint,
  differences,
  dropped,
  fromIterable,
  fromSnapshot,
  rekeyed,
  Snapshot,
} from 'millrace/savepoint'
import { isMillraceError } from '../../src/errors.ts'
import { RunReader } from '../../src/state/runs/run-reader.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { routeHash } from '../../src/types/keys.ts'
import {
  assertHolds,
  byNumber,
  byText,
  declared,
  entriesOf,
  GROUPS,
  type Model,
  plain,
  randomModel,
  type Row,
  saved,
  sortedTexts,
  written,
} from './model.ts'

for (const seed of [1, 2, 3]) {
  test(`what is written is read, by rows and by keys (seed ${seed})`, async () => {
    const model = randomModel(seed)
    const snapshot = await saved(model)
    await assertHolds(snapshot, 'totals', model)
    const totals = snapshot.state(byText, 'totals')
    for (const [key, { states }] of model) {
      const row = await totals.get(key)
      assert.deepEqual(row === undefined ? {} : plain(row.states), plain(states))
    }
    assert.equal(await totals.get('nobody'), undefined)
  })

  test(`neither order nor memory changes what is written (seed ${seed})`, async () => {
    const model = randomModel(seed, 25)
    const backwards = fromIterable(byText, entriesOf(model).toReversed())
    const snapshot = await written({ totals: backwards }, undefined, 4_000)
    await assertHolds(snapshot, 'totals', model)
    const names = (await snapshot.store.list('runs/')).map(({ name }) => name)
    assert.equal(names.length, 1, 'runs that were merged are deleted')
    for await (const { change } of differences(await saved(model), snapshot)) {
      assert.equal(change, 'same')
    }
  })

  test(`rows are changed, emptied and deleted one by one (seed ${seed})`, async () => {
    const before = randomModel(seed)
    const other = randomModel(seed + 100, 1000)
    const expected = new Map<string, Row>()
    const fate = (key: string): number => (routeHash(key) >>> 8) % 4
    for (const [key, row] of before) {
      // Keys with nothing but timers have no row that could be deleted.
      const hasRow = Object.keys(row.states).length > 0
      if (!hasRow || fate(key) > 1) expected.set(key, row)
      else if (fate(key) === 1) {
        expected.set(key, { ...row, states: { ...row.states, ...other.get(key)?.states } })
      }
    }
    const rows = ({ key, states }: { readonly key: string; readonly states: object }) => {
      if (fate(key) === 0) return undefined
      return fate(key) === 1 ? { ...states, ...other.get(key)?.states } : states
    }
    const after = await written({ totals: changed(byText, { rows }) }, await saved(before))
    await assertHolds(after, 'totals', expected)
  })

  test(`states are dropped and the operator renamed (seed ${seed})`, async () => {
    const names = Object.keys(declared.state)
    const drop = names.filter((_, at) => (at + seed) % 3 === 0)
    const model = randomModel(seed)
    const change = changed({ rename: 'sums', drop })
    const after = await written({ totals: change }, await saved(model))
    const kept = Array.from(model, ([key, { states, timers }]) => {
      const left = Object.entries(states).filter(([name]) => !drop.includes(name))
      return [key, { states: Object.fromEntries(left), timers }] as const
    })
    await assertHolds(after, 'sums', new Map(kept))
    const { schema } = after.state('sums')
    assert.deepEqual(
      schema.states.map(({ name }) => name),
      names.filter((name) => !drop.includes(name)),
    )
    assert.equal(schema.highestStateId, names.length)
    const again = await written(
      { sums: changed({ drop: ['text'].filter((each) => !drop.includes(each)) }) },
      after,
    )
    assert.equal(again.state('sums').schema.highestStateId, names.length)
  })

  test(`operators come together, are replaced and go (seed ${seed})`, async () => {
    const models = [0, 1, 2].map((at) => randomModel(seed + 10 * at, 15)) as [Model, Model, Model]
    const [one, two, three] = models
    const first = await saved(one)
    const both = await written({ twos: fromSnapshot(await saved(two), 'totals') }, first)
    await assertHolds(both, 'totals', one)
    await assertHolds(both, 'twos', two)
    const replaced = fromIterable(byText, entriesOf(three))
    const after = await written({ totals: replaced, threes: replaced, twos: dropped() }, both)
    await assertHolds(after, 'totals', three)
    await assertHolds(after, 'threes', three)
    assert.throws(() => after.state('twos'), { code: 'STATE_UNKNOWN' })
    const live = after.operators.filter((each) => each.dropped !== true)
    assert.equal(new Set(after.operators.map(({ id }) => id)).size, after.operators.length)
    assert.deepEqual(
      live.map(({ uid }) => uid),
      ['totals', 'threes'],
    )
    const { nodes, vertices } = after.link.plan
    assert.equal(new Set(nodes.map(({ id }) => id)).size, 2)
    assert.deepEqual(
      vertices.flatMap((vertex) => vertex.nodes),
      nodes.map(({ id }) => id),
    )
    assert.deepEqual(
      after.link.tasks.map(({ vertex }) => vertex),
      vertices.map(({ id }) => id),
    )
  })

  test(`under other numbers of key groups all is the same (seed ${seed})`, async () => {
    const model = randomModel(seed)
    let snapshot = await saved(model)
    for (const maxParallelism of [1 + seed * 50, seed, GROUPS]) {
      const store = new MemoryBlobStore()
      const memoryBytes = 5_000 * seed
      await convertSavepoint(store, { from: snapshot, maxParallelism, memoryBytes })
      snapshot = await Snapshot.open(store)
      assert.equal(snapshot.maxParallelism, maxParallelism)
      await assertHolds(snapshot, 'totals', model)
    }
    for await (const { change } of differences(await saved(model), snapshot)) {
      assert.equal(change, 'same')
    }
  })

  test(`state moves to other keys with its timers (seed ${seed})`, async () => {
    const model = randomModel(seed)
    const before = await saved(model)
    const sums = rekeyed(before, 'totals', byNumber, (old: string) => BigInt(old) * -3n)
    const after = await written({ totals: sums }, before)
    const expected = Array.from(model, ([key, row]) => [`${BigInt(key) * -3n}`, row] as const)
    await assertHolds(after, 'totals', new Map(expected))
  })

  test(`each difference of two snapshots is told, and nothing else (seed ${seed})`, async () => {
    const [old, now] = [randomModel(seed), new Map(randomModel(seed + 1000))]
    for (const [at, [key, row]] of [...old].entries()) if (at % 3 > 0) now.set(key, row)
    const expected: string[] = []
    for (const key of new Set([...old.keys(), ...now.keys()])) {
      for (const state of Object.keys(declared.state)) {
        const [was, is] = [old, now].map((model) => {
          const held = model.get(key)?.states[state]
          return held === undefined ? undefined : JSON.stringify(plain({ held }))
        })
        if (was === is) continue
        const change = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed'
        expected.push(`${key} ${state} ${change}`)
      }
    }
    const found: string[] = []
    for await (const { key, state, change, timer } of differences(
      await saved(old),
      await saved(now),
    )) {
      if (timer === undefined && change !== 'same') found.push(`${String(key)} ${state} ${change}`)
    }
    assert.deepEqual(sortedTexts(found), sortedTexts(expected))
  })
}

/** So many keys, each with its number and a timer of it. */
const numbered = (count: number): Model =>
  new Map(
    Array.from({ length: count }, (_, at) => {
      const timers = [{ name: 'close', timeMs: 5, payload: `of ${at}` }] as const
      return [`${at}`, { states: { number: at, count: 1 }, timers }]
    }),
  )

test('keys that come together are counted, and ten of them shown', async () => {
  const before = await saved(numbered(150))
  const together = (mapped: number) =>
    written(
      {
        totals: rekeyed(before, 'totals', byNumber, (old: string) => BigInt(Number(old) % mapped)),
      },
      before,
    )
  const refused = (collisions: number, shown: number, more: string) => (error: unknown) => {
    assert.ok(isMillraceError(error) && error.code === 'STATE_KEYS_COLLIDE')
    assert.deepEqual(error.details, { uid: 'totals', collisions })
    const lines = error.message.split('\n').filter((line) => line.startsWith('  - '))
    assert.equal(lines.length, shown)
    assert.match(lines.at(-1) ?? '', new RegExp(more))
    const olds = lines[0]?.split(': ')[1]?.split(', ') ?? []
    assert.ok(olds.length > 0 && olds.length <= 10)
    return true
  }
  await assert.rejects(together(12), refused(12, 11, 'and 2 more$'))
  await assert.rejects(together(10), refused(10, 10, '^ {2}- \\dn: '))
  await assert.rejects(together(149), refused(1, 1, '^ {2}- 0n: ("0", "149"|"149", "0")$'))
})

test('keys that come together are merged, with one timer of a time and name', async () => {
  const before = await saved(numbered(20))
  const merges: bigint[] = []
  const moved = rekeyed(before, 'totals', byNumber, (old: string) => BigInt(Number(old) % 3), {
    merge: (one, other, key) => {
      merges.push(key)
      const sum = (name: 'number' | 'count') => Number(one[name]) + Number(other[name])
      return { number: sum('number'), count: sum('count') }
    },
  })
  const after = await written({ totals: moved }, before)
  const rows = new Map<unknown, unknown>()
  for await (const { key, states } of after.state(byNumber, 'totals').rows()) rows.set(key, states)
  assert.deepEqual(
    rows,
    new Map(
      Array.from(rows.keys(), (key) => {
        const of = Array.from({ length: 20 }, (_, at) => at).filter((at) => at % 3 === Number(key))
        return [key, { number: of.reduce((sum, at) => sum + at, 0), count: of.length }]
      }),
    ),
  )
  assert.deepEqual([rows.size, merges.length], [3, 17])
  const timers: unknown[] = []
  for await (const { key } of after.state('totals').timers()) timers.push(key)
  assert.deepEqual([new Set(timers), timers.length], [new Set([0n, 1n, 2n]), 3])
})

test('keys that are left out leave nothing, and take no other keys with them', async () => {
  const before = await saved(numbered(20))
  const some = rekeyed(before, 'totals', byNumber, (old: string) =>
    Number(old) % 2 === 0 ? BigInt(old) : undefined,
  )
  const after = await written({ totals: some }, before)
  const kept = [...numbered(20)].filter(([key]) => Number(key) % 2 === 0)
  await assertHolds(after, 'totals', new Map(kept))
})

test('a converted run says of which key groups it is', async () => {
  const store = new MemoryBlobStore()
  await convertSavepoint(store, { from: await saved(numbered(9)), maxParallelism: 7 })
  const [name = ''] = (await store.list('runs/')).map((blob) => blob.name)
  const { link } = await Snapshot.open(store)
  const [reference] = link.tasks.flatMap(({ runs }) => runs)
  assert.ok(reference !== undefined && reference.name === name)
  const { metadata } = await RunReader.open(store, reference)
  assert.deepEqual([metadata.maxParallelism, metadata.keyGroups], [7, { start: 0, end: 6 }])
  assert.deepEqual(reference.keyGroups, link.tasks[0]?.keyGroups)
})
