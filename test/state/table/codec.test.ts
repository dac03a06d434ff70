// Entries of tables and timers as bytes: what was written is read, and what cannot be is refused
// with the code that says whose fault it is.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { listState, mapState, valueState } from '../../../src/state/descriptors.ts'
import {
  writeHeader,
  FLAG_ELEMENT_STAMPS,
  beginField,
  endField,
} from '../../../src/state/runs/entry-value.ts'
import { StateDecoder } from '../../../src/state/runs/state-decoder.ts'
import { isDroppedState, type OperatorRecord } from '../../../src/state/snapshot.ts'
import { EntryCodec, readUserKey, writeUserKey } from '../../../src/state/table/entry-codec.ts'
import { layoutOf } from '../../../src/state/table/layout.ts'
import { Records } from '../../../src/state/table/records.ts'
import { Shard } from '../../../src/state/table/shard.ts'
import { shapeFor } from '../../../src/state/table/shard-shape.ts'
import { SlotArena } from '../../../src/state/table/slot-arena.ts'
import { Stamped } from '../../../src/state/table/stamped.ts'
import { TimerCodec } from '../../../src/state/table/timer-codec.ts'
import { eventTimer, processingTimer } from '../../../src/time/descriptors.ts'
import { t } from '../../../src/types/t.ts'
import { ByteReader, ByteWriter } from '../../../src/util/bytes.ts'
import { rowKey } from '../runs/entries.ts'

const descriptors = {
  number: valueState(t.float64),
  object: valueState(t.struct({ a: t.list(t.int32) })),
  list: listState(t.string),
  mortal: listState(t.string, { ttl: 1000 }),
  map: mapState(t.struct({ at: t.int32 }), t.struct({ a: t.int32 })),
}
const NAMES = ['number', 'object', 'list', 'mortal', 'map'] as const
const record: OperatorRecord = {
  id: 3,
  uid: 'tested',
  highestStateId: 9,
  states: NAMES.map((name, at) => {
    const { kind, type, keyType } = descriptors[name]
    const ofKeys = keyType === undefined ? {} : { keyType: keyType.schema }
    return { id: at + 1, name, kind, type: type.schema, ...ofKeys }
  }),
}
const layout = layoutOf(record, descriptors)
const records = new Records(layout)
const codec = new EntryCodec(record, layout, records)
const [list, mortal, map] = layout.collections
assert.ok(list !== undefined && mortal !== undefined && map !== undefined)

function bytes(write: (out: ByteWriter) => void): ByteReader {
  const out = new ByteWriter()
  write(out)
  return new ByteReader(out.copy())
}

/** The value of a row with one field. */
const rowOf = (stateId: number, write: (out: ByteWriter) => void): ByteReader =>
  bytes((out) => {
    writeHeader(out, 0, 0)
    const start = beginField(out, stateId)
    write(out)
    endField(out, start)
  })

const rowShard = (): Shard => {
  const shard = new Shard(shapeFor(0, layout, 0), 8, new SlotArena())
  shard.add('key', 1, 0)
  return shard
}

test('a field of a row is read to its end, and one of a dropped state passed over', () => {
  const shard = rowShard()
  const slot = shard.find('key', 1)
  codec.readRow(
    rowOf(1, (out) => out.float64LE(2.5)),
    shard,
    slot,
  )
  codec.readRow(
    rowOf(7, (out) => out.float64LE(3)),
    shard,
    slot,
  )
  const [number, object] = layout.scalars
  assert.ok(number !== undefined && object !== undefined)
  assert.equal(records.get(shard, slot, number), 2.5)
  const tooLong = rowOf(1, (out) => out.raw(new Uint8Array(9)))
  assert.throws(() => codec.readRow(tooLong, shard, slot), { code: 'STORAGE_CORRUPT' })
  for (const unknown of [10, 100]) {
    const read = () =>
      codec.readRow(
        rowOf(unknown, (out) => out.uint8(0)),
        shard,
        slot,
      )
    assert.throws(read, { code: 'CHECKPOINT_INCOMPATIBLE' })
  }
  const held = { a: [1, 2] }
  codec.readRow(
    rowOf(2, (out) => descriptors.object.type.write(held, out)),
    shard,
    slot,
  )
  const value = records.get(shard, slot, object)
  assert.deepEqual(value, held)
  assert.ok(Object.isFrozen(value))
})

