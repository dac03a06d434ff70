/** The part of the suite of backends about time-to-live. */
import assert from 'node:assert/strict'
import type { StateTtl } from '../../state/ttl.ts'
import { survivalTests } from './backend-survival.ts'
import type { BackendSuite } from './backend-world.ts'
import {
  type DefineMortal,
  LIFE_MS,
  MortalWorld,
  NOTHING_LEFT,
  readAll,
  writeAll,
} from './mortal-world.ts'

const TTL: StateTtl = { after: LIFE_MS }

/** Tests of time-to-live. */
export function expiryTests(suite: BackendSuite): void {
  const define: DefineMortal = (title, ttl, body) =>
    suite.test(`${suite.name}, with time-to-live: ${title}`, async () => {
      await using world = await MortalWorld.open(suite, { ttl })
      await body(world)
    })
  ruleTests(define)
  renewalTests(define)
  entryTests(define)
  flawTests(define)
  eventTimeTests(define, suite)
  survivalTests(define, suite)
}

function ruleTests(define: DefineMortal): void {
  define('every kind is read until its time is over, and then freed', TTL, async (world) => {
    world.on('a', (state) => writeAll(state, 'x'))
    world.on('b', () => undefined)
    const written = await world.checkpoint()
    assert.ok(written.length > 0)
    world.now = LIFE_MS - 1
    const before = { ...NOTHING_LEFT, value: 'x', counter: 1, longest: 'x', joined: 'x' }
    const lists = { list: ['x'], map: ['x'], sorted: ['x'], set: ['x'], deque: ['x'] }
    assert.deepEqual(world.on('a', readAll), { ...before, ...lists })
    world.now = LIFE_MS
    assert.deepEqual(world.on('a', readAll), NOTHING_LEFT)
    assert.deepEqual(world.keys, ['a'], 'it is hidden, not freed')
    assert.deepEqual([world.backend.statistics.expired, world.lagMs], [0, 0])
    world.advance(LIFE_MS)
    assert.deepEqual(world.keys, [])
    assert.deepEqual([world.backend.statistics.expired, world.lagMs], [9, 0])
    const freed = await world.checkpoint()
    assert.equal(freed.length, written.length, 'a tombstone for each entry and mark')
    assert.equal((await world.checkpoint()).length, 0)
  })

  define('a write renews, a read does not', TTL, (world) => {
    world.on('a', (state) => writeAll(state, 'x'))
    world.advance(100)
    world.on('a', readAll)
    world.on('b', (state) => writeAll(state, 'y'))
    world.advance(160)
    assert.deepEqual(world.keys, ['b'])
    world.on('b', ({ value, counter }) => {
      value.update('z')
      counter.increment()
    })
    world.advance(260)
    const left = { ...NOTHING_LEFT, value: 'z', counter: 2 }
    assert.deepEqual(world.on('b', readAll), left)
    world.advance(320)
    assert.deepEqual(world.keys, [])
  })

  define('what is written again and again needs one mark at a time', TTL, async (world) => {
    let entries = 0
    for (let now = 0; now < 100 * LIFE_MS; now += 10) {
      world.advance(now)
      world.on('a', ({ value }) => value.update(`${now}`))
      if (now % 1000 === 0) entries = (await world.checkpoint()).length
    }
    assert.ok(entries <= 3, `${entries} entries in the last run`)
  })
}

function renewalTests(define: DefineMortal): void {
  define(
    'with on-read-and-write a read renews, too',
    { ...TTL, update: 'on-read-and-write' },
    (world) => {
      // prettier-ignore
      world.on('a', (state) => writeAll(state, 'x'))
      for (let now = 100; now <= 1000; now += 100) {
        world.advance(now)
        const held = world.on('a', readAll)
        assert.deepEqual(held, {
          value: 'x',
          counter: 1,
          longest: 'x',
          joined: 'x',
          list: ['x'],
          map: ['x'],
          sorted: ['x'],
          set: ['x'],
          deque: ['x'],
        })
      }
      world.advance(1160)
      assert.deepEqual(world.keys, [])
    },
  )

  const returned: StateTtl = { ...TTL, visibility: 'return-if-not-cleaned-up' }
  define('expired state may be returned until it is freed', returned, (world) => {
    world.on('a', (state) => writeAll(state, 'x'))
    const held = world.on('a', readAll)
    world.now = 500
    assert.deepEqual(world.on('a', readAll), held)
    assert.equal(world.lagMs, 340)
    assert.deepEqual(world.on('a', readAll), held, 'not once only')
    world.advance(500)
    assert.deepEqual(world.on('a', readAll), NOTHING_LEFT)
  })
}

