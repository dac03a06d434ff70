// The ages of an operator's types: what an entry of some age is read by.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { t } from 'millrace'
import { evolvedRecords } from '../../src/state/evolved-records.ts'
import { beforeDeclared, SchemaHistory } from '../../src/state/schema-history.ts'
import type { OperatorRecord, OperatorStateEntry } from '../../src/state/snapshot.ts'
import { readKey, writeKey } from '../../src/types/keys.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'

const int32 = t.int32.schema
const text = t.string.schema
const record: OperatorRecord = {
  id: 1,
  uid: 'count',
  states: [{ id: 1, name: 'n', kind: 'value', type: t.int64.schema }],
  schemaId: 4,
  formerTypes: [
    { id: 1, states: [{ id: 1, type: int32 }], timers: [{ name: 'close', type: int32 }] },
    {
      id: 3,
      states: [{ id: 1, type: text }],
      timers: [{ name: 'close', type: text }],
      operatorStates: [{ name: 'rules', type: int32 }],
    },
  ],
}

test('the first former type that is as old as the entry, or newer, is the one it has', () => {
  const history = new SchemaHistory(record)
  const ages = [0, 1, 2, 3, 4]
  const typesOf = (what: Parameters<SchemaHistory['storedType']>[1]) =>
    ages.map((age) => history.storedType(age, what)?.kind)
  const states = ['int32', 'int32', 'string', 'string', undefined]
  assert.deepEqual(typesOf({ state: 1, name: 'n' }), states)
  assert.deepEqual(typesOf({ timer: 'close' }), states)
  const later = ['int32', 'int32', 'int32', 'int32', undefined]
  assert.deepEqual(typesOf({ operatorState: 'rules' }), later)
  const never = ages.map(() => undefined)
  assert.deepEqual(typesOf({ operatorState: 'close' }), never, 'timers have names of their own')
  assert.deepEqual(typesOf({ timer: 'rules' }), never)
  assert.deepEqual(typesOf({ state: 2, name: 'm' }), never)
  assert.deepEqual([history.current, new SchemaHistory({ ...record, schemaId: 7 }).current], [4, 7])
})

test('a timer, a state and one without a key may have one name, and each its own reader', () => {
  const type = (schema: typeof int32) => [{ name: 'x', type: schema }]
  const history = new SchemaHistory({
    ...record,
    formerTypes: [{ id: 3, timers: type(int32), operatorStates: type(t.int64.schema) }],
  })
  const out = new ByteWriter()
  t.int32.write(7, out)
  const read = history.reader(0, { timer: 'x' }, t.float64)
  assert.equal(read(new ByteReader(out.copy())), 7)
  assert.equal(history.reader(0, { timer: 'x' }, t.float64), read, 'made once')
  const other = new ByteWriter()
  t.int64.write(7n, other)
  assert.equal(history.reader(0, { operatorState: 'x' }, t.int64)(new ByteReader(other.copy())), 7n)
})

test('what nothing converts is refused by the name of what it is', () => {
  const history = new SchemaHistory({ ...record, formerTypes: [{ id: 3, timers: [] }] })
  assert.equal(history.storedType(0, { timer: 'close' }), undefined)
  const broken = new SchemaHistory(record)
  for (const [what, name] of [
    [{ state: 1, name: 'n' }, /state "n" of "count"/],
    [{ timer: 'close' }, /timer "close" of "count"/],
    [{ operatorState: 'rules' }, /state "rules" of "count"/],
  ] as const) {
    assert.throws(() => broken.reader(0, what, t.bytes), {
      code: 'CHECKPOINT_INCOMPATIBLE',
      message: name,
    })
  }
})

test('an operator goes on under new types as one age more, and as it is without any', () => {
  assert.equal(beforeDeclared(record, { n: t.int64 }), record)
  assert.equal(beforeDeclared(record, undefined), record)
  const { schemaId, formerTypes } = beforeDeclared(record, { n: t.string })
  assert.equal(schemaId, 5)
  assert.deepEqual(formerTypes?.at(-1), {
    id: 4,
    states: [{ id: 1, type: t.int64.schema }],
    timers: [],
  })
})

function entry(kind: OperatorStateEntry['kind'], write: (out: ByteWriter) => void, schemaId = 0) {
  const out = new ByteWriter()
  write(out)
  return { operatorId: 1, kind, name: 'rules', value: out.copy(), schemaId }
}

test('state without keys of an older age is written as it is declared now', () => {
  const types = { rules: { type: t.float64 } }
  const list = entry('operator-list', (out) => t.int32.write(-5, out))
  const map = entry('broadcast', (out) => {
    out.varuint(2)
    for (const key of ['a', 'b']) {
      writeKey(key, out)
      t.int32.write(key.charCodeAt(0), out)
    }
  })
  const young = entry('operator-list', (out) => t.float64.write(0.5, out), 4)
  const foreign = { ...list, name: 'toString' }
  const [first, second, third, fourth] = evolvedRecords([list, map, young, foreign], record, types)
  assert.equal(t.float64.read(new ByteReader(first?.value ?? new Uint8Array())), -5)
  assert.ok(first !== undefined && !('schemaId' in first))
  const input = new ByteReader(second?.value ?? new Uint8Array())
  const entries = Array.from({ length: input.varuint() }, () => {
    return [readKey(input), t.float64.read(input)]
  })
  assert.deepEqual(entries, [
    ['a', 97],
    ['b', 98],
  ])
  assert.equal(input.remaining, 0)
  assert.equal(third, young)
  assert.equal(fourth, foreign)
})
