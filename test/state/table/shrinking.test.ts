// A table gives memory back with the checkpoints after most of its rows were removed, whichever row
// is selected then, and goes on to hold what is left and what comes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TimerWorld } from './timer-world.ts'

const slotsOf = ({ table }: TimerWorld): number =>
  table.shards.reduce((sum, shard) => sum + shard.capacity, 0)

for (const kind of ['numbers', 'texts'] as const) {
  test(`a table of which little is left is small again (keys: ${kind})`, async () => {
    const world = await TimerWorld.open({ isInMemory: true, isWide: true })
    const keys = Array.from({ length: 20_000 }, (_, at) => (kind === 'texts' ? `key ${at}` : at))
    for (const [at, key] of keys.entries()) world.on(key, () => world.value.update(at))
    await world.checkpoint()
    const before = slotsOf(world)
    assert.ok(before >= 25_000, `${before}`)
    for (const [at, key] of keys.entries()) {
      if (at % 100 > 0) world.on(key, () => world.value.clear())
    }
    const selected = keys[100]
    world.on(selected, () => undefined)
    await world.checkpoint() // has their tombstones
    await world.checkpoint()
    assert.ok(slotsOf(world) <= before / 3, `${slotsOf(world)} of ${before}`)
    assert.equal(world.table.currentKey, selected)
    assert.equal(world.value.value(), 100)
    world.value.update(-100)
    for (const [at, key] of keys.entries()) {
      const expected = at === 100 ? -100 : at % 100 === 0 ? at : undefined
      world.on(key, () => assert.equal(world.value.value(), expected))
    }
    for (const [at, key] of keys.entries()) world.on(key, () => world.value.update(at + 1))
    for (const [at, key] of keys.entries()) {
      world.on(key, () => assert.equal(world.value.value(), at + 1))
    }
    await world.close()
  })
}
