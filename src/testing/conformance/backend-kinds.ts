/** The part of the suite of backends about single states: each kind, keys, isolation, errors. */
import assert from 'node:assert/strict'
import { dynamicType } from '../../types/dynamic.ts'
import { routeHash } from '../../types/keys.ts'
import type { BackendSuite, World } from './backend-world.ts'

export type Define = (title: string, body: (world: World) => Promise<void> | void) => unknown

/** Tests of the five kinds. */
export function kindTests(define: Define): void {
  valueAndListTests(define)
  mapAndFoldTests(define)
}

function valueAndListTests(define: Define): void {
  define('a value is empty, then what was written, then empty again', (world) => {
    world.on('a', ({ value, count }) => {
      assert.equal(value.value(), undefined)
      assert.equal(count.value(), 0)
      value.update('x')
      count.update(count.value() + 2.5)
    })
    world.on('b', ({ value }) => assert.equal(value.value(), undefined))
    world.on('a', ({ value, count }) => {
      assert.equal(value.value(), 'x')
      assert.equal(count.value(), 2.5)
      value.update(7)
      assert.equal(value.value(), 7)
      value.update(undefined)
      assert.equal(value.value(), undefined)
      value.clear()
      count.clear()
      assert.equal(count.value(), 0)
    })
  })

  define('a list keeps its order over many chunks', (world) => {
    world.on('a', ({ list }) => {
      assert.deepEqual(list.get(), [])
      assert.equal(list.length, 0)
      for (let index = 0; index < 150; index++) list.add(index)
      list.addAll(['x', 'y'])
      assert.equal(list.length, 152)
      assert.deepEqual([...list].slice(148), [148, 149, 'x', 'y'])
      list.update([1, 2])
      assert.deepEqual(list.get(), [1, 2])
      list.add(3)
      assert.deepEqual(list.get(), [1, 2, 3])
      list.clear()
      assert.deepEqual(list.get(), [])
      list.add(4)
      assert.deepEqual(list.get(), [4])
      list.update([])
      assert.equal(list.length, 0)
    })
  })

  define('a map has one entry for each key', (world) => {
    world.on('a', ({ map }) => {
      assert.equal(map.isEmpty, true)
      map.set('x', 1)
      map.set('y', 2)
      map.set('x', 3)
      assert.deepEqual([map.get('x'), map.get('y'), map.get('z')], [3, 2, undefined])
      assert.deepEqual([...map.keys()], ['x', 'y'])
      assert.deepEqual([...map.values()], [3, 2])
      map.delete('x')
      map.delete('nothing')
      assert.equal(map.has('x'), false)
      assert.deepEqual([...map], [['y', 2]])
      map.clear()
      assert.equal(map.isEmpty, true)
      map.set('z', undefined)
      assert.equal(map.has('z'), true)
      assert.equal(map.isEmpty, false)
    })
  })
}

function mapAndFoldTests(define: Define): void {
  define('entries of a map may be changed while it is read through', (world) => {
    world.on('a', ({ map }) => {
      for (let index = 0; index < 10; index++) map.set(index, index)
      for (const [key, value] of map) {
        if (key === 3) for (const other of [1, 8]) map.delete(other)
        else map.set(key, Number(value) * 10)
      }
      const [ones, eights] = [map.has(1), map.has(8)]
      assert.deepEqual([ones, eights, map.get(3), map.get(9)], [false, false, 3, 90])
    })
  })

  define('reducing and aggregating fold what is added', (world) => {
    world.on('a', ({ largest, all }) => {
      assert.equal(largest.get(), undefined)
      assert.equal(all.get(), undefined)
      for (const value of [3, 9, 4]) {
        largest.add(value)
        all.add(value)
      }
      assert.equal(largest.get(), 9)
      assert.equal(all.get(), '16:3,9,4')
      largest.clear()
      all.clear()
      assert.equal(all.get(), undefined)
      all.add(1)
      assert.equal(all.get(), '1:1')
    })
  })
}

/** Tests of keys and of what is shared with the caller. */
export function valueTests(define: Define): void {
  isolationAndKeyTests(define)
  keyUseTests(define)
}

