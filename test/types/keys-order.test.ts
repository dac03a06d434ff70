// The order of keys by value is the order of their canonical bytes.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { compareKeys, compareToPrefix } from '../../src/types/keys-order.ts'
import { writeKey } from '../../src/types/keys.ts'
import { ByteWriter } from '../../src/util/bytes.ts'
import { SeededRandom } from '../../src/util/random.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
const UNITS = [
  '\0',
  '\u0001',
  'a',
  'b',
  'é',
  '\ud7ff',
  '\ud83d',
  '\ude00',
  '\udfff',
  '\ue000',
  '\uffff',
]

function bytesOf(key: unknown): Buffer {
  const out = new ByteWriter()
  writeKey(key, out)
  return out.copy()
}

function anyText(random: SeededRandom): string {
  return Array.from({ length: random.int(4) }, () => UNITS[random.int(UNITS.length)]).join('')
}

function anyKey(random: SeededRandom, depth = 0): unknown {
  switch (random.int(depth < 2 ? 11 : 8)) {
    case 0:
      return [0, -0, Number.NaN, 1, -1, 0.5, Number.NEGATIVE_INFINITY, 2 ** 60][random.int(8)]
    case 1:
      return random.next() * 10 - 5
    case 2:
      return BigInt(random.int(600) - 300) ** BigInt(random.int(20))
    case 3:
      return random.int(2) === 0
    case 4:
      return random.int(2) === 0 ? null : undefined
    case 5:
      return new Uint8Array(Array.from({ length: random.int(4) }, () => random.int(3)))
    case 6:
      return new Date(random.int(5) - 2)
    case 7:
      return anyText(random)
    case 8:
      return { [anyText(random)]: anyKey(random, depth + 1) }
    default:
      return Array.from({ length: random.int(3) }, () => anyKey(random, depth + 1))
  }
}

it(`keys compare as their bytes do (seed ${SEED})`, () => {
  const random = new SeededRandom(SEED)
  for (let round = 0; round < 30_000; round++) {
    const text = random.int(3) === 0
    const [a, b] = text ? [anyText(random), anyText(random)] : [anyKey(random), anyKey(random)]
    const expected = Math.sign(bytesOf(a).compare(bytesOf(b)))
    assert.equal(
      Math.sign(compareKeys(a, b)),
      expected,
      `${JSON.stringify(String(a))} ${String(b)}`,
    )
    assert.equal(compareKeys(a, a), 0)
  }
})

it(`prefixes compare as their bytes do (seed ${SEED})`, () => {
  const random = new SeededRandom(SEED)
  for (let round = 0; round < 10_000; round++) {
    const [key, prefix] = [anyText(random), anyText(random)]
    const begun = bytesOf(prefix).subarray(0, -1)
    const expected = Math.sign(bytesOf(key).subarray(0, begun.length).compare(begun))
    assert.equal(Math.sign(compareToPrefix(key, prefix)), expected, JSON.stringify([key, prefix]))
  }
})
