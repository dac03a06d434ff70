/** Entries for tests of runs. */
import type { Entry, EntryStream } from '../../../src/state/backend.ts'
import { beginRowKey, endScalarRowKey } from '../../../src/state/runs/entry.ts'
import { tombstoneValue, writeHeader } from '../../../src/state/runs/entry-value.ts'
import type { RunMetadata } from '../../../src/state/runs/run-format.ts'
import { writeKey } from '../../../src/types/keys.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'

export const METADATA: RunMetadata = {
  jobName: 'test',
  checkpointId: 7,
  leaderEpoch: 2,
  maxParallelism: 128,
  keyGroups: { start: 0, end: 127 },
  operators: [
    {
      id: 1,
      uid: 'count',
      keyType: { kind: 'float64' },
      states: [{ id: 1, name: 'n', kind: 'value', type: { kind: 'string' } }],
    },
  ],
}

/** The key of the scalar row of `key` in operator 1. */
export function rowKey(keyGroup: number, key: unknown): Uint8Array {
  const out = new ByteWriter()
  beginRowKey(out, keyGroup, 1)
  writeKey(key, out)
  endScalarRowKey(out)
  return out.copy()
}

export function liveValue(payload: string): Uint8Array {
  const out = new ByteWriter()
  writeHeader(out, 0, 0)
  out.string(payload)
  return out.copy()
}

export function rangeTombstone(prefix: Uint8Array): Entry {
  return { key: prefix, value: tombstoneValue('range') }
}

export async function collect(stream: EntryStream): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const { key, value } of stream) {
    entries.push({ key: Buffer.from(key), value: Buffer.from(value) })
  }
  return entries
}
