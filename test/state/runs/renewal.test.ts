// Entries of an older age, as a merge writes them: of the types of now, and nothing else changed.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { listState, mapState, valueState } from '../../../src/state/descriptors.ts'
import {
  beginRowKey,
  beginTimeKey,
  endScalarRowKey,
  endStateKey,
  SECTION_TIMERS,
  writeEscaped,
} from '../../../src/state/runs/entry.ts'
import { EntryRenewal, type RenewedOperator } from '../../../src/state/runs/entry-renewal.ts'
import {
  beginField,
  EntryHeader,
  endField,
  FieldReader,
  STAMPS_FIELD,
  tombstoneValue,
  writeHeader,
} from '../../../src/state/runs/entry-value.ts'
import { readTimerPayload, writeTimerPayload } from '../../../src/state/runs/timer-payload.ts'
import type { OperatorRecord } from '../../../src/state/snapshot.ts'
import { eventTimer } from '../../../src/time/descriptors.ts'
import { writeKey } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import { ByteReader, ByteWriter } from '../../../src/util/bytes.ts'

const [was, is] = [t.int32, t.float64]
const record: OperatorRecord = {
  id: 3,
  uid: 'sums',
  states: [
    { id: 1, name: 'number', kind: 'value', type: is.schema },
    { id: 2, name: 'text', kind: 'value', type: t.string.schema },
    { id: 3, name: 'list', kind: 'list', type: is.schema },
    { id: 4, name: 'map', kind: 'map', type: is.schema, keyType: t.string.schema },
  ],
  schemaId: 2,
  formerTypes: [
    {
      id: 1,
      states: [1, 3, 4].map((id) => ({ id, type: was.schema })),
      timers: [{ name: 'close', type: was.schema }],
    },
  ],
}
const operator: RenewedOperator = {
  record,
  descriptors: {
    number: valueState(is),
    text: valueState(t.string),
    list: listState(is),
    map: mapState(t.string, is),
  },
  timers: { close: eventTimer(is), plain: eventTimer() },
}

const bytesOf = (write: (out: ByteWriter) => void): Buffer => {
  const out = new ByteWriter()
  write(out)
  return out.copy()
}

/** A key of operator 3: the scalars of a row, or what follows the id of a collection. */
const rowKey = (stateId = 0, write: (out: ByteWriter) => void = () => undefined): Buffer =>
  bytesOf((out) => {
    beginRowKey(out, 5, 3)
    writeKey('ann', out)
    if (stateId === 0) return endScalarRowKey(out)
    endStateKey(out, stateId)
    write(out)
  })

const failures: unknown[] = []
const renewal = new EntryRenewal([operator], (error) => failures.push(error))

/** What becomes of a value: its header, and the payload behind it. */
function renewed(key: Buffer, value: Buffer) {
  const entry = { key, value }
  const made = renewal.renewed(entry)
  const input = new ByteReader(made.value)
  const { flags, schemaId, stampMs } = new EntryHeader().read(input)
  assert.equal(made.key, key)
  return { isSame: made === entry, header: [flags, schemaId, stampMs], input }
}

const header =
  (age: number, flags = 0, stampMs = -1) =>
  (out: ByteWriter) =>
    writeHeader(out, flags, age, stampMs)

test('the scalars of a row become what is declared, and others and stamps stay', () => {
  const value = bytesOf((out) => {
    header(1, 0, 77)(out)
    for (const [id, write] of [
      [1, () => was.write(7, out)],
      [2, () => t.string.write('x'.repeat(200), out)],
      [STAMPS_FIELD, () => out.raw(new Uint8Array([1, 78]))],
    ] as const) {
      const start = beginField(out, id)
      write()
      endField(out, start)
    }
  })
  const { header: made, input, isSame } = renewed(rowKey(), value)
  assert.deepEqual([made, isSame], [[0, 2, 77], false])
  const fields = new FieldReader(input)
  const { bytes } = input
  const read: unknown[] = []
  while (fields.next()) {
    const field = new ByteReader(bytes, fields.start, fields.end)
    if (fields.stateId === 1) read.push(is.read(field))
    else if (fields.stateId === 2) read.push(t.string.read(field))
    else read.push([...field.raw(field.remaining)])
  }
  assert.deepEqual(read, [7, 'x'.repeat(200), [1, 78]])
})

