// How the rows of a lazy restore come: what is loaded when nobody asks, in which steps, and what is
// read from the runs for one key.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { between, KEY, keysOf, MAX_PARALLELISM } from '../table/timer-world.ts'
import { lazily, opened, runOf } from './worlds.ts'

for (const isInMemory of [true, false]) {
  const where = isInMemory ? 'in memory' : 'over a store'

  test(`steps grow from 16 rows to 256, or to what a slice may have (${where})`, async () => {
    const keys = keysOf(600)
    const run = await runOf((world) => {
      for (const key of keys) world.on(key, () => world.value.update(key))
    })
    for (const [rowsPerSlice, sizes] of [
      [7, [7, 7, 7, 7]],
      [100, [16, 32, 64, 100, 100]],
      [256, [16, 32, 64, 128, 256]],
      [1000, [16, 32, 64, 128, 256]],
    ] as const) {
      const { world } = await lazily([run], { isInMemory, rowsPerSlice })
      const loaded = (): number =>
        isInMemory ? world.backend.statistics.rows : world.store.keys.length
      let rows = 0
      for (const size of sizes) {
        assert.equal(world.backend.maintain(0), true)
        rows += size
        assert.equal(loaded(), rows)
      }
      // A slice with time is one of so many rows, or as many as there are.
      rows = Math.min(rows + rowsPerSlice, 600)
      assert.equal(world.backend.maintain(1), rows < 600)
      assert.equal(loaded(), rows)
      while (world.backend.maintain(1)) continue
      assert.equal(loaded(), 600)
      assert.equal(world.backend.isRestoring, false)
      for (const key of keys)
        assert.equal(
          world.on(key, () => world.value.value()),
          key,
        )
      await world.close()
    }
  })

  test(`a step ends after 512 entries, too, between two rows (${where})`, async () => {
    const keys = keysOf(20)
    const run = await runOf(
      (world) => {
        for (const key of keys) {
          world.on(key, () => {
            for (const at of between(0, 100)) world.map.set(at, key)
          })
        }
      },
      { hasCollections: true },
    )
    const { world } = await lazily([run], { isInMemory, hasCollections: true })
    // Over a store each row has a record besides.
    const [unit, loaded] = isInMemory
      ? [1, () => world.backend.statistics.rows]
      : [101, () => world.store.keys.length]
    for (const rows of [6, 12, 18, 20]) {
      assert.equal(world.backend.maintain(0), true)
      assert.equal(loaded(), rows * unit)
    }
    assert.equal(world.backend.maintain(0), false)
    for (const key of keys) {
      assert.deepEqual(
        world.on(key, () => [...world.map].length),
        100,
      )
    }
    await world.close()
  })

  test(`key groups are loaded in turn, and counted when they are there (${where})`, async () => {
    const run = await runOf(
      (world) => {
        for (const key of between(0, 500)) world.on(key, () => world.value.update(key))
      },
      { isWide: true },
    )
    const { restore } = await opened([run], true)
    const bytes = between(0, MAX_PARALLELISM).map((group) => restore.bytesOf(group))
    assert.ok(bytes.every((each) => each > 0))
    const { world } = await lazily([run], { isInMemory, isWide: true })
    const total = bytes.reduce((sum, each) => sum + each, 0)
    const seen: number[] = []
    for (;;) {
      const { restoringBytes, restoredBytes } = world.backend.statistics
      if (restoringBytes === 0) break
      assert.equal(restoringBytes, total)
      if (seen.at(-1) !== restoredBytes) seen.push(restoredBytes)
      world.backend.maintain(0)
    }
    const sums = bytes.map((_, at) => bytes.slice(0, at).reduce((sum, each) => sum + each, 0))
    assert.deepEqual(seen, sums)
    await world.close()
  })

  test(`all keys are told of a state that is half loaded, each once (${where})`, async () => {
    const run = await runOf(
      (world) => {
        for (const key of between(0, 300)) world.on(key, () => world.value.update(key))
      },
      { isWide: true },
    )
    const { world } = await lazily([run], { isInMemory, isWide: true, rowsPerSlice: 5 })
    for (let step = 0; step < 20; step++) world.backend.maintain(0)
    assert.ok(world.backend.statistics.restoredBytes > 0)
    world.on(299, () => world.value.update(-1))
    world.on(298, () => world.value.clear())
    world.on('new', () => world.value.update(7))
    const keys = Array.from(world.table.keys(), ({ key }) => key)
    const numbers = keys.filter((key) => typeof key === 'number').toSorted((a, b) => a - b)
    assert.deepEqual(numbers, [...between(0, 298), 299])
    assert.equal(keys.length, numbers.length + 1)
    assert.equal(world.backend.maintain(0), false, 'all is loaded by it')
    assert.equal(
      world.on(299, () => world.value.value()),
      -1,
    )
    assert.equal(
      world.on(298, () => world.value.value()),
      undefined,
    )
    await world.close()
  })

  test(`a look at one key reads its row alone, and once (${where})`, async () => {
    const keys = keysOf(50)
    const run = await runOf(
      (world) => {
        for (const key of keys) {
          world.on(key, () => {
            world.value.update(key)
            for (const at of between(0, 5)) world.map.set(at, at)
          })
        }
      },
      { hasCollections: true },
    )
    const { world, reads } = await lazily([run], { isInMemory, hasCollections: true })
    for (let times = 0; times < 3; times++) {
      assert.equal(
        world.on(keys[7], () => [...world.map].length),
        5,
      )
      assert.equal(
        world.on(keys[8], () => world.map.get(3)),
        3,
      )
    }
    assert.deepEqual(reads, ['row', 'row'])
    assert.equal(world.backend.statistics.restoredBytes, 0)
    // Neither is what is emptied meanwhile asked for again, in this epoch or a later one.
    world.on(keys[7], () => {
      world.value.clear()
      world.map.clear()
    })
    for (let round = 0; round < 4; round++) {
      await world.checkpoint()
      assert.equal(
        world.on(keys[7], () => world.map.isEmpty),
        true,
      )
      assert.equal(
        world.on(keys[8], () => world.value.value()),
        keys[8],
      )
    }
    assert.deepEqual(reads, ['row', 'row'])
    while (world.maintain()) continue
    assert.deepEqual(reads.filter((read) => read === 'row').length, 2)
    assert.equal(
      world.on(keys[7], () => world.value.value()),
      undefined,
    )
    assert.deepEqual(
      Array.from(world.table.keys(), ({ key }) => key as number).toSorted((a, b) => a - b),
      keys.filter((_, at) => at !== 7),
    )
    await world.close()
  })

  test(`an operator that this job has not is refused with its key group (${where})`, async () => {
    const run = await runOf((world) => world.on(KEY, () => world.value.update(1)))
    const foreign = run.map(({ key, value }) => {
      const other = Uint8Array.from(key)
      other[3] = (other[3] ?? 0) + 1
      return { key: other, value }
    })
    const { world } = await lazily([foreign], { isInMemory })
    assert.throws(() => world.backend.maintain(1), { code: 'CHECKPOINT_INCOMPATIBLE' })
    await world.close()
  })
}

