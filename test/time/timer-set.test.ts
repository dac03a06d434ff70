// The timers of one clock beside a plain list of objects, under random changes; and the order of
// those that fire at one time.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TIMER_BELOW, TIMER_LISTED } from '../../src/time/timer-slots.ts'
import { TimerSet } from '../../src/time/timer-set.ts'
import { routeHash } from '../../src/types/keys.ts'
import { SeededRandom } from '../../src/util/random.ts'

const KEYS: readonly unknown[] = [
  ...Array.from({ length: 20 }, (_, index) => index - 10),
  ...Array.from({ length: 20 }, (_, index) => `key ${index}`),
  Number.NaN,
  [1, 'a'],
  [1, 'b'],
]
const NAMES = ['', 'a', 'ä', 'close']

interface Plain {
  readonly key: unknown
  readonly hash: number
  readonly time: number
  readonly name: string
}

const textOf = ({ key, time, name }: Plain): string => `${time} ${name} ${JSON.stringify(key)}`

function order(a: Plain, b: Plain): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1
  if (a.hash !== b.hash) return a.hash - b.hash
  return a.name < b.name ? -1 : 1
}

function anyTime(random: SeededRandom): number {
  const dice = random.int(20)
  if (dice === 0) return Number.POSITIVE_INFINITY
  if (dice === 1) return Number.NEGATIVE_INFINITY
  return random.int(2) === 0 ? random.int(10) : random.next() * 1e13 - 5e12
}

/** What a set and a map of plain timers hold must stay the same. */
class Pair {
  readonly set = new TimerSet()
  readonly plain = new Map<string, Plain>()

  register(timer: Plain): void {
    const { key, hash, time, name } = timer
    const { set } = this
    let slot = set.find(key, hash, time, name)
    assert.equal(slot >= 0, this.plain.has(textOf(timer)))
    if (slot < 0) slot = set.add(key, hash, time, name, name === 'close')
    if (!set.slots.isSet(slot)) set.arm(slot, time)
    this.plain.set(textOf(timer), timer)
  }

  delete(timer: Plain): void {
    const { set } = this
    const slot = set.find(timer.key, timer.hash, timer.time, timer.name)
    assert.equal(slot >= 0, this.plain.delete(textOf(timer)))
    if (slot < 0) return
    set.disarm(slot)
    set.forget(slot)
    set.slots.release(slot)
  }

  fire(): void {
    const slot = this.set.first()
    const expected = [...this.plain.values()].toSorted(order)[0]
    assert.equal(slot < 0, expected === undefined)
    if (expected === undefined) return
    const { slots } = this.set
    const [time, name = ''] = [slots.timeOf(slot), slots.names[slot]]
    const fired = { key: slots.keys[slot], hash: slots.hashOf(slot), time, name }
    assert.deepEqual(fired, expected)
    this.set.takeFirst(slot)
    this.set.forget(slot)
    slots.release(slot)
    this.plain.delete(textOf(expected))
  }

  compareNamed(key: unknown): void {
    const { slots } = this.set
    const found = Array.from(this.set.named(key, routeHash(key), 'close'), (slot) =>
      slots.timeOf(slot),
    )
    const expected = [...this.plain.values()].filter(
      (timer) => timer.name === 'close' && Object.is(timer.key, key),
    )
    assert.deepEqual(new Set(found), new Set(expected.map(({ time }) => time)))
    assert.equal(found.length, expected.length)
  }
}

describe('the timers of a clock', () => {
  it('are those of a plain list, whatever is set, deleted and fired', () => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32))
    console.log(`SEED=${seed}`)
    const random = new SeededRandom(seed)
    for (let round = 0; round < 20; round++) {
      const pair = new Pair()
      const deletes = random.int(6)
      for (let step = 0; step < 400; step++) {
        const key = KEYS[random.int(KEYS.length)]
        const name = NAMES[random.int(NAMES.length)] ?? ''
        const timer = { key, hash: routeHash(key), time: anyTime(random), name }
        const held = [...pair.plain.values()][random.int(pair.plain.size + 1)] ?? timer
        const dice = random.int(10)
        if (dice < 5) pair.register(timer)
        else if (dice < 6) pair.register(held)
        else if (dice < 6 + deletes) pair.delete(held)
        else pair.fire()
        assert.equal(pair.set.size, pair.plain.size)
        pair.compareNamed(key)
      }
      while (pair.plain.size > 0) pair.fire()
      assert.equal(pair.set.first(), -1)
      assert.equal(pair.set.slots.inUse, 0, 'every slot is free again')
    }
  })

  it('of one time fire by the hash of the key, then by name, then by key', () => {
    const set = new TimerSet()
    const timers = [
      { hash: 5, name: 'b', key: 'x' },
      { hash: -5, name: 'z', key: 'x' },
      { hash: 5, name: 'a', key: 'y' },
      { hash: 5, name: 'a', key: 'x' },
    ]
    for (const { hash, name, key } of timers) set.arm(set.add(key, hash, 7, name, false), 7)
    const fired: string[] = []
    for (let slot = set.first(); slot >= 0; slot = set.first()) {
      fired.push(
        `${set.slots.hashOf(slot)} ${set.slots.names[slot]} ${String(set.slots.keys[slot])}`,
      )
      set.takeFirst(slot)
    }
    assert.deepEqual(fired, ['-5 z x', '5 a x', '5 a y', '5 b x'])
  })

  it('give their memory back when none is left', () => {
    const set = new TimerSet()
    const slots = Array.from({ length: 5000 }, (_, at) => set.add(at, at, at, '', true))
    for (const slot of slots) set.arm(slot, set.slots.timeOf(slot))
    set.tidy()
    assert.equal(set.slots.count, 5000)
    for (let slot = set.first(); slot >= 0; slot = set.first()) {
      set.takeFirst(slot)
      set.forget(slot)
      set.slots.release(slot)
    }
    assert.equal(set.slots.count, 5000)
    set.tidy()
    assert.equal(set.slots.count, 0)
    const slot = set.add('k', 1, 10, '', false)
    set.arm(slot, 10)
    assert.equal(set.first(), slot)
  })

  it('keep a slot as long as anything refers to it', () => {
    const set = new TimerSet()
    const slot = set.add('k', 1, 10, '', false)
    set.arm(slot, 10)
    set.slots.setFlags(slot, set.slots.flagsOf(slot) | TIMER_LISTED | TIMER_BELOW)
    set.disarm(slot)
    set.slots.release(slot)
    assert.equal(set.find('k', 1, 10, ''), slot, 'its tombstone is still to be written')
    set.forget(slot)
    set.slots.release(slot)
    assert.equal(set.slots.inUse, 1)
    set.slots.setFlags(slot, set.slots.flagsOf(slot) & ~TIMER_LISTED)
    set.slots.release(slot)
    assert.equal(set.slots.inUse, 1, 'it is still in the heap')
    assert.equal(set.first(), -1)
    assert.equal(set.slots.inUse, 0)
  })
})