function isolationAndKeyTests(define: Define): void {
  define('state shares nothing with what was given or what is read', (world) => {
    world.on('a', ({ value, list, map }) => {
      const given = { deep: { n: 1 } }
      value.update(given)
      list.add(given)
      map.set('k', given)
      given.deep.n = 2
      for (const read of [value.value(), list.get()[0], map.get('k')] as (typeof given)[]) {
        assert.deepEqual(read, { deep: { n: 1 } })
        assert.throws(() => {
          Object.assign(read.deep, { n: 3 }) // what was written above
        }, TypeError)
      }
      assert.throws(() => (list.get() as unknown[]).push(1), TypeError)
      const bytes = new Uint8Array([1])
      value.update({ bytes })
      bytes[0] = 2
      const first = value.value() as { bytes: Uint8Array } // what was written above
      first.bytes[0] = 3
      assert.deepEqual(value.value(), { bytes: new Uint8Array([1]) })
    })
  })

  define('keys are equal as their values are', (world) => {
    const keys: readonly unknown[] = [
      0, 1, '1', 1n, true, null, Number.NaN, 'é\u{1F600}\ud800', ['a', 1], ['a', '1'],
      { a: 1, b: [2] }, new Uint8Array([1, 2]), 0.5, -3, 2 ** 40,
    ] // prettier-ignore
    for (const [index, key] of keys.entries()) world.on(key, ({ value }) => value.update(index))
    const again: readonly unknown[] = [
      -0, 1, '1', 1n, true, null, Number.NaN, 'é\u{1F600}\ud800', ['a', 1], ['a', '1'],
      { b: [2], a: 1 }, new Uint8Array([1, 2]), 0.5, -3, 2 ** 40,
    ] // prettier-ignore
    for (const [index, key] of again.entries()) {
      world.on(key, ({ value }) => assert.equal(value.value(), index, String(key)))
    }
    assert.equal([...world.table.keys()].length, keys.length)
    world.on('m', ({ map }) => {
      for (const [index, key] of keys.entries()) map.set(key, index)
      for (const [index, key] of again.entries()) assert.equal(map.get(key), index, String(key))
      assert.equal([...map].length, keys.length)
      map.delete(-0)
      map.delete(['a', 1])
      assert.deepEqual([map.has(0), map.has(['a', 1]), map.has(['a', '1'])], [false, false, true])
    })
  })

  define('a key is taken as it is when it is first used', (world) => {
    const key = { id: 1 }
    world.on(key, ({ value }) => value.update('x'))
    key.id = 2
    world.on({ id: 1 }, ({ value }) => assert.equal(value.value(), 'x'))
    assert.deepEqual(world.table.currentKey, { id: 1 })
    world.on(-0, () => assert.ok(Object.is(world.table.currentKey, 0)))
  })
}

function keyUseTests(define: Define): void {
  define('every key with state is listed, and may be changed meanwhile', (world) => {
    for (let key = 0; key < 500; key++) world.on(key, ({ count }) => count.update(key))
    for (let key = 0; key < 500; key += 2) world.on(key, ({ count }) => count.clear())
    world.on('lists', ({ list }) => list.add(1))
    const seen = new Set<unknown>()
    for (const { key, routeHash: hash } of world.table.keys()) {
      assert.equal(hash, routeHash(key))
      world.on(key, ({ count, list }) => {
        count.clear()
        list.clear()
      })
      seen.add(key)
    }
    assert.equal(seen.size, 251)
    assert.deepEqual([...world.table.keys()], [])
  })
}

/** Tests of use at the wrong time. */
export function misuseTests(define: Define, suite: BackendSuite): void {
  define('state without a key is a coded error', ({ table, state }) => {
    const noKey = { code: 'STATE_NO_KEY' }
    assert.throws(() => state.value.value(), noKey)
    assert.throws(() => state.list.add(1), noKey)
    assert.throws(() => table.currentKey, noKey)
    table.select('a', routeHash('a'))
    state.map.set(1, 1)
    const entries = state.map.entries()[Symbol.iterator]()
    table.deselect()
    assert.throws(() => state.map.set(1, 1), noKey)
    assert.throws(() => state.largest.get(), noKey)
    assert.throws(() => entries.next(), noKey)
  })

  define('a value of the wrong type is refused and changes nothing', (world) => {
    world.on('a', ({ value, count, list }) => {
      count.update(1)
      list.add(1)
      const mismatch = { code: 'TYPE_MISMATCH' }
      assert.throws(() => count.update('2' as unknown as number), mismatch)
      assert.throws(() => value.update(() => 1), mismatch)
      assert.throws(() => list.addAll([2, () => 3]), mismatch)
      assert.equal(count.value(), 1)
      assert.deepEqual(list.get(), [1])
    })
  })

  define('nothing works after close, and closing twice is fine', async (world) => {
    const { backend, table, state } = world
    world.on('a', ({ value }) => value.update(1))
    const cut = backend.cut()
    await backend.close()
    await backend.close()
    const closed = { code: 'STATE_CLOSED' }
    assert.throws(() => state.value.value(), closed)
    assert.throws(() => state.list.add(1), closed)
    assert.throws(() => table.select('a', routeHash('a')), closed)
    assert.throws(() => backend.cut(), closed)
    assert.throws(() => [...table.keys()], closed)
    assert.throws(() => [...cut.entries()], closed)
    table.deselect()
    cut.confirm()
  })

  define('operators register only before the backend is opened', (world) => {
    const spec = { record: { id: 9, uid: 'late', states: [] }, descriptors: {} }
    const register = (): unknown => world.backend.register({ ...spec, keyType: dynamicType() })
    assert.throws(register, { code: 'STATE_CLOSED' }, suite.name)
  })
}