test('elements of lists are converted one by one, with the stamps behind them', () => {
  const value = bytesOf((out) => {
    header(0, 4)(out)
    out.varuint(3)
    for (const element of [1, 2, 3]) was.write(element, out)
    out.raw(new Uint8Array([1, 2, 3]))
  })
  const { header: made, input } = renewed(
    rowKey(3, (out) => out.uint32BE(0)),
    value,
  )
  assert.deepEqual(made, [4, 2, -1])
  assert.deepEqual([input.varuint(), is.read(input), is.read(input), is.read(input)], [3, 1, 2, 3])
  assert.deepEqual([...input.raw(input.remaining)], [1, 2, 3])
})

test('an entry of a map is converted, and one of a state that is gone keeps its bytes', () => {
  const value = bytesOf((out) => {
    header(1)(out)
    was.write(9, out)
  })
  const key = (id: number) => rowKey(id, (out) => writeKey('b', out))
  const { input } = renewed(key(4), value)
  assert.deepEqual([is.read(input), input.remaining], [9, 0])
  const gone = renewed(key(9), value)
  assert.deepEqual(gone.header, [0, 2, -1])
  assert.deepEqual(was.read(gone.input), 9)
})

test('what timers carry is converted, nothing stays nothing', () => {
  const key = (name: string): Buffer =>
    bytesOf((out) => {
      beginTimeKey(out, SECTION_TIMERS, 5, 3, 0, 100)
      writeKey('ann', out)
      writeEscaped(out, Buffer.from(name))
    })
  const value = bytesOf((out) => {
    header(1)(out)
    writeTimerPayload(out, 5, was)
  })
  const { input, header: made } = renewed(key('close'), value)
  assert.deepEqual(made, [0, 2, -1])
  assert.equal(readTimerPayload(input.raw(input.remaining), is), 5)
  assert.equal(renewed(key('close'), bytesOf(header(1))).input.remaining, 0)
  const undeclared = renewed(key('other'), value).input
  assert.equal(readTimerPayload(undeclared.raw(undeclared.remaining), was), 5)
})

test('what timers carry stays as it is where its type has not changed, whatever it is', () => {
  const key = bytesOf((out) => {
    beginTimeKey(out, SECTION_TIMERS, 5, 3, 0, 100)
    writeKey('ann', out)
    writeEscaped(out, Buffer.from('same'))
  })
  const unknown = Buffer.from([9, 9, 9])
  const value = bytesOf((out) => {
    header(1)(out)
    out.raw(unknown)
  })
  const own = { ...operator, timers: { same: eventTimer(is) } }
  const other = new EntryRenewal([own], (error) => failures.push(error))
  const input = new ByteReader(other.renewed({ key, value }).value)
  assert.equal(new EntryHeader().read(input).schemaId, 2)
  assert.deepEqual(Buffer.from(input.raw(input.remaining)), unknown)
})

test('what is of now, tombstones and other operators stay the very same entries', () => {
  const now = bytesOf((out) => {
    header(2)(out)
    is.write(9, out)
  })
  assert.equal(renewed(rowKey(), now).isSame, true)
  for (const kind of ['point', 'range'] as const) {
    assert.equal(renewed(rowKey(), Buffer.from(tombstoneValue(kind))).isSame, true)
  }
  const others = rowKey()
  others.writeUInt16BE(4, 2)
  assert.equal(renewed(others, bytesOf(header(1))).isSame, true)
  assert.deepEqual([...renewal.ages], [[3, 2]])
  const { schemaId: _, ...young } = record
  const none = new EntryRenewal([{ ...operator, record: young }], () => undefined)
  assert.deepEqual([...none.ages], [])
  assert.deepEqual(failures, [])
})

test('what cannot be converted stays as it is and is told of; damage is thrown', () => {
  const wrong: OperatorRecord = {
    ...record,
    formerTypes: [{ id: 1, states: [{ id: 4, type: t.list(t.string).schema }] }],
  }
  const told: unknown[] = []
  const other = new EntryRenewal([{ ...operator, record: wrong }], (error) => told.push(error))
  const value = bytesOf((out) => {
    header(1)(out)
    was.write(9, out)
  })
  const entry = { key: rowKey(4, (out) => writeKey('b', out)), value }
  assert.equal(other.renewed(entry), entry)
  assert.equal(told.length, 1)
  const cut = { ...entry, value: value.subarray(0, value.length - 2) }
  assert.throws(() => renewal.renewed(cut), { code: 'STORAGE_CORRUPT' })
  assert.deepEqual(failures, [])
})
