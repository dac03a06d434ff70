// All connectors of the package, and two as an author would write them, under the suites that are
// published for authors.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { collectSink } from '../../src/connectors/collect.ts'
import { collection } from '../../src/connectors/collection.ts'
import { dataGenerator } from '../../src/connectors/datagen.ts'
import { sink, twoPhaseCommitSink } from '../../src/connectors/define-sink.ts'
import { source } from '../../src/connectors/define-source.ts'
import { csv } from '../../src/connectors/file/csv.ts'
import { jsonLines } from '../../src/connectors/file/lines.ts'
import { fileSource } from '../../src/connectors/file/source.ts'
import { print } from '../../src/connectors/print.ts'
import { sinkConformance } from '../../src/testing/conformance/sink.ts'
import { sourceConformance } from '../../src/testing/conformance/source.ts'
import { t } from '../../src/types/t.ts'

const folder = await mkdtemp(join(tmpdir(), 'millrace-conformance-'))
after(() => rm(folder, { recursive: true }))

const Row = t.struct({ id: t.float64, name: t.string })
const rows = Array.from({ length: 3_500 }, (_, id) => ({ id, name: `row ${id} ü` }))
const numbers = rows.map((row) => row.id)

describe('the source collection()', () => {
  sourceConformance(it, { create: () => collection(rows, { type: Row }), expected: rows })
})

describe('the source dataGenerator()', () => {
  const generate = (index: number, random: { next(): number }) => ({ index, x: random.next() })
  sourceConformance(it, {
    create: () => dataGenerator({ generate, count: 5_000, splits: 3, seed: 5 }),
  })
})

describe('the source dataGenerator() without an end', () => {
  const generate = (index: number) => index
  sourceConformance(it, {
    create: () => dataGenerator({ generate, ratePerSecond: 100_000 }),
    recordsMax: 3_000,
  })
})

describe('the source fileSource() of lines', () => {
  const expected = Array.from({ length: 6_000 }, (_, index) => `line ${index} ${'é'.repeat(9)}`)
  const path = join(folder, 'lines.txt')
  it('has its file', () => writeFile(path, expected.join('\r\n')))
  sourceConformance(it, { create: () => fileSource({ path, splitBytes: 50_000 }), expected })
})

describe('the source fileSource() of JSON lines', () => {
  const path = join(folder, 'rows.jsonl')
  it('has its file', () => writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n')))
  sourceConformance(it, {
    create: () => fileSource({ path, format: jsonLines(Row), splitBytes: 20_000 }),
    expected: rows,
  })
})

describe('the source fileSource() of CSV', () => {
  const path = join(folder, 'rows.csv')
  const text = `id,name\n${rows.map((row) => `${row.id},"${row.name}"`).join('\n')}`
  it('has its file', () => writeFile(path, text))
  sourceConformance(it, {
    create: () => fileSource({ path, format: csv(Row) }),
    expected: rows,
  })
})

describe("an author's source of single records", () => {
  sourceConformance(it, {
    create: () =>
      source({
        type: t.float64,
        position: t.float64,
        splits: () => ['even', 'odd'],
        async *read(split, from = split.id === 'even' ? 0 : 1) {
          for (let n = from; n < 2_500; n += 2) yield { value: n, position: n + 2 }
        },
      }),
    expected: [
      ...numbers.filter((n) => n < 2_500 && n % 2 === 0),
      ...numbers.filter((n) => n < 2_500 && n % 2 === 1),
    ],
  })
})

describe("an author's source that waits and does not listen", () => {
  sourceConformance(it, {
    create: () =>
      source({
        bounded: false,
        async *read(_split, from: number = 0) {
          for (let n = from; n < 2_000; n++) yield { value: n, position: n + 1 }
          await new Promise(() => undefined)
        },
      }),
    recordsMax: 2_000,
  })
})

describe('the sink collectSink()', () => {
  sinkConformance(it, {
    record: (index) => rows[index] ?? { id: -1, name: '' },
    create() {
      const visible: { id: number; name: string }[] = []
      const collecting = collectSink(visible, { type: Row })
      return { sink: () => collecting, visible: () => visible }
    },
  })
})

describe('the sink collectSink() at least once', () => {
  sinkConformance(it, {
    guarantee: 'at-least-once',
    record: (index) => index,
    create() {
      const visible: number[] = []
      return {
        sink: () => collectSink(visible, { guarantee: 'at-least-once' }),
        visible: () => visible,
      }
    },
  })
})

describe('the sink print()', () => {
  sinkConformance(it, {
    guarantee: 'at-least-once',
    record: (index) => `line ${index}`,
    create() {
      let text = ''
      const write = (more: string) => void (text += more)
      const visible = () =>
        text
          .split('\n')
          .slice(0, -1)
          .map((line) => line.slice('out> '.length))
      return { sink: () => print<string>({ prefix: 'out', write }), visible }
    },
  })
})

describe("an author's two-phase-commit sink", () => {
  sinkConformance(it, {
    record: (index) => `record ${index}`,
    create() {
      const pending = new Map<string, readonly string[]>()
      const visible = new Map<string, readonly string[]>()
      const make = () =>
        twoPhaseCommitSink<string, { name: string; values: number }>({
          committable: t.struct({ name: t.string, values: t.int32 }),
          createWriter({ subtaskIndex }) {
            const values: string[] = []
            return {
              write: (more) => void values.push(...more),
              prepareCommit({ leaderEpoch, checkpointId }) {
                const name = `${leaderEpoch}-${checkpointId}-${subtaskIndex}`
                pending.set(name, values)
                return [{ name, values: values.length }]
              },
            }
          },
          createCommitter: () => ({
            commit({ committable: { name, values } }) {
              const prepared = pending.get(name) ?? visible.get(name)
              assert.equal(prepared?.length, values)
              visible.set(name, prepared)
              pending.delete(name)
            },
          }),
          recover(_context, alive) {
            for (const name of pending.keys()) {
              if (!alive.some((committable) => committable.name === name)) pending.delete(name)
            }
          },
        })
      return {
        sink: make,
        visible: () => [...visible.values()].flat(),
        pending: () => pending.size,
      }
    },
  })
})

describe("an author's sink that buffers", () => {
  sinkConformance(it, {
    guarantee: 'at-least-once',
    record: (index) => index,
    create() {
      const visible: number[] = []
      const make = () =>
        sink<number, number[]>({
          open: () => [],
          write: (values, buffer) => void buffer.push(...values),
          flush: (buffer) => void visible.push(...buffer.splice(0)),
        })
      return { sink: make, visible: () => visible }
    },
  })
})
