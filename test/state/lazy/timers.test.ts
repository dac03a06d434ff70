// How the timers of a lazy restore come: when the next may be due, those of a key when they are
// listed, and never what memory knows better.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyGroupOf } from '../../../src/state/key-groups.ts'
import { LazyTimers } from '../../../src/state/table/lazy-timers.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { between, KEY, keysOf, MAX_PARALLELISM } from '../table/timer-world.ts'
import { lazily, runOf } from './worlds.ts'

for (const isInMemory of [true, false]) {
  const where = isInMemory ? 'in memory' : 'over a store'

  test(`timers come in slices that end with a time, when they may be due (${where})`, async () => {
    const keys = keysOf(3)
    const run = await runOf((world) => {
      world.set(keys[0], between(0, 40))
      world.set(keys[1], [9])
      world.set(keys[2], [9])
    })
    const { world, reads } = await lazily([run], { isInMemory, rowsPerSlice: 10 })
    assert.deepEqual(reads, [], 'nothing is read before anybody asks')
    assert.equal(world.timers.nextTime('event-time'), 0)
    assert.deepEqual([world.timers.size, reads.length], [12, 3])
    assert.deepEqual(world.fire(8), between(0, 9))
    assert.deepEqual([world.timers.size, reads.length], [3, 3])
    assert.deepEqual(world.fire(9), [9, 9, 9])
    assert.deepEqual([world.timers.size, reads.length], [10, 4])
    assert.deepEqual(world.fire(1e9), between(10, 40))
    assert.equal(reads.length, 6)
    assert.equal(world.timers.nextTime('event-time'), Number.POSITIVE_INFINITY)
    assert.equal(reads.length, 6, 'it is known that there are no more')
    await world.close()
  })

  test(`the clocks are read apart, whichever of them has timers (${where})`, async () => {
    for (const domains of [
      ['event-time'],
      ['processing-time'],
      ['event-time', 'processing-time'],
    ]) {
      const run = await runOf((world) => {
        world.on(KEY, (timers) => {
          if (domains.includes('event-time')) timers.register('event-time', 5, 'close', 1)
          if (domains.includes('processing-time')) timers.register('processing-time', 6, 'wake', 2)
        })
      })
      const { world } = await lazily([run], { isInMemory })
      const timeOf = (time: number, domain: string): number =>
        domains.includes(domain) ? time : Number.POSITIVE_INFINITY
      assert.equal(world.timers.nextTime('event-time'), timeOf(5, 'event-time'))
      const fired: unknown[] = []
      const listener = (domain: string, ...rest: readonly unknown[]): void =>
        void fired.push([domain, ...rest.slice(2)])
      world.timers.advance('processing-time', 10, 10, listener)
      world.timers.advance('event-time', 10, 10, listener)
      assert.deepEqual(
        fired,
        [
          ['processing-time', 6, 'wake', 2],
          ['event-time', 5, 'close', 1],
        ].filter(([domain]) => domains.includes(String(domain))),
      )
      await world.close()
    }
  })

  test(`a timer set or deleted before it is read is what memory says (${where})`, async () => {
    const run = await runOf((world) => {
      world.on(KEY, (timers) => {
        for (const time of between(0, 60)) timers.register('event-time', time, 'close', time)
      })
    })
    const { world } = await lazily([run], { isInMemory, rowsPerSlice: 10 })
    world.on(KEY, (timers) => {
      timers.delete('event-time', 50, 'close')
      timers.delete('event-time', 51, 'close')
      timers.register('event-time', 51, 'close', -51)
      timers.register('event-time', 52, 'close', -52)
      timers.register('event-time', 100, 'close', -100)
      timers.delete('event-time', 200, 'close')
    })
    const cut = await world.checkpoint()
    assert.equal(cut.length, 5, 'also a tombstone of what may have been there')
    // Memory forgets what is settled; the run is not to bring it back.
    for (let round = 0; round < 3; round++) assert.deepEqual(await world.checkpoint(), [])
    const fired: unknown[] = []
    world.timers.advance('event-time', 1e9, 1e9, (_, __, ___, time, ____, payload) => {
      fired.push([time, payload])
    })
    const expected = between(0, 60).flatMap((time) =>
      time === 50 ? [] : [[time, time === 51 || time === 52 ? -time : time]],
    )
    assert.deepEqual(fired, [...expected, [100, -100]])
    while (world.maintain()) continue
    assert.deepEqual([...world.timers.pending()], [])
    await world.close()
  })

  test(`a list of a key's timers reads its key group alone (${where})`, async () => {
    const run = await runOf(
      (world) => {
        for (const key of between(0, 100)) {
          world.on(key, (timers) => timers.register('event-time', 1000 - key, 'close', key))
          world.on(key, (timers) => timers.register('processing-time', key, 'wake', key))
        }
      },
      { isWide: true },
    )
    const { world } = await lazily([run], { isInMemory, isWide: true, rowsPerSlice: 2 })
    const listed = world.on(7, (timers) => timers.list('event-time', 'close'))
    assert.deepEqual(listed, [{ time: 993, payload: 7 }])
    const groupOf = (key: number): number => keyGroupOf(routeHash(key), MAX_PARALLELISM)
    const mine = between(0, 100).filter((key) => groupOf(key) === groupOf(7)).length
    assert.equal(world.timers.size, mine)
    assert.equal([...world.timers.pending()].length, 200)
    assert.ok(world.timers.below instanceof LazyTimers)
    while (world.maintain()) continue
    assert.equal([...world.timers.pending()].length, 200)
    assert.equal(world.timers.below instanceof LazyTimers, false)
    await world.close()
  })
}

test('timers that memory has no room for go from the runs below', async () => {
  const run = await runOf((world) => {
    world.on(KEY, (timers) => {
      for (const time of between(0, 500)) timers.register('event-time', time, 'close', time)
    })
  })
  const { world } = await lazily([run], { room: 100, rowsPerSlice: 50 })
  const listed = world.on(KEY, (timers) => timers.list('event-time', 'close'))
  assert.deepEqual(
    listed.map(({ payload }) => payload),
    between(0, 500),
  )
  assert.ok(world.timers.size <= 101, `${world.timers.size}`)
  assert.deepEqual(world.fire(249), between(0, 250))
  while (world.maintain()) continue
  assert.deepEqual(world.fire(1e9), between(250, 500))
  await world.close()
})
