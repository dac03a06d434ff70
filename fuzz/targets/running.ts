// What running jobs say to each other and to the command line, and what was on its way between
// tasks: barriers, captured channels, operator state, the control socket.
import { Buffer } from 'node:buffer'
import { NO_TIMESTAMP } from '../../src/operators/operator.ts'
import { decodeInFlight, inFlightType } from '../../src/operators/async/in-flight.ts'
import { Window } from '../../src/operators/windows/window.ts'
import { parseAnswer, parseControlFile, parseRequest } from '../../src/runtime/control-protocol.ts'
import { type Barrier, decodeBarrier, encodeBarrier } from '../../src/runtime/exchange/barrier.ts'
import { FRAME_IDLE, FRAME_RECORDS, FRAME_WATERMARK } from '../../src/runtime/exchange/channel.ts'
import { writeFramedRecord } from '../../src/runtime/exchange/framed-record.ts'
import { type CapturedChannel, encodeInFlight } from '../../src/runtime/exchange/in-flight.ts'
import { elementsFor, readChannelHead } from '../../src/runtime/in-flight-restore.ts'
import { windowsOf } from '../../src/savepoint/windows.ts'
import { evolvedRecords } from '../../src/state/evolved-records.ts'
import { OperatorStateStore } from '../../src/state/operator-state.ts'
import { t } from '../../src/types/t.ts'
import { AssertionError } from '../../src/util/assert.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { type FuzzTarget, json, utf8 } from '../lib/target.ts'

const Record = t.struct({ id: t.string, count: t.int32 })
const PLACE = { subtaskIndex: 0, parallelism: 1, maxParallelism: 128 }

const barriers: FuzzTarget = {
  name: 'barriers',
  decodes: 'barriers (src/runtime/exchange/barrier.ts)',
  codes: ['STORAGE_CORRUPT'],
  seeds: () => [
    encodeBarrier({ checkpointId: 300, stopAfter: true }),
    encodeBarrier({ checkpointId: 5, stopAfter: false, full: true, after: 4 }),
  ],
  decode: (input) => decodeBarrier(input),
  encode: (barrier) => encodeBarrier(barrier as Barrier), // of `decode`
}

/** A type byte and a length for each frame; what is captured must come back as it was. */
const frames: FuzzTarget = {
  name: 'frames',
  decodes: 'frames of channels, captured and restored (src/runtime/exchange/in-flight.ts)',
  codes: ['STORAGE_CORRUPT'],
  isAsync: true,
  seeds() {
    const out = new ByteWriter()
    const records = new ByteWriter()
    writeFramedRecord(records, Record, { id: 'a', count: 1 }, 5)
    writeFramedRecord(records, Record, { id: 'b', count: 2 }, NO_TIMESTAMP)
    const watermark = Buffer.alloc(8)
    watermark.writeDoubleLE(1_000)
    for (const [type, bytes] of [
      [FRAME_RECORDS, records.copy()],
      [FRAME_WATERMARK, watermark],
      [FRAME_IDLE, Buffer.of(1)],
    ] as const) {
      out.uint8(type)
      out.block(bytes)
    }
    return [out.copy()]
  },
  async decode(input) {
    const reader = new ByteReader(input)
    const found: { type: number; bytes: Uint8Array }[] = []
    while (reader.remaining > 0) found.push({ type: reader.uint8(), bytes: reader.block() })
    const captured: CapturedChannel = {
      input: { node: 1, edge: 0, receivers: 1, type: Record, key: undefined, operatorId: 1 },
      from: 0,
      to: 0,
      part: 'received',
      base: { watermark: 0, isIdle: false },
      frames: found,
    }
    const { entries } = await encodeInFlight([captured], () => Promise.resolve())
    const [head, ...elements] = entries.map(({ value }) => value)
    if (head === undefined) throw new AssertionError('a channel has a head')
    return [...elementsFor({ ...readChannelHead(head), elements }, { type: Record }, PLACE, 'x')]
  },
}

/** The head of a channel behind its length, then its elements. */
const channelData: FuzzTarget = {
  name: 'channel-data',
  decodes: 'records in flight (src/runtime/in-flight-restore.ts)',
  codes: ['STORAGE_CORRUPT', 'CHECKPOINT_INCOMPATIBLE'],
  seeds() {
    const head = new ByteWriter()
    for (const byte of [0, 1, 0, 0, 0, 1, 0]) head.uint8(byte)
    head.string(JSON.stringify(Record.schema))
    const element = new ByteWriter()
    element.uint8(1)
    element.float64LE(5)
    element.block(Buffer.alloc(0))
    Record.write({ id: 'a', count: 1 }, element)
    const out = new ByteWriter()
    out.block(head.view())
    for (let times = 0; times < 3; times++) out.block(element.view())
    return [out.copy()]
  },
  decode(input) {
    const reader = new ByteReader(input)
    const head = readChannelHead(reader.block())
    const elements = [reader.raw(reader.remaining)]
    return [head, ...elementsFor({ ...head, elements }, { type: Record }, PLACE, 'map')]
  },
}

