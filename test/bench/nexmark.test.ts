// The queries of Nexmark that are compared with those of Flink: over generated events their last
// rows are those of the plain evaluation, and what the sink adds up is the checksum of all rows.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { job, t } from 'millrace'
import { collection, sink } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import { eventOf } from '../../bench/nexmark/events.ts'
import { QUERIES } from '../../bench/nexmark/queries.ts'
import { endsHash, eventsOf } from '../../bench/nexmark/query.ts'
import { Checksum, outputOf } from '../../bench/suite/checksum.ts'
import { NEXMARK_QUERIES, type NexmarkQuery } from '../../bench/suite/contract.ts'
import { millrace } from '../../bench/suite/millrace.ts'
import { generatorDefaults, nexmarkEvent } from '../../examples/nexmark/generator.ts'
import { plainEvaluation } from '../../examples/nexmark/plain/evaluate.ts'
import { writeEvents } from '../../examples/nexmark/write-events.ts'

const EVENTS = 3_000
// Slow enough for several windows of ten seconds, with equal times in between.
const OPTIONS = { ...generatorDefaults, eventsPerSecond: 60 }

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-nexmark-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'events.txt')
await writeEvents(file, EVENTS, OPTIONS)
const text = readFileSync(file, 'utf8')

const DAY_MS = 24 * 60 * 60 * 1000
const day = (field: string): string => String(Date.parse(field) / DAY_MS)
const thousandths = (field: string): string => field.replace('.', '')
const minute = (field: string): string => {
  const [hours = 0, minutes = 0] = field.split(':').map(Number)
  return String(60 * hours + minutes)
}

/** Fields that the plain evaluation shows as text and the comparison as numbers, by their place. */
const shownAsText: Readonly<
  Partial<Record<NexmarkQuery, Readonly<Record<number, (field: string) => string>>>>
> = {
  q1: { 2: thousandths },
  q14: { 2: thousandths },
  q15: { 0: day },
  q16: { 1: day, 2: minute },
  q17: { 1: day },
}

function wantedRows(name: NexmarkQuery, plain: readonly string[]): string[] {
  const conversions = shownAsText[name] ?? {}
  return plain.map((row) =>
    row
      .split('|')
      .map((field, at) => conversions[at]?.(field) ?? field)
      .join('|'),
  )
}

/** What is left when rows replace those with the same key. */
function lastOf(rows: readonly string[], key: readonly number[] | undefined): string[] {
  if (key === undefined) return [...rows]
  const keyOf = (row: string): string => {
    const fields = row.split('|')
    return key.map((at) => fields[at]).join('|')
  }
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()]
}

/** A field of digits is a number in all queries. */
function checksumOf(rows: readonly string[]) {
  const sum = new Checksum()
  for (const row of rows) {
    let hash = 0
    for (const field of row.split('|')) {
      hash = (Math.imul(hash, 31) + (/^\d+$/.test(field) ? Number(field) | 0 : endsHash(field))) | 0
    }
    sum.add(hash, 0)
  }
  return outputOf([sum])
}

const allQueries = job('all-queries', (env) => {
  const lines = env.fromSource('lines', collection([], { type: t.string }))
  const [events, timed] = [eventsOf(lines, QUERIES.q0), eventsOf(lines, QUERIES.q5)]
  for (const name of NEXMARK_QUERIES) {
    const query = QUERIES[name]
    query.texts(query.isTimed ? timed : events).sinkTo(name, sink<string>({ write() {} }))
  }
})

describe('the queries of Nexmark', async () => {
  const lines = text.split('\n').slice(0, -1)
  await using harness = await jobHarness(allQueries)
  const source = harness.source<string>('lines')
  await source.send(...lines.slice(0, EVENTS / 2))
  await harness.checkpoint()
  await source.send(...lines.slice(EVENTS / 2))
  await harness.crash()
  await harness.finish()
  const evaluate = plainEvaluation(text)

  for (const name of NEXMARK_QUERIES) {
    const rows = harness.output<string>(name)

    it(`${name} gives the rows of the plain evaluation`, () => {
      const wanted = wantedRows(name, evaluate(name))
      assert.ok(wanted.length > 0)
      assert.deepEqual(lastOf(rows, QUERIES[name].key).toSorted(), wanted.toSorted())
    })
  }

  for (const work of ['q7'] as const) {
    it(`${work} as a contender adds up the checksum of all its rows`, async () => {
      const common = { backend: 'memory', parallelism: 1, checkpointSeconds: 0, keys: 0 } as const
      const { output } = await millrace({ ...common, work, records: EVENTS, input: file })
      assert.deepEqual(output, checksumOf(harness.output<string>(work)))
    })
  }

  it('read all that a line says', () => {
    for (let index = 0; index < EVENTS; index += 7) {
      const { position: _position, ...event } = nexmarkEvent(index, OPTIONS)
      assert.deepEqual(eventOf(lines[index] ?? ''), event)
    }
    assert.throws(() => eventOf('X|1'), /"X" is none of B, A, P/)
  })
})
