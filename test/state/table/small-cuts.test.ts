// What a cut has of rows and collections: what changed, each once, whatever goes on meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamOf } from '../../../src/state/runs/stream.ts'
import { between, countsOf, keysOf, TimerWorld } from './timer-world.ts'

const [FIRST = 0, SECOND = 0, THIRD = 0] = keysOf(3)

for (const isInMemory of [true, false]) {
  const where = isInMemory ? 'in memory' : 'over a store'

  test(`a row is counted as changed once in an epoch, and so is an item (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory, hasCollections: true, room: 100_000 })
    const change = (): void =>
      world.on(FIRST, () => {
        for (const at of [1, 2, 3]) {
          world.value.update(at)
          world.map.set(1, at)
          world.list.add(at)
        }
      })
    change()
    change()
    const first = world.backend.cut()
    assert.equal(first.dirtyEntries, 3)
    change()
    const second = world.backend.cut()
    assert.equal(second.dirtyEntries, 3)
    assert.equal(world.table.cuts.isNeeded, true)
    assert.deepEqual(await countsOf(first), [0, 3])
    assert.deepEqual(await countsOf(second), [0, 3])
    assert.equal(world.table.cuts.isNeeded, false, 'nothing is saved for cuts that are written')
    second.confirm()
    await world.close()
  })

  test(`what came and went within an epoch is in no cut (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory, hasCollections: true, room: 100_000 })
    world.on(FIRST, () => {
      world.value.update(1)
      world.map.set(1, 1)
      world.map.set(2, 2)
      world.list.add(1)
      world.value.clear()
      world.map.delete(1)
      world.list.clear()
    })
    assert.equal((await world.checkpoint()).length, 1)
    world.on(FIRST, () => world.map.delete(2))
    assert.equal((await world.checkpoint()).length, 1)
    assert.deepEqual(await world.checkpoint(), [])
    assert.deepEqual([...world.table.keys()], [])
    await world.close()
  })

  test(`a cut of items alone has no pauses, one of many has them (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory, hasCollections: true, room: 100_000 })
    world.on(FIRST, () => {
      world.value.update(1)
      world.map.set(1, 1)
    })
    await world.checkpoint()
    world.on(FIRST, () => world.map.set(1, 2))
    const few = world.backend.cut()
    assert.deepEqual(
      [...few.entries()].map((entry) => entry !== undefined),
      [true],
    )
    few.confirm()
    world.on(FIRST, () => {
      for (const at of between(0, 5000)) world.map.set(at, at)
    })
    const many = world.backend.cut()
    const entries = [...many.entries()]
    assert.equal(
      entries.findIndex((entry) => entry !== undefined),
      2,
    )
    assert.equal(entries.filter((entry) => entry !== undefined).length, 5000)
    many.confirm()
    await world.close()
  })

  test(`a cut is written while rows and items change: each is in it once (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory, hasCollections: true, room: 100_000 })
    world.on(FIRST, () => {
      world.value.update(1)
      for (const at of between(0, 6000)) world.map.set(at, 1)
    })
    world.on(SECOND, () => world.value.update(1))
    const cut = world.backend.cut()
    let entries = 0
    let at = 0
    for (const entry of cut.entries()) {
      if (entry !== undefined) {
        entries++
        continue
      }
      world.on(FIRST, () => {
        world.value.update(2 + at)
        for (const key of [at, at + 3000, at + 5000]) world.map.set(key, 2)
      })
      world.on(SECOND, () => world.value.update(2))
      at++
    }
    assert.ok(at > 5)
    assert.equal(entries, 6002)
    cut.confirm()
    const next = await world.checkpoint()
    assert.ok(next.length > 20 && next.length < 400, `${next.length}`)
    await world.close()
  })

  test(`chunks of a list are 64 elements, each an entry of its own (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory, hasCollections: true, room: 100_000 })
    world.on(FIRST, () => {
      for (const at of between(0, 200)) world.list.add(at)
    })
    assert.equal((await world.checkpoint()).length, 4)
    world.on(FIRST, () => world.list.add(200))
    assert.equal((await world.checkpoint()).length, 1)
    world.on(FIRST, () => assert.deepEqual(world.list.get(), between(0, 201)))
    await world.close()
  })

  test(`a row that holds nothing leaves at once, or with its tombstone (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory })
    const rows = (): number => world.backend.statistics.rows
    world.on(FIRST, () => world.value.update(1))
    world.on(FIRST, () => world.value.clear())
    world.table.deselect()
    assert.equal(rows(), 0)
    for (const key of [FIRST, SECOND, THIRD]) world.on(key, () => world.value.update(1))
    await world.checkpoint()
    for (const key of [FIRST, SECOND]) world.on(key, () => world.value.clear())
    world.table.deselect()
    assert.equal(rows(), 3)
    await world.checkpoint()
    world.on(THIRD, () => undefined)
    await world.checkpoint()
    if (isInMemory) assert.equal(rows(), 1)
    assert.equal([...world.table.keys()].length, 1)
    await world.close()
  })

  test(`entries of states that were dropped leave nothing behind (${where})`, async () => {
    const former = await TimerWorld.open({ isInMemory: true, hasCollections: true })
    former.on(FIRST, () => world(former))
    former.on(SECOND, () => former.map.set(1, 1))
    const run = await former.checkpoint()
    const now = await TimerWorld.open({ isInMemory, hadCollections: true, restore: streamOf(run) })
    if (!isInMemory) assert.equal(now.store.keys.length, 1)
    assert.equal(
      now.on(FIRST, () => now.value.value()),
      7,
    )
    assert.deepEqual(
      Array.from(now.table.keys(), ({ key }) => key),
      [FIRST],
    )
    const never = TimerWorld.open({ isInMemory, restore: streamOf(run) })
    await assert.rejects(never, { code: 'CHECKPOINT_INCOMPATIBLE' })
    await former.close()
    await now.close()

    function world(of: TimerWorld): void {
      of.value.update(7)
      of.map.set(1, 1)
      of.list.add(1)
    }
  })
}