const operatorLists: FuzzTarget = {
  name: 'operator-lists',
  decodes: 'state without keys (src/state/operator-state.ts, src/operators/async/in-flight.ts)',
  // The last for a sound key of another type than is declared.
  codes: ['STORAGE_CORRUPT', 'TYPE_MISMATCH'],
  seeds() {
    const store = new OperatorStateStore(1)
    const map = store.broadcast('map', t.string, Record)
    map.set('k', { id: 'a', count: 1 })
    store.list('list', t.list(Record)).add([{ id: 'b', count: 2 }])
    const [entries, elements] = store.snapshot().map(({ value }) => value)
    const record = new ByteWriter()
    Record.write({ id: 'a', count: 1 }, record)
    const values = [entries, elements, undefined, entries, record.copy()]
    return values.flatMap((value, at) => {
      return value === undefined ? [] : [Buffer.concat([Buffer.of(at), value])]
    })
  },
  decode(input) {
    const value = input.subarray(1)
    const kinds = ['broadcast', 'operator-list', 'async', 'old-map', 'old-list'] as const
    const kind = kinds[(input[0] ?? 0) % kinds.length] ?? 'async'
    if (kind === 'old-map') return evolved(value, 'broadcast')
    if (kind === 'old-list') return evolved(value, 'operator-list')
    if (kind === 'async') {
      const entry = { operatorId: 1, kind: 'operator-list', name: 'in-flight', value } as const
      return decodeInFlight([entry], inFlightType(Record))
    }
    const store = new OperatorStateStore(1)
    store.restore([{ operatorId: 1, kind, name: 'x', value }])
    return kind === 'broadcast'
      ? [...store.broadcast('x', t.string, Record).entries()]
      : [...store.list('x', t.list(Record)).get()]
  },
}

/** State whose values were of a type before that was written the same way. */
function evolved(value: Uint8Array, kind: 'broadcast' | 'operator-list'): unknown {
  const Before = t.struct({ name: t.string, count: t.int32 })
  const Now = t.struct({ id: t.field(t.string, { renamedFrom: 'name' }), count: t.int64 })
  const operatorStates = [{ name: 'x', type: Before.schema }]
  const record = {
    id: 1,
    uid: 'op',
    states: [],
    schemaId: 1,
    formerTypes: [{ id: 0, operatorStates }],
  }
  const entry = { operatorId: 1, kind, name: 'x', value }
  return evolvedRecords([entry], record, { x: { type: Now } })
}

/** The states of a key, as a snapshot without code has them. */
const snapshotWindows: FuzzTarget = {
  name: 'snapshot-windows',
  decodes: 'windows in states of a snapshot (src/savepoint/windows.ts)',
  codes: ['STORAGE_CORRUPT'],
  seeds() {
    const out = new ByteWriter()
    const states = {
      'window-contents': new Map([[1_000, { sum: 5 }]]),
      'session-windows': [[0, 500, 3]],
      'session-spans': new Map([[3, 7]]),
      'left-window-elements': new Map([[[1_000, 0], 'a']]),
      'window-slices': new Map([[0, [[1_000, 2]]]]),
    }
    t.dynamic().write(states, out)
    return [out.copy()]
  },
  decode(input) {
    const states = t.dynamic<Readonly<Record<string, unknown>>>().read(new ByteReader(input))
    const names = ['window-elements', 'left-window-elements']
    const records = names.map((name, at) => {
      return { id: at + 1, name, kind: 'map', type: t.dynamic().schema } as const
    })
    return typeof states === 'object' && states !== null ? windowsOf('key', states, records) : []
  },
}

const windows: FuzzTarget = {
  name: 'windows',
  decodes: 'windows in names of timers (src/operators/windows/window.ts)',
  codes: ['STORAGE_CORRUPT'],
  seeds: () => [utf8('0 1000'), utf8('-5000 1700000000000'), utf8('1.5 2.5')],
  decode(input) {
    const { start, end, timerName } = Window.fromTimerName(input.toString('utf8'))
    return { start, end, timerName }
  },
  encode: (window) => utf8((window as Window).timerName), // of `decode`
}

const controlFiles: FuzzTarget = {
  name: 'control-files',
  decodes: 'control.json (src/runtime/control-protocol.ts)',
  codes: [],
  seeds: () => [
    json({
      formatVersion: 1,
      job: 'count',
      pid: 5,
      processStart: '77',
      host: 'here',
      socket: '/tmp/x.sock',
      startedAt: 1,
      version: '0.1.0',
      claim: 'abc',
    }),
  ],
  decode: (input) => parseControlFile(input.toString('utf8')),
}

const controlRequests: FuzzTarget = {
  name: 'control-requests',
  decodes: 'requests on the control socket (src/runtime/control-protocol.ts)',
  codes: ['CONTROL_BAD_REQUEST'],
  seeds: () => [
    json({ id: 1, method: 'stop', params: { savepoint: '/tmp/s', drain: true } }),
    json({ id: 2, method: 'status' }),
  ],
  decode: (input) => parseRequest(input.toString('utf8')),
  encode: (request) => json(request),
}

const controlAnswers: FuzzTarget = {
  name: 'control-answers',
  decodes: 'answers on the control socket (src/runtime/control-protocol.ts)',
  codes: [],
  seeds: () => [
    json({ id: 1, result: { state: 'running' } }),
    json({
      id: 1,
      error: {
        code: 'CHECKPOINT_FAILED',
        message: 'it failed',
        cure: 'again',
        retryable: true,
        details: { checkpoint: 3 },
        stack: 'Error\n  at x',
        cause: { code: 'STORAGE_FAILED', message: 'full', cause: { message: 'ENOSPC' } },
      },
    }),
  ],
  decode(input) {
    const answer = parseAnswer(input.toString('utf8'))
    if (answer === undefined || 'result' in answer) return answer
    // As the command line shows it.
    return [answer.error.explanation, JSON.stringify(answer.error.details)]
  },
}

export const runningTargets: readonly FuzzTarget[] = [
  barriers,
  frames,
  channelData,
  operatorLists,
  windows,
  snapshotWindows,
  controlFiles,
  controlRequests,
  controlAnswers,
]
