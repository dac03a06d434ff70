// The contract of cold stores: RocksDB behind its binding, remote stores behind their helper
// threads and the double that stands for both in the simulator keep it. All keys are of one key
// group, operator and section, as those of one scan are.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import { ColdBatch, type ColdStore } from '../../src/state/cold-store.ts'
import { SeededRandom } from '../../src/util/random.ts'

const SEED = 20_261_121

/** Key group 1, operator 2, rows. */
const HEAD = '\0\x01\0\x02\0'

const plain = (text: string): Buffer => Buffer.from(text, 'latin1')
const bytes = (text: string): Buffer => plain(HEAD + text)
/** What a key says after its head. */
const textOf = (key: Buffer): string => key.toString('latin1').slice(HEAD.length)

function batchOf(fill: (batch: ColdBatch) => void): ColdBatch {
  const batch = new ColdBatch()
  fill(batch)
  return batch
}

type Define = (title: string, body: (store: ColdStore) => Promise<void> | void) => unknown

export interface ColdStoreSuite {
  readonly name: string
  readonly skip?: boolean | string
  /** Opens an empty one. */
  readonly open: () => Promise<ColdStore>
}

export function coldStoreSuite({ name, skip = false, open }: ColdStoreSuite): void {
  const define: Define = (title, body) =>
    it(title, { skip }, async () => {
      const store = await open()
      try {
        await body(store)
      } finally {
        await store.close()
      }
    })
  describe(name, () => {
    contentTests(define)
    lifeTests(define)
  })
}

function contentTests(define: Define): void {
  define('gives back what was put, in the order asked', (store) => {
    store.write(
      batchOf((batch) => {
        batch.put(bytes('b'), plain('2'))
        batch.put(bytes('a'), plain(''))
        batch.put(bytes('\0\xff'), Buffer.alloc(100_000, 7))
      }),
    )
    const read = store.getMany([bytes('a'), bytes('x'), bytes('\0\xff'), bytes('b'), bytes('a')])
    assert.deepEqual(
      read.map((value) => value?.length),
      [0, undefined, 100_000, 1, 0],
    )
    assert.deepEqual(store.getMany([]), [])
  })

  define('takes a key without bytes for one like any other', (store) => {
    store.write(batchOf((batch) => batch.put(bytes(''), bytes('nothing'))))
    store.write(batchOf((batch) => batch.put(bytes('a'), bytes('1'))))
    assert.deepEqual(store.getMany([bytes('')]), [bytes('nothing')])
  })

  define('later changes of a batch win, ranges included', (store) => {
    store.write(batchOf((batch) => batch.put(bytes('old'), plain('0'))))
    store.write(
      batchOf((batch) => {
        batch.put(bytes('p1'), plain('1'))
        batch.deleteRange(bytes('o'), bytes('q'))
        batch.put(bytes('p2'), plain('2'))
        batch.put(bytes('z'), plain('3'))
        batch.delete(bytes('z'))
      }),
    )
    assert.deepEqual(store.scan(bytes(''), bytes('\xff'), 10), [bytes('p2'), plain('2')])
  })

  define('scans in byte order from the lower to below the upper bound', (store) => {
    const keys = ['\0', 'a', 'a\0', 'ab', 'b', '\x80', '\xff', '\xff\xff']
    store.write(
      batchOf((batch) => {
        for (const key of keys.toReversed()) batch.put(bytes(key), plain(`=${key}`))
      }),
    )
    const scan = (lower: string, upper: string, limit: number): string[] =>
      store
        .scan(bytes(lower), bytes(upper), limit)
        .filter((_, index) => index % 2 === 0)
        .map(textOf)
    assert.deepEqual(scan('a', 'b', 100), ['a', 'a\0', 'ab'])
    assert.deepEqual(scan('', '\xff\xff\xff', 100), keys)
    assert.deepEqual(scan('a\0', '\xff', 2), ['a\0', 'ab'])
    assert.deepEqual(scan('c', 'd', 100), [])
    const down = store.scanDown(bytes('a'), bytes('b'), 2)
    assert.deepEqual(down, [bytes('ab'), plain('=ab'), bytes('a\0'), plain('=a\0')])
    assert.equal(store.scanDown(bytes(''), bytes('\xff\xff\xff'), 100).length, 2 * keys.length)
    assert.deepEqual(store.scanDown(bytes('c'), bytes('d'), 100), [])
  })
}

function lifeTests(define: Define): void {
  define('keeps nothing of the buffers it is given', (store) => {
    const [key, value] = [bytes('key'), plain('value')]
    const batch = batchOf((made) => made.put(key, value))
    store.write(batch)
    key.fill(0)
    value.fill(0)
    batch.clear()
    assert.deepEqual(store.getMany([bytes('key')]), [plain('value')])
  })

  define('refuses every call after close; closing twice is fine', async (store) => {
    store.write(batchOf((batch) => batch.put(bytes('a'), plain('1'))))
    const closing = store.close()
    const closed = { code: 'STATE_CLOSED' }
    assert.throws(() => store.getMany([bytes('a')]), closed)
    await closing
    await store.close()
    assert.throws(() => store.getMany([]), closed)
    assert.throws(() => store.scan(bytes('a'), bytes('b'), 1), closed)
    assert.throws(() => store.write(new ColdBatch()), closed)
  })

  define(`agrees with a model under random changes (seed ${SEED})`, (store) => {
    const random = new SeededRandom(SEED)
    const model = new Map<string, string>()
    const key = (): string =>
      String.fromCharCode(...Array.from({ length: random.int(4) }, () => random.int(256)))
    for (let round = 0; round < 200; round++) {
      const batch = new ColdBatch()
      for (let change = random.int(20); change >= 0; change--) {
        const [first, second] = [`k${key()}`, `k${key()}`]
        const kind = random.int(10)
        if (kind < 6) {
          batch.put(bytes(first), plain(second))
          model.set(first, second)
        } else if (kind < 9) {
          batch.delete(bytes(first))
          model.delete(first)
        } else if (first < second) {
          batch.deleteRange(bytes(first), bytes(second))
          for (const held of model.keys()) if (held >= first && held < second) model.delete(held)
        }
      }
      store.write(batch)
    }
    const held = [...model].toSorted(([a], [b]) => (a < b ? -1 : 1)).flat()
    const found = store.scan(bytes(''), bytes('\xff'), 1_000_000)
    assert.deepEqual(
      found.map((each, index) => (index % 2 === 0 ? textOf(each) : each.toString('latin1'))),
      held,
    )
    const keys = [...model.keys()]
    assert.deepEqual(
      store.getMany(keys.map(bytes)).map((value) => value?.toString('latin1')),
      [...model.values()],
    )
  })
}