test('what follows the value of an entry is damage', () => {
  const entry = (extra: number): ByteReader =>
    bytes((out) => {
      writeHeader(out, 0, 0)
      descriptors.map.type.write({ a: 1 }, out)
      out.raw(new Uint8Array(extra))
    })
  const value = codec.readMapValue(entry(0), map)
  assert.deepEqual(value, { a: 1 })
  assert.ok(Object.isFrozen(value))
  assert.throws(() => codec.readMapValue(entry(1), map), { code: 'STORAGE_CORRUPT' })
  const chunk = (count: number, extra: number): ByteReader =>
    bytes((out) => {
      writeHeader(out, 0, 0)
      out.varuint(count)
      for (let at = 0; at < 2; at++) t.string.write(`${at}`, out)
      out.raw(new Uint8Array(extra))
    })
  assert.deepEqual(codec.readChunk(chunk(2, 0), list), ['0', '1'])
  assert.throws(() => codec.readChunk(chunk(2, 1), list), { code: 'STORAGE_CORRUPT' })
  assert.throws(() => codec.readChunk(chunk(65, 0), list), { code: 'STORAGE_CORRUPT' })
})

test('elements of a list with a time to live have stamps of their own, or none', () => {
  const chunk = (flags: number): ByteReader =>
    bytes((out) => {
      writeHeader(out, flags, 0, 1000)
      out.varuint(3)
      for (const text of ['a', 'b', 'c']) t.string.write(text, out)
      if (flags !== 0) for (const age of [1, 0, 301]) out.varuint(age)
    })
  const stamps = (read: readonly unknown[]) =>
    read.map((each) => (each instanceof Stamped ? [each.value, each.stampMs] : each))
  assert.deepEqual(stamps(codec.readChunk(chunk(FLAG_ELEMENT_STAMPS), mortal)), [
    ['a', 1000],
    ['b', -1],
    ['c', 700],
  ])
  assert.deepEqual(stamps(codec.readChunk(chunk(0), mortal)), [
    ['a', -1],
    ['b', -1],
    ['c', -1],
  ])
  assert.deepEqual(codec.readChunk(chunk(FLAG_ELEMENT_STAMPS), list), ['a', 'b', 'c'])
  assert.equal(codec.stampMs, 1000)
})

test('keys of maps are frozen as declared, those of chunks are their numbers', () => {
  const read = readUserKey(
    bytes((out) => writeUserKey(out, map, { at: 1 })),
    map,
  )
  assert.deepEqual(read, { at: 1 })
  assert.ok(Object.isFrozen(read))
  assert.equal(bytes((out) => writeUserKey(out, list, 258)).uint32BE(), 258)
})

test('an id is that of a dropped state if it was given once and is free now', () => {
  const dropped = (of: OperatorRecord) =>
    [-1, 0, 1, 2, 5, 6, 9, 10].filter((id) => isDroppedState(of, id))
  assert.deepEqual(dropped(record), [6, 9])
  const { highestStateId: _, ...without } = record
  assert.deepEqual(dropped(without), [])
  assert.deepEqual(dropped({ ...without, states: without.states.slice(4) }), [1, 2])
})