function entryTests(define: DefineMortal): void {
  define('entries of collections have times of their own', TTL, (world) => {
    for (const [now, text] of [
      [0, 'a'],
      [50, 'b'],
      [100, 'c'],
    ] as const) {
      // prettier-ignore
      world.advance(now)
      world.on('k', (state) => {
        state.list.add(text)
        state.map.set(text, text)
        state.sorted.set(now, text)
        state.set.add(text)
        state.deque.pushFirst(text)
      })
    }
    const entries = (expected: readonly string[]): void => {
      world.on('k', ({ list, map, sorted, set, deque }) => {
        assert.deepEqual(list.get(), expected)
        assert.deepEqual([list.length, deque.length], [expected.length, expected.length])
        for (const each of [map.values(), sorted.values(), set]) {
          assert.deepEqual([...each], expected)
        }
        assert.deepEqual([...deque], expected.toReversed())
        assert.deepEqual([deque.first(), deque.last()], [expected.at(-1), expected[0]])
        assert.deepEqual([deque.at(-1), deque.at(0)], [expected[0], expected.at(-1)])
        assert.equal(sorted.first()?.[1], expected[0])
        assert.equal(map.has('a'), expected.includes('a'))
        assert.equal(set.has('a'), expected.includes('a'))
      })
    }
    entries(['a', 'b', 'c'])
    world.now = 165
    entries(['b', 'c'])
    world.advance(165)
    entries(['b', 'c'])
    world.on('k', ({ map }) => map.set('b', 'b'))
    world.advance(250)
    world.on('k', ({ map, list }) => {
      assert.deepEqual([[...map.keys()], list.get()], [['b', 'c'], ['c']])
    })
    world.advance(260)
    world.on('k', ({ map }) => assert.deepEqual([...map], [['b', 'b']]))
    world.advance(325)
    assert.deepEqual(world.keys, ['k'], 'until the tick of its deadline')
    world.advance(330)
    assert.deepEqual(world.keys, [])
  })

  define('elements in the middle of a deque expire, too', TTL, async (world) => {
    world.on('k', ({ deque }) => ['c', 'd'].forEach((each) => deque.pushLast(each)))
    world.advance(100)
    world.on('k', ({ deque }) => {
      deque.pushFirst('b')
      deque.pushLast('e')
    })
    world.advance(160)
    await world.checkpoint()
    world.on('k', ({ deque }) => {
      assert.deepEqual([...deque], ['b', 'e'])
      assert.deepEqual([deque.length, deque.at(1), deque.at(-2)], [2, 'e', 'b'])
      deque.pushLast('f')
      assert.equal(deque.popFirst(), 'b')
      assert.deepEqual([deque.popFirst(), deque.popFirst(), deque.length], ['e', 'f', 0])
    })
  })
}

/** Where Flink 2.3 does otherwise. */
function flawTests(define: DefineMortal): void {
  const reads: StateTtl = { ...TTL, update: 'on-read-and-write' }
  define('isEmpty knows what has expired', TTL, (world) => {
    world.on('a', (state) => writeAll(state, 'x'))
    world.now = LIFE_MS
    world.on('a', ({ map, sorted, set }) => {
      assert.deepEqual([map.isEmpty, sorted.isEmpty, set.isEmpty], [true, true, true])
    })
  })

  define('keys and has do not renew the entries of a map', reads, (world) => {
    world.on('a', ({ map, sorted }) => {
      map.set('x', 'x')
      sorted.set(1, 'x')
    })
    world.advance(100)
    world.on('a', ({ map, sorted }) => {
      assert.deepEqual([[...map.keys()], map.has('x')], [['x'], true])
      assert.deepEqual([[...sorted.keys()], sorted.has(1)], [[1], true])
    })
    world.advance(160)
    assert.deepEqual(world.keys, [])
  })

  const returned: StateTtl = { ...TTL, visibility: 'return-if-not-cleaned-up' }
  define(
    'nothing is folded into what has expired, even if it may be returned',
    returned,
    (world) => {
      // prettier-ignore
      world.on('a', (state) => writeAll(state, 'long'))
      world.now = LIFE_MS
      world.on('a', ({ longest, joined, counter }) => {
        assert.equal(longest.get(), 'long')
        longest.add('x')
        joined.add('x')
        assert.equal(counter.increment(), 1)
        assert.deepEqual([longest.get(), joined.get()], ['x', 'x'])
      })
    },
  )
}

function eventTimeTests(define: DefineMortal, suite: BackendSuite): void {
  const ttl: StateTtl = { ...TTL, time: 'event-time' }
  define('event time is the watermark', ttl, (world) => {
    world.watermark(1000)
    world.on('a', (state) => writeAll(state, 'x'))
    world.advance(1_000_000)
    world.watermark(1159)
    assert.equal(
      world.on('a', ({ value }) => value.value()),
      'x',
    )
    world.watermark(1160)
    assert.deepEqual(world.keys, [])
  })

  define('what is written before the first watermark counts from it', ttl, async (world) => {
    world.on('a', (state) => writeAll(state, 'x'))
    const run = await world.checkpoint()
    for (const restores of [false, true]) {
      await using again = await MortalWorld.open(suite, { ttl, restore: [run] })
      again.watermark(5000)
      const runs = [run, await again.checkpoint()]
      const now = restores
        ? await MortalWorld.open(suite, { ttl, restore: runs, watermark: 5000 })
        : again
      now.watermark(5159)
      assert.deepEqual([now.keys, now.on('a', ({ list }) => list.get())], [['a'], ['x']])
      now.watermark(5160)
      assert.deepEqual(now.keys, [])
      await now.backend.close()
    }
  })

  define('all that is left expires at the end of time', ttl, (world) => {
    world.watermark(1000)
    world.on('a', (state) => writeAll(state, 'x'))
    world.watermark(Number.POSITIVE_INFINITY)
    assert.deepEqual(world.keys, [])
  })
}
