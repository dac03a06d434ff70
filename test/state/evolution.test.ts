// State of several ages at once in one backend: more rows than memory holds, with time to live,
// read, changed, evicted, cut and restored again by the version after.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keyedProcess, listState, mapState, t, type Type, valueState } from 'millrace'
import { hashmap } from 'millrace/hashmap'
import { rocksdb, rocksdbIsAvailable } from 'millrace/rocksdb'
import { keyedHarness } from 'millrace/testing'

const KEYS = 150
const PAD = 'x'.repeat(40)

interface Age<T> {
  readonly type: Type<T>
  readonly of: (number: number) => T
  readonly number: (held: T) => number
}

const V1 = t.struct({ n: t.int32, pad: t.string })
const V2 = t.struct({ amount: t.field(t.int64, { renamedFrom: 'n' }), pad: t.string })
const first: Age<{ n: number; pad: string }> = {
  type: V1,
  of: (n) => ({ n, pad: PAD }),
  number: ({ n }) => n,
}
const second: Age<{ amount: bigint; pad: string }> = {
  type: V2,
  of: (n) => ({ amount: BigInt(n), pad: PAD }),
  number: ({ amount }) => Number(amount),
}
const third: Age<string> = {
  type: t.versioned(2, t.string).from(V2, ({ amount, pad }) => `${amount} ${pad}`),
  of: (n) => `${n} ${PAD}`,
  number: (held) => Number(held.split(' ')[0]),
}

/** Adds a number to each of its states; 0 only shows them. */
function adding<T>({ type, of, number }: Age<T>) {
  const ttl = { ttl: '1 h' } as const
  return keyedProcess({
    key: t.int32,
    input: t.tuple(t.int32, t.int32),
    output: t.string,
    state: {
      sum: valueState(type),
      list: listState(type, ttl),
      map: mapState(t.int32, type, ttl),
    },
    processElement([key, add], { state }, out) {
      const held = state.sum.value()
      const before = held === undefined ? 0 : number(held)
      if (add === 0) {
        const list = Array.from(state.list, number).join('+')
        const map = Array.from(state.map, ([at, value]) => `${at}:${number(value)}`).join('+')
        return out.collect(`${key} ${before} ${list} ${map}`)
      }
      state.sum.update(of(before + add))
      state.list.add(of(add))
      state.map.set(add, of(add))
    },
  })
}

for (const [name, backend, isThere] of [
  ['hashmap', hashmap, true],
  ['rocksdb', rocksdb, rocksdbIsAvailable()],
] as const) {
  describe(`entries of several ages on ${name}`, { skip: !isThere }, () => {
    it('are each read by their own types, through evictions and snapshots', async () => {
      const options = { backend: backend(), memory: '8KB' } as const
      await using one = await keyedHarness(adding(first), options)
      for (let key = 0; key < KEYS; key++) one.processElement(key, [key, 1])
      const ofFirst = await one.snapshot()

      await using two = await keyedHarness(adding(second), { ...options, restore: ofFirst })
      for (let key = 0; key < KEYS; key += 3) two.processElement(key, [key, 2])
      const early = await two.snapshot()
      for (let key = 1; key < KEYS; key += 3) two.processElement(key, [key, 3])
      const late = await two.snapshot()

      for (const restore of [early, late]) {
        await using three = await keyedHarness(adding(third), { ...options, restore })
        for (let key = 0; key < KEYS; key++) three.processElement(key, [key, 0])
        assert.equal(three.output.length, KEYS)
        for (const [key, line] of three.output.entries()) {
          const added = [1, ...(key % 3 === 0 ? [2] : [])]
          if (key % 3 === 1 && restore === late) added.push(3)
          const sum = added.reduce((a, b) => a + b)
          const map = added.map((each) => `${each}:${each}`).join('+')
          assert.equal(line, `${key} ${sum} ${added.join('+')} ${map}`)
        }
      }
    })
  })
}
