// Operator state: what is declared, written and restored, and who gets what after a rescale.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OperatorStateStore } from '../../src/state/operator-state.ts'
import { redistribute } from '../../src/state/redistribute.ts'
import type { OperatorStateEntry } from '../../src/state/snapshot.ts'
import { t } from '../../src/types/t.ts'

describe('the store of operator state', () => {
  it('gives back after a restore what it held', () => {
    const store = new OperatorStateStore(7)
    const offsets = store.list('offsets', t.struct({ file: t.string, at: t.int32 }))
    const seen = store.unionList('seen', t.dynamic())
    const rules = store.broadcast('rules', t.dynamic(), t.string)
    const given = { file: 'a', at: 1 }
    offsets.addAll([given, { file: 'b', at: 2 }])
    given.at = 5
    seen.update([1, 'two'])
    rules.set(['x', 1], 'first')
    rules.set(-0, 'zero')
    const entries = store.snapshot()
    assert.deepEqual(
      entries.map(({ kind, name }) => [kind, name]),
      [
        ['operator-list', 'offsets'],
        ['operator-list', 'offsets'],
        ['union-list', 'seen'],
        ['union-list', 'seen'],
        ['broadcast', 'rules'],
      ],
    )
    const again = new OperatorStateStore(7)
    again.restore(entries)
    assert.deepEqual(again.snapshot(), entries, 'what is not declared stays')
    const list = again.list('offsets', t.struct({ file: t.string, at: t.int32 }))
    assert.deepEqual(list.get(), [
      { file: 'a', at: 1 },
      { file: 'b', at: 2 },
    ])
    const map = again.broadcast('rules', t.dynamic(), t.string)
    assert.deepEqual([map.get(['x', 1]), map.get(0), map.has('x')], ['first', 'zero', false])
    assert.deepEqual(again.unionList('seen', t.dynamic()).get(), [1, 'two'])
    list.clear()
    map.clear()
    assert.equal(map.isEmpty, true)
    assert.equal(again.snapshot().length, 3)
  })

  it('refuses a state of another kind, a second one of a name, and a late restore', () => {
    const store = new OperatorStateStore(1)
    store.list('a', t.string).add('x')
    const entries = store.snapshot()
    const again = new OperatorStateStore(1)
    again.restore(entries)
    assert.throws(() => again.unionList('a', t.string), { code: 'CHECKPOINT_INCOMPATIBLE' })
    assert.throws(() => store.list('a', t.string), /twice/)
    assert.throws(() => store.restore(entries), /before it is declared/)
  })

  it('holds copies: nobody changes what it has from outside', () => {
    const type = t.json<{ at: number }>()
    const store = new OperatorStateStore(1)
    const list = store.list('list', t.bytes)
    const map = store.broadcast('map', t.string, t.bytes)
    const given = new Uint8Array([1])
    list.add(given)
    list.addAll([given])
    map.set('k', given)
    given[0] = 9
    for (const read of [...list, ...list.get(), ...map.values()]) {
      assert.equal(read[0], 1)
      read[0] = 9
    }
    for (const [, value] of map) value[0] = 9
    const kept = map.get('k')
    assert.deepEqual([list.get()[1]?.[0], kept?.[0]], [1, 1])
    assert.ok(Object.isFrozen(list.get()))
    list.update([new Uint8Array([5])])
    assert.deepEqual([list.length, list.get()[0]?.[0]], [1, 5])
    const made = store.unionList('made', type)
    const item = { at: 1 }
    made.update([item])
    item.at = 2
    assert.deepEqual(made.get(), [{ at: 1 }])
  })

  it('gives a broadcast map whole, without what is gone', () => {
    const map = new OperatorStateStore(1).broadcast('m', t.string, t.int32)
    assert.equal(map.isEmpty, true)
    map.set('a', 1)
    map.set('b', 2)
    map.set('a', 3)
    assert.deepEqual(
      [[...map.keys()], [...map.values()]],
      [
        ['a', 'b'],
        [3, 2],
      ],
    )
    assert.deepEqual([...map.entries()], [...map])
    assert.deepEqual([map.has('a'), map.isEmpty], [true, false])
    map.delete('a')
    assert.deepEqual(
      [map.has('a'), map.get('a'), [...map.entries()]],
      [false, undefined, [['b', 2]]],
    )
  })

  it('finds bytes that do not belong to what it restores', () => {
    const store = new OperatorStateStore(1)
    store.list('list', t.string).add('x')
    store.broadcast('map', t.string, t.string).set('k', 'v')
    const damaged = store
      .snapshot()
      .map((each) => ({ ...each, value: Buffer.from([...each.value, 0]) }))
    const again = new OperatorStateStore(1)
    again.restore(damaged)
    assert.throws(() => again.list('list', t.string), { code: 'STORAGE_CORRUPT' })
    assert.throws(() => again.broadcast('map', t.string, t.string), { code: 'STORAGE_CORRUPT' })
  })

  it('writes equal broadcast maps as equal bytes', () => {
    const [one, two] = [new OperatorStateStore(1), new OperatorStateStore(1)]
    for (const [store, keys] of [
      [one, ['a', 'b', 'c']],
      [two, ['c', 'x', 'a', 'b']],
    ] as const) {
      const map = store.broadcast('m', t.string, t.int32)
      for (const key of keys) map.set(key, 1)
      map.delete('x')
    }
    assert.deepEqual(one.snapshot(), two.snapshot())
  })
})

