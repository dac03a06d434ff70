// A shard beside a Map: rows of all kinds of keys come, change and go, and each is found where the
// next search looks for it, with all that lies beside its record.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Item, ITEM_DETACHED } from '../../../src/state/table/item.ts'
import { layoutOf, ROW_BELOW, ROW_STALE, ROW_THINNED } from '../../../src/state/table/layout.ts'
import { Records } from '../../../src/state/table/records.ts'
import { RowCollections } from '../../../src/state/table/row-collections.ts'
import { BLOCK_SLOTS, Shard } from '../../../src/state/table/shard.ts'
import { shapeFor } from '../../../src/state/table/shard-shape.ts'
import { SlotArena } from '../../../src/state/table/slot-arena.ts'
import { sweepRows } from '../../../src/state/table/sweep.ts'
import { slotOfHash } from '../../../src/state/table/touch.ts'
import { routeHash, writeKey } from '../../../src/types/keys.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'
import { SeededRandom } from '../../../src/util/random.ts'

const OBJECTS = 2
const VALUE_LANE = 3
const SHAPE = { keyLane: 4, objectsPerRow: OBJECTS, subBits: 3 }
const OF_NUMBERS = { ...SHAPE, stride: 5 }
/** Records with room for texts of 31 characters. */
const OF_TEXTS = { ...SHAPE, stride: 8 }

const KEYS: readonly unknown[] = [
  ...Array.from({ length: 60 }, (_, at) => at),
  ...Array.from({ length: 60 }, (_, at) => `${at}`),
  ...[29, 30, 31, 32, 33, 300].map((length) => 'x'.repeat(length)),
  'ä', 'äb', 'bä', '\u0000', '\u0001', 'a\u0001', 'a\u0000b', '\u0002', '\u007f', '\u0080', '😀',
  ...Array.from({ length: 20 }, (_, at) => ({ at, deep: [at] })),
  -0.5, Number.NaN, true, false, null, '', 5n, [5], new Uint8Array([5]),
] // prettier-ignore

const copyOf = (key: unknown): unknown => (key instanceof Uint8Array ? key : structuredClone(key))

const out = new ByteWriter()

interface Row {
  readonly number: number
  readonly objects: readonly unknown[]
  readonly collections: RowCollections | undefined
}

function assertHolds(shard: Shard, rows: ReadonlyMap<unknown, Row>): void {
  assert.equal(shard.count, rows.size)
  for (const key of KEYS) {
    const hash = routeHash(key)
    const row = rows.get(key)
    const slot = shard.find(copyOf(key), hash)
    if (row === undefined) {
      assert.equal(slot, -1)
      continue
    }
    assert.deepEqual(shard.keyAt(slot), key)
    assert.equal(shard.routeHashAt(slot), hash)
    assert.equal(shard.routeHashAt(slotOfHash(shard, hash)), hash)
    out.reset()
    writeKey(key, out)
    const canonical = out.copy()
    out.reset()
    shard.writeKey(slot, out)
    assert.deepEqual(out.copy(), canonical)
    assert.equal(shard.lanes[shard.laneOf(slot) + VALUE_LANE], row.number)
    const objects = [0, 1].map((of) => shard.objects?.[slot * OBJECTS + of])
    assert.deepEqual(objects, row.objects)
    assert.equal(shard.collections?.[slot], row.collections)
  }
  for (let slot = 0; slot < shard.capacity; slot++) {
    if (shard.isTaken(slot)) continue
    assert.equal(shard.keys?.[slot], undefined)
    assert.equal(shard.collections?.[slot], undefined)
    const record = shard.lanes.slice(shard.laneOf(slot), shard.laneOf(slot + 1))
    assert.deepEqual(new Set(record), new Set([0]))
    assert.equal(shard.objects?.[slot * OBJECTS + 1], undefined)
  }
}

