// Sums that are added many at a time are those of one after the other: the same values, the same
// keys, the same entries in every cut.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import type { StateCut } from '../../../src/state/backend.ts'
import { valueState } from '../../../src/state/descriptors.ts'
import type { ValueState } from '../../../src/state/handles.ts'
import { keyGroupOf } from '../../../src/state/key-groups.ts'
import { TableBackend } from '../../../src/state/table/table-backend.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import type { Type } from '../../../src/types/type.ts'
import { required } from '../../../src/util/assert.ts'
import { SeededRandom } from '../../../src/util/random.ts'

const GROUPS = 6
const FIRST_GROUP = 2

async function openSums(rowsAhead: number, type: Type<number> = t.float64) {
  const backend = new TableBackend('tested', {
    keyGroups: { start: FIRST_GROUP, end: GROUPS - 1 },
    maxParallelism: GROUPS,
    memoryBytes: 1024 ** 3,
    scratch: new MemoryScratch(),
    monotonic: () => 0,
    shards: { count: 16, slots: 4, rowsAhead },
  })
  const states = [{ id: 1, name: 'sum', kind: 'value', type: type.schema } as const]
  const table = backend.register({
    record: { id: 1, uid: 'sums', states },
    keyType: t.dynamic(),
    descriptors: { sum: valueState(type, { initial: 0 }) },
  })
  await backend.open()
  const sum = table.handles['sum'] as ValueState<number, never> // as declared
  return { backend, table, sum }
}

type Sums = Awaited<ReturnType<typeof openSums>>

const isOurs = (key: unknown): boolean => keyGroupOf(routeHash(key), GROUPS) >= FIRST_GROUP

/** Keys of the backend's groups that `keyOf` makes of some numbers. */
function drawKeys(random: SeededRandom, round: number, keyOf: (number: number) => unknown) {
  const numbers = Array.from({ length: 1 + random.int(60) }, () => random.int(8 * (1 + round)))
  return numbers.map(keyOf).filter((key) => isOurs(key))
}

function textsOf(cut: StateCut): readonly string[] {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  const texts: string[] = []
  for (const entry of cut.entries()) {
    if (entry !== undefined) texts.push(`${hex(entry.key)} ${hex(entry.value)}`)
  }
  return texts
}

function cutOf({ backend }: Pick<Sums, 'backend'>, isKept: boolean): readonly string[] {
  const cut = backend.cut()
  const texts = textsOf(cut)
  if (isKept) cut.confirm()
  else cut.abort()
  return texts
}

function forget({ table, sum }: Sums, key: unknown): void {
  table.select(key, routeHash(key))
  sum.clear()
  table.deselect()
}

const KINDS: readonly ((number: number) => unknown)[] = [
  (number) => number * 1.5,
  (number) => [0, -0, Number.NaN, -1][number] ?? number,
  (number) => `key ${number}`,
  (number) => (number % 2 === 0 ? number : `a key too long for the record of a row: ${number}`),
  (number) => (number % 3 === 0 ? [number, 'of a tuple'] : `key ${number}`),
]

for (const [kind, keyOf] of KINDS.entries()) {
  for (const rowsAhead of [0, 100]) {
    test(`sums of keys ${String(keyOf(3))}, read ahead from ${rowsAhead} rows on`, async () => {
      const random = new SeededRandom(10 * kind + rowsAhead)
      const [many, single] = [await openSums(rowsAhead), await openSums(rowsAhead)]
      const adder = required(many.table.adderOf?.('sum'), 'numbers can be added')
      for (let round = 0; round < 50; round++) {
        const keys = drawKeys(random, round, keyOf)
        const hashes = Int32Array.from(keys, routeHash)
        const amounts = Float64Array.from(keys, () => random.int(100) - 50.5)
        const sums = new Float64Array(keys.length)
        const given = [...keys]
        adder.addEach(keys, hashes, keys.length, amounts, sums)
        for (const [at, key] of given.entries()) {
          single.table.select(key, hashes[at] as number) // one for each
          const sum = single.sum.value() + (amounts[at] as number)
          single.sum.update(sum)
          assert.equal(sums[at], sum)
          assert.deepEqual(keys[at], single.table.currentKey)
        }
        single.table.deselect()
        for (const key of given.filter(() => random.int(8) === 0)) {
          for (const each of [many, single]) forget(each, key)
        }
        if (random.int(4) > 0) continue
        const isKept = random.int(2) === 0
        assert.deepEqual(cutOf(many, isKept), cutOf(single, isKept))
      }
      const count = ({ table }: Sums): number => [...table.keys()].length
      assert.ok(count(many) > 10)
      assert.equal(count(many), count(single))
      for (const { backend } of [many, single]) await backend.close()
    })
  }
}

test('a cut has sums as they were, whatever is added before it is collected', async () => {
  const { backend, table } = await openSums(0)
  const adder = required(table.adderOf?.('sum'), 'numbers can be added')
  const keys = [1, 2, 3, 4, 5, 6].filter((key) => isOurs(key))
  const add = (amount: number): readonly number[] => {
    const sums = new Float64Array(keys.length)
    const amounts = new Float64Array(keys.length).fill(amount)
    adder.addEach([...keys], Int32Array.from(keys, routeHash), keys.length, amounts, sums)
    return [...sums]
  }
  add(1)
  const expected = cutOf({ backend }, false)
  const cut = backend.cut()
  assert.deepEqual(
    add(1),
    keys.map(() => 2),
  )
  assert.deepEqual(textsOf(cut), expected)
  cut.abort()
  await backend.close()
})

test('states that are more than numbers have no adder', async () => {
  const { table } = await openSums(0, t.int32)
  assert.equal(table.adderOf?.('sum'), undefined)
  assert.equal(table.adderOf?.('other'), undefined)
})

test('after the table was closed, nothing is added', async () => {
  const { backend, table } = await openSums(0)
  const adder = required(table.adderOf?.('sum'), 'numbers can be added')
  const [amounts, sums] = [Float64Array.of(1), new Float64Array(1)]
  const key = [1, 2, 3, 4].find((each) => isOurs(each))
  await backend.close()
  assert.throws(() => adder.addEach([key], Int32Array.of(routeHash(key)), 1, amounts, sums), {
    code: 'STATE_CLOSED',
  })
  assert.equal(adder.at, 0)
})