describe('the redistribution of operator state', () => {
  const entry = (kind: OperatorStateEntry['kind'], name: string, text: string) => ({
    operatorId: 1,
    kind,
    name,
    value: new TextEncoder().encode(text),
  })
  const elements = (subtask: number, name: string, count: number): OperatorStateEntry[] =>
    Array.from({ length: count }, (_, at) => entry('operator-list', name, `${name}${subtask}${at}`))
  const texts = (shares: readonly (readonly OperatorStateEntry[])[]): string[][] =>
    shares.map((share) => share.map(({ value }) => new TextDecoder().decode(value)))

  it('leaves lists where they are at unchanged parallelism', () => {
    const former = [elements(0, 'a', 3), elements(1, 'a', 0), elements(2, 'a', 1)]
    assert.deepEqual(texts(redistribute(former, 3, 'operator-list')), [
      ['a00', 'a01', 'a02'],
      [],
      ['a20'],
    ])
  })

  it('cuts a list into runs of equal length, in the order of the former subtasks', () => {
    const former = [elements(0, 'a', 3), elements(1, 'a', 4)]
    assert.deepEqual(texts(redistribute(former, 3, 'operator-list')), [
      ['a00', 'a01', 'a02'],
      ['a10', 'a11'],
      ['a12', 'a13'],
    ])
    assert.deepEqual(texts(redistribute(former, 1, 'operator-list')), [
      ['a00', 'a01', 'a02', 'a10', 'a11', 'a12', 'a13'],
    ])
  })

  it('begins with the extra element of a list where those of the one before ended', () => {
    const former = [[...elements(0, 'a', 1), ...elements(0, 'b', 1), ...elements(0, 'c', 4)]]
    assert.deepEqual(texts(redistribute(former, 3, 'operator-list')), [
      ['a00', 'c02'],
      ['b00', 'c03'],
      ['c00', 'c01'],
    ])
  })

  it('gives union state to everybody and one copy of broadcast state to each', () => {
    const former = [0, 1].map((subtask) => [
      entry('union-list', 'u', `u${subtask}`),
      entry('broadcast', 'b', `b${subtask}`),
    ])
    for (const parallelism of [2, 3]) {
      const union = texts(redistribute(former, parallelism, 'union-list'))
      assert.deepEqual(
        union,
        Array.from({ length: parallelism }, () => ['u0', 'u1']),
      )
    }
    assert.deepEqual(texts(redistribute(former, 3, 'broadcast')), [['b0'], ['b1'], ['b0']])
    const one = [[entry('broadcast', 'b', 'b0')], []]
    for (const parallelism of [1, 2, 3]) {
      const copies = Array.from({ length: parallelism }, () => ['b0'])
      assert.deepEqual(texts(redistribute(one, parallelism, 'broadcast')), copies)
    }
    assert.deepEqual(redistribute([], 2, 'broadcast'), [[], []])
  })
})
