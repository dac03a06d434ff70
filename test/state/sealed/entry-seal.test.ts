// Sealing single entries: golden bytes, what it hides, what it binds, and every byte flipped.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { createDecipheriv, createHmac } from 'node:crypto'
import { it } from 'node:test'
import type { Entry } from '../../../src/state/backend.ts'
import {
  beginRowKey,
  beginTimeKey,
  compareBytes,
  endScalarRowKey,
  endStateKey,
  SECTION_TIMERS,
  startsWith,
  writeEscaped,
} from '../../../src/state/runs/entry.ts'
import { readTimeKey, rowPrefixLength } from '../../../src/state/runs/entry-key.ts'
import { tombstoneValue, writeHeader } from '../../../src/state/runs/entry-value.ts'
import { EntrySeal, isSealed } from '../../../src/state/sealed/entry-seal.ts'
import { nameOf, sealValue } from '../../../src/state/sealed/subject-cipher.ts'
import { writeKey } from '../../../src/types/keys.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'
import { ListedSubjects, OPERATOR, OPERATOR_ID } from './subjects.ts'

const CANARY = 'canary'

function keyOf(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter()
  write(out)
  return out.copy()
}

function rowKey(key: unknown, end: (out: ByteWriter) => void, keyGroup = 5): Uint8Array {
  return keyOf((out) => {
    beginRowKey(out, keyGroup, OPERATOR_ID)
    writeKey(key, out)
    end(out)
  })
}

function valueOf(payload: string, schemaId = 2, stampMs = 1_000): Uint8Array {
  return keyOf((out) => {
    writeHeader(out, 0, schemaId, stampMs)
    out.string(payload)
  })
}

const timerKey = (key: unknown): Uint8Array =>
  keyOf((out) => {
    beginTimeKey(out, SECTION_TIMERS, 5, OPERATOR_ID, 0, 77)
    writeKey(key, out)
    writeEscaped(out, Buffer.from(CANARY))
  })

const mapKey = (key: unknown, userKey: unknown): Uint8Array =>
  rowKey(key, (out) => {
    endStateKey(out, 4)
    writeKey(userKey, out)
  })

/** One of each kind that has a value. */
const ENTRIES: readonly Entry[] = [
  { key: rowKey(CANARY, endScalarRowKey), value: valueOf(CANARY) },
  { key: rowKey([1, CANARY], endScalarRowKey), value: valueOf('') },
  { key: mapKey(CANARY, CANARY), value: valueOf(CANARY) },
  {
    key: rowKey(CANARY, (out) => {
      endStateKey(out, 4, Buffer.from(CANARY))
      out.uint32BE(3)
    }),
    value: valueOf(CANARY.repeat(1000)),
  },
  { key: timerKey(CANARY), value: valueOf(CANARY) },
]

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const plainOf = ({ key, value }: Entry) => ({ key: hexOf(key), value: hexOf(value) })

it('seals every kind of entry, hides it, and opens it', () => {
  for (const entry of ENTRIES) {
    const subjects = new ListedSubjects()
    const sealed = new EntrySeal(subjects).seal(entry, OPERATOR)
    const opened = new EntrySeal(subjects).open(sealed)
    assert.ok(opened !== undefined)
    assert.deepEqual(plainOf(opened), plainOf(entry))
    assert.ok(isSealed(sealed) && !isSealed(entry))
    for (const bytes of [sealed.key, sealed.value]) {
      assert.equal(Buffer.from(bytes).includes(CANARY), false)
    }
  }
})

it('has the bytes that it had', () => {
  const seal = new EntrySeal(new ListedSubjects())
  const sealed = [
    { key: rowKey('anna', endScalarRowKey), value: valueOf('7') },
    { key: mapKey('anna', 'b'), value: tombstoneValue('point') },
    { key: timerKey('anna'), value: valueOf('') },
  ].map((entry) => seal.seal(entry, OPERATOR))
  assert.deepEqual(sealed.map(plainOf), GOLDEN)
})

