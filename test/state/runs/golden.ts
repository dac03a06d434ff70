/**
 * The entries of the golden runs in `test/fixtures/runs/v1`: each kind that format version 1 knows.
 * Those files are never written again; a new format version gets a folder of its own, written by
 * `node --conditions=millrace-source test/state/runs/golden.ts <folder>`.
 */
import { argv } from 'node:process'
import type { Entry } from '../../../src/state/backend.ts'
import { keyGroupOf } from '../../../src/state/key-groups.ts'
import {
  beginRowKey,
  beginTimeKey,
  compareBytes,
  DOMAIN_EVENT_TIME,
  DOMAIN_PROCESSING_TIME,
  endScalarRowKey,
  endStateKey,
  SECTION_EXPIRY,
  SECTION_TIMERS,
  writeEscaped,
} from '../../../src/state/runs/entry.ts'
import {
  beginField,
  endField,
  tombstoneValue,
  writeHeader,
} from '../../../src/state/runs/entry-value.ts'
import type { RunMetadata } from '../../../src/state/runs/run-format.ts'
import { RunWriter, type RunWriterOptions } from '../../../src/state/runs/run-writer.ts'
import { recordEntries } from '../../../src/state/runs/snapshot-writer.ts'
import type { OperatorStateEntry, RunReference } from '../../../src/state/snapshot.ts'
import type { BlobStore } from '../../../src/storage/blob-store.ts'
import { LocalBlobStore } from '../../../src/storage/local.ts'
import { routeHash, writeKey } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'

/** Small blocks, so that a small file has several. */
export const GOLDEN_OPTIONS: RunWriterOptions = { blockBytes: 256, compression: 'none' }

export const GOLDEN_METADATA: RunMetadata = {
  jobName: 'golden',
  checkpointId: 42,
  leaderEpoch: 3,
  maxParallelism: 128,
  keyGroups: { start: 0, end: 127 },
  operators: [
    {
      id: 1,
      uid: 'orders',
      keyType: t.string.schema,
      states: [
        { id: 1, name: 'total', kind: 'value', type: t.float64.schema },
        { id: 2, name: 'status', kind: 'value', type: t.string.schema },
        { id: 3, name: 'items', kind: 'map', type: t.int32.schema, keyType: t.string.schema },
        { id: 4, name: 'history', kind: 'list', type: t.string.schema },
        { id: 6, name: 'sum', kind: 'reducing', type: t.int64.schema },
      ],
    },
  ],
}

const out = new ByteWriter()

function bytes(fill: () => void): Uint8Array {
  out.reset()
  fill()
  return new Uint8Array(out.copy())
}

const live = (stampMs: number, fill: () => void) =>
  bytes(() => {
    writeHeader(out, 0, 0, stampMs)
    fill()
  })

const groupOf = (key: unknown) => keyGroupOf(routeHash(key), GOLDEN_METADATA.maxParallelism)

function rowKey(key: unknown, end: () => void): Uint8Array {
  return bytes(() => {
    beginRowKey(out, groupOf(key), 1)
    writeKey(key, out)
    end()
  })
}

const scalarKey = (key: unknown) => rowKey(key, () => endScalarRowKey(out))

function* rows(): Generator<Entry> {
  const row = live(1_700_000_000_000, () => {
    let start = beginField(out, 1)
    t.float64.write(12.5, out)
    endField(out, start)
    start = beginField(out, 2)
    t.string.write('paid '.repeat(60), out) // a field whose length takes two bytes
    endField(out, start)
    start = beginField(out, 6)
    t.int64.write(-5n, out)
    endField(out, start)
  })
  yield { key: scalarKey('order-1'), value: row }
  yield { key: scalarKey('order-2'), value: tombstoneValue('point') }
  for (const [item, count] of [
    ['apple', 3],
    ['pear', 1],
  ] as const) {
    const key = rowKey('order-1', () => {
      endStateKey(out, 3)
      writeKey(item, out)
    })
    yield { key, value: live(-1, () => t.int32.write(count, out)) }
  }
  const cleared = rowKey('order-2', () => endStateKey(out, 3))
  yield { key: cleared, value: tombstoneValue('range') }
  for (const [chunk, elements] of [['new', 'paid'], ['sent']].entries()) {
    const key = rowKey('order-1', () => {
      endStateKey(out, 4)
      out.uint32BE(chunk)
    })
    const value = live(-1, () => {
      out.varuint(elements.length)
      for (const element of elements) t.string.write(element, out)
    })
    yield { key, value }
  }
  const inNamespace = rowKey('window', () => {
    endStateKey(out, 3, new Uint8Array([0, 1, 2, 255]))
    writeKey('x', out)
  })
  yield { key: inNamespace, value: live(0, () => t.int32.write(9, out)) }
  for (const key of [true, -1.5, 10n, ['a', 2], new Uint8Array([0, 255])]) {
    yield { key: scalarKey(key), value: live(-1, () => undefined) }
  }
}

function* times(): Generator<Entry> {
  for (const section of [SECTION_TIMERS, SECTION_EXPIRY] as const) {
    for (const domain of [DOMAIN_EVENT_TIME, DOMAIN_PROCESSING_TIME]) {
      for (const timeMs of [-1, 0, 1_700_000_000_000.5]) {
        const key = bytes(() => {
          beginTimeKey(out, section, groupOf('order-1'), 1, domain, timeMs)
          writeKey('order-1', out)
          writeEscaped(out, new TextEncoder().encode('expire'))
        })
        const value = timeMs === 0 ? tombstoneValue('point') : live(-1, () => out.uint8(7))
        yield { key, value }
      }
    }
  }
}

export const GOLDEN_RECORDS: readonly OperatorStateEntry[] = (
  [
    'operator-list',
    'union-list',
    'broadcast',
    'channel-data',
    'committable',
    'watermark',
    'split',
    'finished-task',
  ] as const
).flatMap((kind, index) => [
  { operatorId: 1 + (index % 2), kind, name: 'a', value: new Uint8Array([index, 0]) },
  { operatorId: 1 + (index % 2), kind, name: 'a', value: new Uint8Array([index, 1]) },
  { operatorId: 1 + (index % 2), kind, name: 'b/\0\x01é', value: new Uint8Array() },
])

/** All entries of the golden runs, in order. */
export function goldenEntries(): readonly Entry[] {
  const entries = [...rows(), ...times(), ...recordEntries(GOLDEN_RECORDS, 5)]
  return entries.sort((a, b) => compareBytes(a.key, b.key))
}

export async function writeGolden(
  store: BlobStore,
  name: string,
  options: RunWriterOptions,
): Promise<RunReference> {
  const writer = await RunWriter.create(store, name, GOLDEN_METADATA, options)
  for (const entry of goldenEntries()) writer.add(entry)
  return writer.close()
}

if (import.meta.main && argv[2] !== undefined) {
  const store = new LocalBlobStore(argv[2])
  const plain = await writeGolden(store, 'plain.run', GOLDEN_OPTIONS)
  const zstd = await writeGolden(store, 'zstd.run', { ...GOLDEN_OPTIONS, compression: 'zstd' })
  await store.putIfAbsent(
    'references.json',
    Buffer.from(`${JSON.stringify([plain, zstd], null, 2)}\n`),
  )
}
