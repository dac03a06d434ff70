// Timers that memory has no room for: they fire, are listed, deleted and cut as all others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { rocksdb } from '../../../src/state/rocksdb/index.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import {
  type BackendSuite,
  type OpenOptions,
  type Runs,
  World,
} from '../../../src/testing/conformance/backend-world.ts'
import { openMemoryStore } from '../../../src/testing/memory-store.ts'
import { SeededRandom } from '../../../src/util/random.ts'

const plenty: BackendSuite = {
  test: () => undefined,
  name: 'plenty',
  choose: () => hashmap(),
  evicts: false,
}
const little: BackendSuite = {
  ...plenty,
  choose: () => rocksdb(),
  context: () => ({ nativeStore: openMemoryStore, scratch: new MemoryScratch() }),
}
const MEMORY_BYTES = 20_000
const DOMAINS = ['event-time', 'processing-time'] as const

const bothOf = async (options: OpenOptions = {}): Promise<readonly World[]> => [
  await World.open(plenty, options),
  await World.open(little, { memoryBytes: MEMORY_BYTES, ...options }),
]

const sorted = (texts: readonly string[]): readonly string[] =>
  texts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))

function pendingOf({ table }: World): readonly string[] {
  return sorted(
    Array.from(table.timers.pending(), ({ domain, key, time, name, payload }) =>
      [domain, key, time, name, payload].map(String).join(' '),
    ),
  )
}

/** What fires up to a time, in order; of one time in any order. */
function fire({ table }: World, domain: (typeof DOMAINS)[number], until: number): string[] {
  const fired: { readonly time: number; readonly text: string }[] = []
  const onTimer = (
    _: unknown,
    key: unknown,
    __: number,
    time: number,
    ...rest: unknown[]
  ): void => {
    fired.push({ time, text: [key, time, ...rest].map(String).join(' ') })
  }
  while (table.timers.advance(domain, until, 7, onTimer)) continue
  const times = fired.map(({ time }) => time)
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
  return [...sorted(fired.map(({ text }) => text))]
}

function assertAlike(worlds: readonly World[], of: (world: World) => unknown): void {
  const [expected, ...found] = worlds.map(of)
  for (const each of found) assert.deepEqual(each, expected)
}

for (const seed of [1, 2, 3]) {
  test(`they are what they would be in memory, over cuts and restores (seed ${seed})`, async () => {
    const random = new SeededRandom(seed)
    let worlds = await bothOf()
    const runs: Runs[] = [[], []]
    let now = 0
    const changeSome = (count: number): void => {
      for (let times = count; times > 0; times--) {
        const [key, dice] = [random.int(40), random.int(10)]
        const [time, payload] = [now + random.int(500), random.int(1000)]
        for (const world of worlds) {
          world.on(key, () => {
            const { timers } = world.table
            if (dice < 4) timers.register('event-time', time, 'close', payload)
            else if (dice < 6) timers.register('event-time', time, '')
            else if (dice < 8) timers.register('processing-time', time, 'wake', { payload })
            else {
              for (let at = time; at < time + 20; at++) timers.delete('event-time', at, 'close')
              timers.delete('processing-time', time, 'wake')
            }
          })
        }
      }
    }
    for (let round = 0; round < 4; round++) {
      changeSome(250)
      for (const { backend, table } of worlds) {
        table.deselect()
        backend.maintain(1000)
      }
      assertAlike(worlds, ({ table }) => DOMAINS.map((domain) => table.timers.nextTime(domain)))
      for (const key of [3, 20]) {
        assertAlike(worlds, (world) =>
          world.on(key, () => [
            world.table.timers.list('event-time', 'close'),
            world.table.timers.list('processing-time', 'wake'),
          ]),
        )
      }
      changeSome(60)
      assertAlike(worlds, pendingOf)
      now += 60
      assertAlike(worlds, (world) => DOMAINS.map((domain) => fire(world, domain, now)))
      if (round % 2 === 0) for (const { backend } of worlds) backend.cut().abort()
      for (const [at, world] of worlds.entries()) {
        runs[at] = [...(runs[at] ?? []), await world.checkpoint()]
      }
      if (round !== 2) continue
      for (const world of worlds) await world.close()
      // Each goes on from what the other has written.
      worlds = [
        await World.open(plenty, { restore: runs[1] ?? [] }),
        await World.open(little, { restore: runs[0] ?? [], memoryBytes: MEMORY_BYTES }),
      ]
      runs.reverse()
      assertAlike(worlds, pendingOf)
    }
    assertAlike(worlds, (world) => DOMAINS.map((domain) => fire(world, domain, now + 1000)))
    assertAlike(worlds, pendingOf)
    for (const world of worlds) {
      assert.deepEqual(pendingOf(world), [])
      assert.equal(world.table.timers.nextTime('event-time'), Number.POSITIVE_INFINITY)
      await world.checkpoint()
      assert.deepEqual(await world.checkpoint(), [])
      await world.close()
    }
  })
}

test('timers leave memory from the last on, and come back in slices', async () => {
  const world = await World.open(little, { memoryBytes: MEMORY_BYTES })
  for (let at = 0; at < 2000; at++) {
    world.on(at, () => world.table.timers.register('event-time', at, ''))
  }
  world.table.deselect()
  world.backend.maintain(1000)
  const { estimatedBytes } = world.backend.statistics
  assert.ok(estimatedBytes < 2000 * 64, `${estimatedBytes} bytes`)
  assert.equal(world.table.timers.nextTime('event-time'), 0)
  assert.equal(fire(world, 'event-time', 999).length, 1000)
  assert.equal(world.table.timers.nextTime('event-time'), 1000)
  // One before all that lie below, and one amid them.
  world.on('early', () => world.table.timers.register('event-time', 1000, 'close', 1))
  world.on('late', () => world.table.timers.register('event-time', 1950, 'close', 2))
  world.on(1500, () => world.table.timers.delete('event-time', 1500, ''))
  const rest = fire(world, 'event-time', 5000)
  assert.equal(rest.length, 1001)
  assert.ok(rest.includes('early 1000 close 1') && rest.includes('late 1950 close 2'))
  assert.ok(!rest.some((text) => text.startsWith('1500 ')))
  await world.close()
})