test('rows are found as a Map finds them, whatever came and went', () => {
  for (let round = 0; round < 8; round++) {
    const random = new SeededRandom(round)
    const arena = new SlotArena()
    const shape = round % 2 === 0 ? OF_NUMBERS : OF_TEXTS
    const shard = new Shard(shape, 8, arena)
    // Of the places that a shard leaves as it grows, others have some, and write there.
    const others = new Map<Shard, number>()
    const rows = new Map<unknown, Row>()
    for (let step = 0; step < 400; step++) {
      const key = KEYS[random.int(round < 4 ? 40 : KEYS.length)]
      const hash = routeHash(key)
      if (rows.delete(key)) {
        shard.remove(shard.find(key, hash))
        continue
      }
      const slot = shard.add(key, hash, 0)
      const number = random.int(1000) + 1
      shard.lanes[shard.laneOf(slot) + VALUE_LANE] = number
      let objects: readonly unknown[] = [undefined, undefined]
      if (random.int(3) === 0) {
        objects = [`first ${step}`, { step }]
        shard.objectsOrNew().splice(slot * OBJECTS, OBJECTS, ...objects)
      }
      const collections = random.int(4) === 0 ? new RowCollections(key, hash, 0) : undefined
      if (collections !== undefined) shard.collectionsOrNew()[slot] = collections
      rows.set(key, { number, objects, collections })
      if (step % 40 === 0) assertHolds(shard, rows)
      if (step % 25 > 0) continue
      const other = new Shard(shape, 8 << random.int(4), arena)
      other.lanes.fill(step, other.laneOf(0), other.laneOf(other.capacity))
      others.set(other, step)
    }
    assertHolds(shard, rows)
    assert.ok(shard.count <= shard.capacity * 0.8)
    for (const [{ lanes, base, capacity, stride }, step] of others) {
      const written = lanes.subarray(base, base + capacity * stride)
      assert.deepEqual(new Set(written), new Set([step]))
    }
  }
})

test('a shard doubles before more than eight of ten slots are taken, and not earlier', () => {
  const shard = new Shard(OF_NUMBERS, 16, new SlotArena())
  for (let key = 0; key < 12; key++) {
    assert.equal(shard.isFull, false)
    shard.add(key, routeHash(key), 0)
  }
  assert.deepEqual([shard.isFull, shard.capacity], [true, 16])
  shard.add(12, routeHash(12), 0)
  assert.deepEqual([shard.isFull, shard.capacity, shard.count], [false, 32, 13])
})

test('a key of a number with the hash of another key is another row', () => {
  const shard = new Shard(OF_NUMBERS, 16, new SlotArena())
  const keys = [7, '7', 8, '', undefined, null, [7], [8]]
  for (const key of keys) shard.add(key, 1234, ROW_BELOW)
  const slots = keys.map((key) => shard.find(key, 1234))
  assert.equal(new Set(slots).size, keys.length)
  assert.ok(!slots.includes(-1))
  assert.equal(shard.find(9, 1234), -1)
  assert.equal(shard.find([9], 1234), -1)
  assert.equal(shard.find(7, 1235), -1)
  assert.equal(slotOfHash(shard, 1234), shard.homeOf(1234))
  assert.equal(slotOfHash(shard, 99), -1)
  const flags = shard.words[shard.laneOf(slots[0] ?? 0) * 2 + 2] ?? 0
  assert.equal(flags & (ROW_BELOW | ROW_STALE), ROW_BELOW)
})

test('zero is one key, whatever its sign', () => {
  const shard = new Shard(OF_NUMBERS, 8, new SlotArena())
  const slot = shard.add(-0, routeHash(-0), 0)
  assert.ok(Object.is(shard.keyAt(slot), 0))
  assert.equal(shard.find(0, routeHash(0)), slot)
})

test('where something changed in an epoch is known by blocks, also after rows have moved', () => {
  const shard = new Shard(OF_NUMBERS, 64, new SlotArena())
  const keys = Array.from({ length: 38 }, (_, key) => key)
  for (const key of keys) shard.add(key, routeHash(key), 0)
  const changedAt = new Map(keys.map((key) => [key, 1 + ((key * 7) % 5)]))
  for (const [key, epoch] of [...changedAt].toSorted((a, b) => a[1] - b[1])) {
    shard.touch(shard.find(key, routeHash(key)), epoch)
  }
  assert.equal(shard.touched, 5)
  const check = (): void => {
    for (const [key, epoch] of changedAt) {
      const slot = shard.find(key, routeHash(key))
      assert.equal(shard.words[slot * shard.stride * 2 + 1], epoch)
      assert.ok((shard.touchedBlocks[Math.floor(slot / BLOCK_SLOTS)] ?? 0) >= epoch)
    }
  }
  check()
  for (const key of keys.filter((each) => each % 3 === 0)) {
    shard.remove(shard.find(key, routeHash(key)))
    changedAt.delete(key)
  }
  check()
  for (let key = 100; key < 130; key++) shard.add(key, routeHash(key), 0)
  assert.equal(shard.capacity, 128)
  check()
  const untouched = new Shard(OF_NUMBERS, 64, new SlotArena())
  untouched.touch(20, 3)
  assert.deepEqual([...untouched.touchedBlocks], [0, 3, 0, 0])
})

