// Entries of runs: keys and values of rows and timers, without and with their types.
import { Buffer } from 'node:buffer'
import { operator } from '../../src/checkpoint/operator-checks.ts'
import type { Entry } from '../../src/state/backend.ts'
import { KEY_HEAD_BYTES, sectionOfKey } from '../../src/state/runs/entry.ts'
import {
  isRowKey,
  isScalarKey,
  readRecordKey,
  readRowKey,
  readTimeKey,
  rowPrefixLength,
} from '../../src/state/runs/entry-key.ts'
import {
  EntryHeader,
  FieldReader,
  readStamps,
  STAMPS_FIELD,
} from '../../src/state/runs/entry-value.ts'
import { StateDecoder } from '../../src/state/runs/state-decoder.ts'
import { TimerDecoder } from '../../src/state/runs/timer-decoder.ts'
import { readTimerPayload } from '../../src/state/runs/timer-payload.ts'
import { t } from '../../src/types/t.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { goldenEntries, goldenOperators } from '../lib/golden.ts'
import { type FuzzTarget, json, utf8 } from '../lib/target.ts'

const entryKeys: FuzzTarget = {
  name: 'entry-keys',
  decodes: 'keys of entries (src/state/runs/entry-key.ts)',
  codes: ['STORAGE_CORRUPT'],
  seeds: () =>
    goldenEntries()
      .filter((_, index) => index % 40 === 0)
      .map(({ key }) => key),
  decode(input) {
    if (input.length >= KEY_HEAD_BYTES && input.readUInt16BE(0) === 0xffff) {
      return readRecordKey(input)
    }
    const section = input.length < KEY_HEAD_BYTES ? 0 : sectionOfKey(input)
    return section === 0 ? readRowKey(input) : readTimeKey(input)
  },
}

const entryValues: FuzzTarget = {
  name: 'entry-values',
  decodes: 'values of rows without their types (src/state/runs/entry-value.ts)',
  codes: ['STORAGE_CORRUPT'],
  seeds: () =>
    goldenEntries()
      .filter(({ key }) => isRowKey(key) && isScalarKey(key, rowPrefixLength(key)))
      .filter((_, index) => index % 20 === 0)
      .map(({ value }) => value),
  decode(input) {
    const reader = new ByteReader(input)
    const { flags, schemaId, stampMs } = new EntryHeader().read(reader)
    const fields = new FieldReader(reader)
    const found: unknown[] = []
    while (fields.next()) {
      if (fields.stateId !== STAMPS_FIELD) found.push([fields.stateId, fields.end - fields.start])
      else {
        readStamps(reader, fields, (id, stamp) => found.push([id, stamp]))
        reader.end = input.length
      }
    }
    return { flags, schemaId, stampMs, found }
  },
}

const Payload = t.struct({ reason: t.string, tries: t.int32, at: t.optional(t.date) })

const timerPayloads: FuzzTarget = {
  name: 'timer-payloads',
  decodes: 'what timers carry (src/state/runs/timer-payload.ts)',
  codes: ['STORAGE_CORRUPT'],
  *seeds() {
    const out = new ByteWriter()
    out.uint8(1)
    Payload.write({ reason: 'late', tries: 3, at: new Date(5) }, out)
    yield out.copy()
  },
  decode: (input) => readTimerPayload(input, Payload),
}

/** A line of JSON with an operator's record, then entries of one key, each behind its length. */
const operatorState: FuzzTarget = {
  name: 'operator-state',
  decodes: 'state of a foreign snapshot (src/state/runs/state-decoder.ts, timer-decoder.ts)',
  codes: ['STORAGE_CORRUPT', 'TYPE_INVALID', 'CHECKPOINT_INCOMPATIBLE'],
  *seeds() {
    for (const { record, rows, timers } of goldenOperators()) {
      for (const entries of [...rows.slice(0, 3), timers.slice(0, 3)]) {
        const out = new ByteWriter()
        for (const { key, value } of entries) {
          out.block(key)
          out.block(value)
        }
        yield Buffer.concat([json(record), utf8('\n'), out.copy()])
      }
    }
    yield hostileState()
  },
  decode(input) {
    const end = input.indexOf(10) < 0 ? input.length : input.indexOf(10)
    let value: unknown
    try {
      value = JSON.parse(input.toString('utf8', 0, end))
    } catch {
      value = undefined
    }
    const record = operator(value, '')
    const reader = new ByteReader(input, Math.min(end + 1, input.length))
    const rows: Entry[] = []
    const timers: Entry[] = []
    while (reader.remaining > 0) {
      const entry = { key: reader.block(), value: reader.block() }
      const isRow = entry.key.length >= KEY_HEAD_BYTES && sectionOfKey(entry.key) === 0
      ;(isRow ? rows : timers).push(entry)
    }
    const decoder = new TimerDecoder(record)
    const decoded = timers.map((entry) => decoder.decode(entry))
    return [decoded, rows.length === 0 ? undefined : new StateDecoder(record).decode(rows)]
  },
}

/** States that are called like what every object has, and a list of what takes no bytes. */
function hostileState(): Buffer {
  const states = [
    { id: 1, name: '__proto__', kind: 'value', type: t.json().schema },
    { id: 2, name: 'constructor', kind: 'map', keyType: t.string.schema, type: t.int32.schema },
    { id: 3, name: 'toString', kind: 'list', type: t.literal(1).schema },
  ]
  const out = new ByteWriter()
  const entry = (state: number, userKey: string, value: string): void => {
    const key = Buffer.from(`000100010011${state.toString(16).padStart(4, '0')}00${userKey}`, 'hex')
    out.block(key)
    out.block(Buffer.from(`000000${value}`, 'hex'))
  }
  const inner = new ByteWriter()
  t.json().write({ polluted: 1 }, inner)
  entry(0, '', `01${inner.length.toString(16).padStart(2, '0')}${inner.view().toString('hex')}`)
  entry(2, '506100', '01000000')
  entry(3, '00000000', '03')
  return Buffer.concat([json({ id: 1, uid: 'op', states }), utf8('\n'), out.copy()])
}

export const entryTargets: readonly FuzzTarget[] = [
  entryKeys,
  entryValues,
  timerPayloads,
  operatorState,
]
