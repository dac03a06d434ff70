// Places for records: never two at one place, all zero whoever had them before, and many in one
// buffer that goes when the last of them is left.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Place, SlotArena } from '../../../src/state/table/slot-arena.ts'
import { SeededRandom } from '../../../src/util/random.ts'

const contents = ({ segment, base, lanes }: Place): readonly number[] => [
  ...segment.lanes.subarray(base, base + lanes),
]

test('places are apart from each other and empty, whatever was taken and left before', () => {
  for (const seed of [1, 2, 3]) {
    const random = new SeededRandom(seed)
    const arena = new SlotArena()
    const held = new Map<Place, number>()
    for (let step = 1; step <= 500; step++) {
      const [first] = held.keys()
      if (first !== undefined && random.int(3) === 0) {
        held.delete(first)
        arena.leave(first)
        continue
      }
      const place = arena.take(4 << random.int(3))
      assert.deepEqual(new Set(contents(place)), new Set([0]))
      place.segment.lanes.fill(step, place.base, place.base + place.lanes)
      held.set(place, step)
    }
    for (const [place, step] of held) assert.deepEqual(new Set(contents(place)), new Set([step]))
  }
})

test('32 small places share a buffer, large ones have one of their own', () => {
  const arena = new SlotArena()
  const places = Array.from({ length: 33 }, () => arena.take(64))
  assert.equal(new Set(places.map(({ segment }) => segment)).size, 2)
  const large = [arena.take(2 ** 20), arena.take(2 ** 20)]
  assert.equal(new Set(large.map(({ segment }) => segment)).size, 2)
  assert.equal(large[0]?.segment.lanes.length, 2 ** 20)
  const { segment } = large[0] ?? {}
  assert.deepEqual([segment?.words.length, segment?.bytes.length], [2 ** 21, 2 ** 23])
})

test('what is left is taken again, and a buffer that nobody uses is not kept', () => {
  const arena = new SlotArena()
  const [one, two] = [arena.take(8), arena.take(8)]
  arena.leave(one)
  assert.deepEqual(arena.take(8), one)
  arena.leave(one)
  arena.leave(two)
  assert.notEqual(arena.take(8).segment, one.segment)
})