test('the list of changes forgets items that left their collections, when it has grown', () => {
  const shard = new Shard(OF_NUMBERS, 8, new SlotArena())
  const row = new RowCollections('key', 1, 0)
  // Of the owner, the list needs nothing.
  const owner = { row, isBelow: false, forget: () => undefined } as unknown as Item['owner']
  const items = Array.from({ length: 9 }, (_, at) => new Item(owner, at, at, 0))
  for (const [at, item] of items.entries()) {
    if (at % 4 > 0) item.flags |= ITEM_DETACHED
    shard.list(item)
    if (at === 7) assert.equal(shard.changed.length, 8)
  }
  assert.deepEqual(
    shard.changed.map(({ key }) => key),
    items.flatMap(({ key, flags }) => ((flags & ITEM_DETACHED) === 0 ? [key] : [])),
  )
  for (let at = 0; at < 200; at++) shard.list(new Item(owner, at, at, 0))
  assert.equal(shard.changed.length, 203, 'nothing that is still there is forgotten')
})

test('hashes of keys are spread over the slots', () => {
  const shard = new Shard({ ...OF_NUMBERS, subBits: 4 }, 64, new SlotArena())
  const homes = Array.from({ length: 640 }, (_, at) => {
    out.reset()
    writeKey(`key ${at}`, out)
    return shard.homeOf(routeHash(`key ${at}`))
  })
  const counts = Array.from({ length: 64 }, (_, slot) => homes.filter((at) => at === slot).length)
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    640,
  ) // none is elsewhere
  assert.ok(Math.max(...counts) < 25 && Math.min(...counts) > 0, counts.join())
})

test('short texts of plain characters lie in the records, others beside them', () => {
  const shard = new Shard(OF_TEXTS, 16, new SlotArena())
  const short = shard.add('x'.repeat(31), 1, 0)
  assert.equal(shard.keys, undefined)
  const others = ['x'.repeat(32), 'é', '\u0001'].map((text) => shard.add(text, 1, 0))
  assert.deepEqual(
    others.map((slot) => shard.keys?.[slot]),
    ['x'.repeat(32), 'é', '\u0001'],
  )
  shard.remove(short)
  assert.equal(shard.find('x'.repeat(31), 1), -1)
  for (const text of ['x'.repeat(32), 'é', '\u0001']) {
    assert.equal(shard.keyAt(shard.find(text, 1)), text)
  }
})

test('rows that lie around the end of a shard are swept with the others', () => {
  const layout = layoutOf({ id: 1, uid: 'empty', states: [] }, {})
  const shard = new Shard(shapeFor(0, layout, 3), 16, new SlotArena())
  const atTheEnd = Array.from({ length: 1000 }, (_, key) => key)
    .filter((key) => shard.homeOf(routeHash(key)) === 15)
    .slice(0, 5)
  for (const key of atTheEnd) shard.add(key, routeHash(key), ROW_THINNED)
  assert.equal(shard.find(atTheEnd[4], routeHash(atTheEnd[4])), 3)
  sweepRows(
    {
      records: new Records(layout),
      below: undefined,
      shard: undefined,
      slot: 0,
      removeRow: (from, slot) => from.remove(slot),
    },
    shard,
    0,
  )
  assert.deepEqual([shard.count, shard.isThinned], [0, false])
})

test('a shard of which little is left gives its memory back, and holds what it held', () => {
  const arena = new SlotArena()
  const shard = new Shard(OF_TEXTS, 16, arena)
  const keys = Array.from({ length: 1000 }, (_, at) => (at % 2 === 0 ? `key ${at}` : at))
  for (const key of keys) shard.add(key, routeHash(key), 0)
  assert.equal(shard.capacity, 2048)
  const left = keys.filter((_, at) => at % 10 === 0)
  for (const key of keys) {
    if (!left.includes(key)) shard.remove(shard.find(key, routeHash(key)))
  }
  for (const [at, key] of left.entries()) shard.touch(shard.find(key, routeHash(key)), at + 1)
  shard.shrink(16)
  assert.equal(shard.capacity, 256, 'the first of which a fifth is taken')
  for (const [at, key] of left.entries()) {
    const slot = shard.find(key, routeHash(key))
    assert.equal(shard.keyAt(slot), key)
    assert.ok((shard.touchedBlocks[Math.floor(slot / BLOCK_SLOTS)] ?? 0) >= at + 1)
  }
  shard.shrink(16)
  assert.equal(shard.capacity, 256)
  for (const key of left) shard.remove(shard.find(key, routeHash(key)))
  shard.shrink(64)
  assert.deepEqual([shard.capacity, shard.count, shard.find(0, routeHash(0))], [64, 0, -1])
})