test('a decoder without the job refuses what its schemas do not know', () => {
  const decoder = new StateDecoder(record)
  const at = (stateId: number): Uint8Array => {
    const key = Buffer.from(rowKey(0, 'key'))
    key.writeUInt8(stateId, key.length - 2)
    return key
  }
  const value = bytes((out) => writeHeader(out, 0, 0)).raw(3)
  // Values lie in the row, under 0.
  for (const stateId of [1, 2, 77]) {
    const decode = () => decoder.decode([{ key: at(stateId), value }])
    assert.throws(decode, { code: 'STORAGE_CORRUPT' })
  }
  assert.deepEqual(decoder.decode([{ key: at(7), value }]).states, {})
})

const timerTypes = {
  close: eventTimer(t.float64),
  wake: processingTimer(),
  late: processingTimer({ spread: '1 s' }),
}

test('keys of timers sort as the timers fire, and are read again', () => {
  const timers = new TimerCodec(record, {})
  const given = [-1e9, -0.5, 0, 1, 1e15].flatMap((time) =>
    [-(2 ** 31), -1, 0, 7, 2 ** 31 - 1].flatMap((routeHash) =>
      ['', 'close'].map((name) => ({ time, routeHash, name, key: [time, name] })),
    ),
  )
  const keys = given.map((timer) => {
    const out = new ByteWriter()
    timers.writeColdKey(out, 5, 1, timer)
    return out.copy()
  })
  assert.deepEqual(
    keys.toSorted((a, b) => a.compare(b)).map((key) => timers.readColdKey(key)),
    given,
  )
  const prefix = new ByteWriter()
  timers.writePrefix(prefix, 5, 1)
  assert.ok(keys.every((key) => key.subarray(0, prefix.length).equals(prefix.copy())))
  const named = new ByteWriter()
  timers.writeNamedPrefix(named, 5, 1, 'key', 'close')
  const whole = new ByteWriter()
  timers.writeNamedKey(whole, 5, 1, { time: -7, routeHash: 0, name: 'close', key: 'key' })
  assert.equal(timers.readNamedTime(whole.copy(), named.length), -7)
  assert.ok(whole.copy().subarray(0, named.length).equals(named.copy()))
})

test('a payload needs a declared type; none is no bytes', () => {
  const timers = new TimerCodec(record, timerTypes)
  const written = (name: string, payload: unknown): Uint8Array => {
    const out = new ByteWriter()
    timers.writePayload(out, name, payload)
    return out.copy()
  }
  assert.equal(written('wake', undefined).length, 0)
  assert.equal(timers.readPayload(written('close', 1.5), 'close'), 1.5)
  assert.equal(timers.readPayload(new Uint8Array(0), 'wake'), undefined)
  assert.throws(() => written('wake', 1), /no type/)
  const read = () => timers.readPayload(written('close', 1.5), 'wake')
  assert.throws(read, { code: 'CHECKPOINT_INCOMPATIBLE' })
  assert.deepEqual(
    ['close', 'wake', 'late', ''].map((name) => [timers.isDeclared(name), timers.spreadMsOf(name)]),
    [
      [true, 0],
      [true, 0],
      [true, 1000],
      [false, 0],
    ],
  )
  assert.equal(timers.hasSpread, true)
  assert.equal(new TimerCodec(record, { close: timerTypes.close }).hasSpread, false)
})

test('a payload of an older age is written as it is declared now', () => {
  const aged: OperatorRecord = {
    ...record,
    schemaId: 1,
    formerTypes: [{ id: 0, timers: [{ name: 'close', type: t.int32.schema }] }],
  }
  const before = new TimerCodec(record, { close: eventTimer(t.int32) })
  const now = new TimerCodec(aged, timerTypes)
  const out = new ByteWriter()
  before.writePayload(out, 'close', 7)
  const old = out.copy()
  assert.deepEqual([before.schemaId, now.schemaId], [0, 1])
  assert.equal(now.readPayload(now.currentPayload(old, 'close', 0), 'close'), 7)
  assert.equal(now.currentPayload(old, 'close', 1), old)
  assert.equal(now.currentPayload(old, 'wake', 0), old)
  assert.deepEqual(now.currentPayload(old.subarray(0, 0), 'close', 0).length, 0)
})