test('rows that nobody looked at are copied below without a look', async () => {
  const keys = keysOf(300)
  const run = await runOf((world) => {
    for (const key of keys) world.on(key, () => world.value.update(key))
  })
  const { world } = await lazily([run], { rowsPerSlice: 20 })
  while (world.maintain()) continue
  assert.deepEqual(world.store.lookUps, [])
  const half = await lazily([run], { rowsPerSlice: 20 })
  half.world.on(keys[3], () => half.world.value.value())
  half.world.on(keysOf(301)[300], () => half.world.value.value())
  half.world.store.forget()
  while (half.world.maintain()) continue
  assert.deepEqual(half.world.store.lookUps, [1], 'of the one that was')
  await world.close()
  await half.world.close()
})

test('a row is looked for below again only if the runs had it', async () => {
  const [first = 0, second = 0] = keysOf(2)
  const run = await runOf((world) => world.on(first, () => world.value.update(1)))
  const { world, reads } = await lazily([run])
  world.on(second, () => undefined)
  assert.deepEqual([world.store.lookUps, reads], [[1], ['row']])
  world.on(first, () => undefined)
  assert.deepEqual(
    [world.store.lookUps, reads],
    [
      [1, 1, 1],
      ['row', 'row'],
    ],
  )
  await world.close()
})