it('names and seals as the page of the format says', () => {
  const key = Buffer.alloc(32, 7)
  const hmac = (label: number, ...parts: readonly Uint8Array[]): Buffer =>
    createHmac('sha256', key)
      .update(Buffer.concat([Buffer.of(label), ...parts]))
      .digest()
  const [a, b] = [Buffer.from('a'), Buffer.from('b')]
  assert.equal(hexOf(nameOf(key, 3, a, b)), hexOf(hmac(3, a, b).subarray(0, 16)))
  const out = new ByteWriter()
  sealValue(key, a, b, out)
  const sealed = out.copy()
  const seed = sealed.subarray(0, 24)
  assert.equal(hexOf(seed), hexOf(hmac(5, Buffer.of(1, 0, 0, 0), a, b).subarray(0, 24)))
  const decipher = createDecipheriv('aes-256-gcm', hmac(6, seed), Buffer.alloc(12))
  decipher.setAAD(a).setAuthTag(sealed.subarray(-16))
  const plain = Buffer.concat([decipher.update(sealed.subarray(24, -16)), decipher.final()])
  assert.equal(plain.toString(), 'b')
})

it('gives entries of a row one prefix, and a range tombstone that of what it clears', () => {
  const seal = new EntrySeal(new ListedSubjects())
  const row = seal.prefix(
    rowKey('anna', () => undefined),
    OPERATOR,
  )
  const clears = seal.seal(
    { key: rowKey('anna', (out) => endStateKey(out, 4)), value: tombstoneValue('range') },
    OPERATOR,
  )
  assert.ok(startsWith(clears.key, row))
  const others = [mapKey('anna', 'b'), mapKey('anna', 7)].map(
    (key) => seal.seal({ key, value: valueOf('') }, OPERATOR).key,
  )
  for (const key of others) {
    assert.ok(startsWith(key, clears.key))
    assert.equal(rowPrefixLength(key), row.length)
  }
  const scalars = seal.seal({ key: rowKey('anna', endScalarRowKey), value: valueOf('') }, OPERATOR)
  assert.ok(startsWith(scalars.key, row) && !startsWith(scalars.key, clears.key))
  const timer = seal.seal({ key: timerKey('anna'), value: valueOf('') }, OPERATOR)
  assert.equal(readTimeKey(timer.key).timeMs, 77)
})

it('gives equal names to nothing that differs', () => {
  const seal = new EntrySeal(new ListedSubjects())
  const other = { ...OPERATOR, uid: 'another' }
  const moved = (key: Uint8Array): Uint8Array => {
    const bytes = Buffer.from(key)
    bytes.writeUInt16BE(OPERATOR_ID + 1, 2)
    return bytes
  }
  const names = [
    seal.prefix(
      rowKey(1, () => undefined),
      OPERATOR,
    ),
    seal.prefix(
      rowKey(4, () => undefined),
      OPERATOR,
    ), // of the same subject
    seal.prefix(
      rowKey(2, () => undefined),
      OPERATOR,
    ),
    seal.prefix(moved(rowKey(1, () => undefined)), other),
  ].map((prefix) => hexOf(prefix.subarray(-17)))
  assert.equal(new Set(names).size, names.length)
  const userKeys = [mapKey(1, 'b'), mapKey(1, 'c'), mapKey(4, 'b')].map((key) =>
    hexOf(seal.seal({ key, value: valueOf('') }, OPERATOR).key.subarray(-16)),
  )
  assert.equal(new Set(userKeys).size, userKeys.length)
})

it('opens an entry under another key group, and in no other place', () => {
  const seal = new EntrySeal(new ListedSubjects())
  const [first, , third] = ENTRIES.map((entry) => seal.seal(entry, OPERATOR))
  assert.ok(first !== undefined && third !== undefined)
  const moved = Buffer.from(first.key)
  moved.writeUInt16BE(9, 0)
  const opened = seal.open({ key: moved, value: first.value })
  assert.deepEqual(
    opened && plainOf(opened),
    plainOf({ key: rowKey(CANARY, endScalarRowKey, 9), value: valueOf(CANARY) }),
  )
  assert.throws(() => seal.open({ key: third.key, value: first.value }), {
    code: 'STORAGE_CORRUPT',
  })
})

