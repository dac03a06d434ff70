// The parts of the golden snapshot, which have every kind of entry: what most seeds are made of.
import { operator } from '../../src/checkpoint/operator-checks.ts'
import { decodeLink } from '../../src/checkpoint/manifest-codec.ts'
import { CHAIN_PREFIX, RUNS_PREFIX } from '../../src/checkpoint/layout.ts'
import type { Entry } from '../../src/state/backend.ts'
import { BlockTable } from '../../src/state/runs/block-table.ts'
import {
  KEY_HEAD_BYTES,
  keyGroupOfKey,
  operatorOfKey,
  RECORDS_KEY_GROUP,
  SECTION_ROWS,
  SECTION_TIMERS,
  sectionOfKey,
} from '../../src/state/runs/entry.ts'
import { rowPrefixLength } from '../../src/state/runs/entry-key.ts'
import { FLAG_ANY_TOMBSTONE, flagsOf } from '../../src/state/runs/entry-value.ts'
import { readFooter } from '../../src/state/runs/run-format.ts'
import { readTrailer, TRAILER_BYTES } from '../../src/state/runs/run-trailer.ts'
import type { OperatorRecord } from '../../src/state/snapshot.ts'
import { Buffer } from 'node:buffer'
import { readBlobs } from '../../test/fixtures/snapshots/version.ts'

export interface NamedBytes {
  readonly name: string
  readonly bytes: Buffer
}

const blobs = (): readonly NamedBytes[] =>
  [...readBlobs('v1', 'checkpoints')].map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes) }))

export const goldenRuns = (): readonly NamedBytes[] =>
  blobs().filter(({ name }) => name.startsWith(RUNS_PREFIX))

export const goldenLinks = (): readonly NamedBytes[] =>
  blobs().filter(({ name }) => name.startsWith(CHAIN_PREFIX))

let entries: readonly Entry[] | undefined

/** All entries of all runs, each key once, in order. */
export function goldenEntries(): readonly Entry[] {
  entries ??= distinct(goldenRuns().flatMap(({ name, bytes }) => entriesOf(name, bytes)))
  return entries
}

function entriesOf(name: string, bytes: Buffer): readonly Entry[] {
  const { footerOffset } = readTrailer(bytes.subarray(-TRAILER_BYTES), bytes.length)
  const footer = readFooter(bytes.subarray(footerOffset, -TRAILER_BYTES), footerOffset)
  const table = new BlockTable(name, footer)
  return [...footer.blocks].flatMap(({ offsetBytes, storedBytes }, index) =>
    table.unfold(bytes.subarray(offsetBytes, offsetBytes + storedBytes), index),
  )
}

function distinct(all: readonly Entry[]): readonly Entry[] {
  const byKey = new Map(all.map((entry) => [Buffer.from(entry.key).toString('hex'), entry]))
  return [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
}

export interface GoldenOperator {
  readonly record: OperatorRecord
  /** Entries by key. */
  readonly rows: readonly (readonly Entry[])[]
  readonly timers: readonly Entry[]
}

/** What the newest checkpoint says of each operator, and entries of it without tombstones. */
export function goldenOperators(): readonly GoldenOperator[] {
  const links = goldenLinks().map(({ bytes }) => decodeLink(bytes))
  const newest = links.findLast((link) => link.kind === 'checkpoint')
  if (newest?.kind !== 'checkpoint') return []
  return newest.operators.map((found) => {
    const record = operator(found, '')
    const own = goldenEntries().filter(({ key, value }) => {
      const isKeyed = key.length > KEY_HEAD_BYTES && keyGroupOfKey(key) !== RECORDS_KEY_GROUP
      const isDead = (flagsOf(value) & FLAG_ANY_TOMBSTONE) !== 0
      return isKeyed && !isDead && operatorOfKey(key) === record.id
    })
    const rows = new Map<string, Entry[]>()
    for (const entry of own.filter(({ key }) => sectionOfKey(key) === SECTION_ROWS)) {
      const row = Buffer.from(entry.key.subarray(0, rowPrefixLength(entry.key))).toString('hex')
      rows.set(row, [...(rows.get(row) ?? []), entry])
    }
    const timers = own.filter(({ key }) => sectionOfKey(key) === SECTION_TIMERS)
    return { record, rows: [...rows.values()], timers }
  })
}