it('is refused, or harmless, with any bit of it flipped', () => {
  const subjects = new ListedSubjects()
  const [first, , third] = ENTRIES.map((entry) => new EntrySeal(subjects).seal(entry, OPERATOR))
  let refused = 0
  for (const sealed of [first, third]) {
    assert.ok(sealed !== undefined)
    const whole = Buffer.concat([sealed.key, sealed.value])
    for (let bit = 16; bit < whole.length * 8; bit++) {
      const flipped = Buffer.from(whole)
      flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
      const entry = {
        key: flipped.subarray(0, sealed.key.length),
        value: flipped.subarray(sealed.key.length),
      }
      // What makes it another kind of entry is met where entries of that kind are.
      if (flipped[sealed.key.length] !== 8) continue
      assert.throws(() => new EntrySeal(subjects).open(entry), `bit ${bit}`)
      refused++
    }
  }
  assert.ok(refused > 1000)
})

it('opens nothing of an erased subject, which has other names when it comes back', () => {
  const subjects = new ListedSubjects()
  const seal = new EntrySeal(subjects)
  const entry = { key: mapKey('anna', 'b'), value: valueOf('7') }
  const [before, other] = [entry, { ...entry, key: mapKey('bert', 'b') }].map((plain) =>
    seal.seal(plain, OPERATOR),
  )
  assert.ok(before !== undefined && other !== undefined)
  assert.equal(seal.isErased(before), false)
  subjects.erase('person anna')
  assert.equal(seal.isErased(before), true)
  assert.equal(seal.open(before), undefined)
  assert.equal(
    seal.changed(before, (plain) => plain),
    undefined,
  )
  assert.ok(seal.open(other) !== undefined)
  const after = seal.seal(entry, OPERATOR)
  assert.notEqual(compareBytes(after.key, before.key), 0)
  assert.deepEqual(plainOf(seal.open(after) ?? before), plainOf(entry))
})

it('seals a changed value under the key that the entry has', () => {
  const seal = new EntrySeal(new ListedSubjects())
  const before = seal.seal({ key: mapKey('anna', 'b'), value: valueOf('7') }, OPERATOR)
  const after = seal.changed(before, ({ key }) => ({ key, value: valueOf('8', 3) }))
  assert.ok(after !== undefined)
  assert.equal(hexOf(after.key), hexOf(before.key))
  assert.equal(after.value[1], 3) // the age of its types
  const opened = seal.open(after)
  assert.deepEqual(opened && hexOf(opened.value), hexOf(valueOf('8', 3)))
})

it('takes no subject that is no text, number or bytes', () => {
  const seal = new EntrySeal(new ListedSubjects())
  const [entry] = ENTRIES
  assert.ok(entry !== undefined)
  for (const subject of [undefined, null, {}, true]) {
    const operator = { uid: 'orders', subjectOf: () => subject }
    const wrong = { code: 'TYPE_MISMATCH', message: /shredBy of "orders" gave/ }
    assert.throws(() => seal.seal(entry, operator), wrong)
  }
  for (const subject of ['', 0, new Uint8Array(0)]) {
    seal.seal(entry, { uid: 'orders', subjectOf: () => subject })
  }
})

const PREFIX = '58a68c955ae8b6f9c34c4b63b1e2931a95f46f53e98914d49e37ba950d7397e148'
const GOLDEN: readonly unknown[] = [
  {
    key: `0005000300${PREFIX}00000000`,
    value:
      '08020018cc1dcc547677a1344483aff31ded9ae87e51ea3e30a70e329076b2eb40d70208b095f91008532be039' +
      '126982a853da5f823b4eda313bd6ca08cb',
  },
  { key: `0005000300${PREFIX}00000400ea0ffd6b318e711beb7763618a7c3e43`, value: '090000' },
  {
    key: `000500030100c053400000000000${PREFIX}002a8d70c4dcfcba9450ba15c10d6d95ef00`,
    value:
      '080200b0651116a1379ba04b51258adf7e5a749f59ddced6738fae28dc762337ef3becbe9f3a8e91c9a65f7a50' +
      '4e6a044b850906312d4a32522389c09f4d3c665c',
  },
]
