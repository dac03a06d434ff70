// The file sink: names, formats, rolling, what a crash at any point leaves, foreign files,
// withdrawal.
import assert from 'node:assert/strict'
import { readdir, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { csv } from '../../../src/connectors/file/csv.ts'
import { fileSink } from '../../../src/connectors/file/sink.ts'
import type { FilePart } from '../../../src/connectors/file/part.ts'
import type { FileSinkPoint } from '../../../src/connectors/file/sink-options.ts'
import type { Sink } from '../../../src/operators/sink.ts'
import { fileSource } from '../../../src/connectors/file/source.ts'
import { sinkConformance } from '../../../src/testing/conformance/sink.ts'
import { t } from '../../../src/types/t.ts'
import { readAll, temporaryFolder, writeFiles, writerContext } from '../helpers.ts'
import {
  commit,
  encrypted,
  pendingNames,
  prepare,
  times,
  visibleLines,
  visibleNames,
} from './sink-helpers.ts'

describe('the sink fileSink()', () => {
  for (const [how, made] of [
    ['', (sink: Sink<string, FilePart>) => sink],
    [' of a job that is encrypted', encrypted],
  ] as const)
    it(`keeps the promises of sinks${how}`, async (test) => {
      const cleanups: (() => Promise<void>)[] = []
      test.after(() => Promise.all(cleanups.map((cleanup) => cleanup())))
      const tests: Promise<void>[] = []
      sinkConformance((name, action) => tests.push(test.test(name, action)), {
        record: (index) => `line ${index}`,
        async create() {
          const folder = await temporaryFolder({ after: (action) => cleanups.push(action) })
          return {
            sink: () => made(fileSink<string>({ path: folder })),
            visible: () => visibleLines(folder),
            pending: async () => (await pendingNames(folder)).length,
          }
        },
      })
      await Promise.all(tests)
    })

  it('names files so that they sort by checkpoint and subtask', async (test) => {
    const folder = join(await temporaryFolder(test), 'made/on the way')
    const sink = fileSink<string>({ path: folder })
    const parts: FilePart[] = []
    for (const checkpointId of [2, 10]) {
      for (const subtaskIndex of [10, 2]) {
        const context = { ...writerContext({ uid: 'a/b' }), subtaskIndex }
        await using writer = await sink.createWriter(context)
        await writer.write([`${checkpointId} ${subtaskIndex}`], times(1))
        parts.push(...(await writer.prepareCommit({ ...context.scope, checkpointId })))
      }
    }
    await commit(sink, parts)
    assert.deepEqual(await visibleLines(folder), ['2 2', '2 10', '10 2', '10 10'])
    assert.match((await visibleNames(folder))[0] ?? '', /^part-a_b-[0-9a-f]{8}-line-00000002-0002-/)
  })

  it('writes JSON and CSV that the sources read again', async (test) => {
    const Row = t.struct({ id: t.int32, text: t.string, at: t.date, note: t.optional(t.string) })
    const rows = [
      { id: 1, text: 'a, "b"\nc', at: new Date(0), note: ' x' },
      { id: 2, text: '', at: new Date(1) },
    ]
    const folder = await temporaryFolder(test)
    const format = csv(Row, { delimiter: ';' })
    const sink = fileSink({ path: folder, format })
    await commit(sink, await prepare(sink, rows))
    assert.deepEqual((await readAll(fileSource({ path: folder, format }))).values, rows)
    const other = await temporaryFolder(test)
    const json = fileSink<unknown>({ path: other, format: 'json-lines' })
    await commit(json, await prepare(json, [{ a: 1n, b: new Map([['k', 1]]) }, 'text', null]))
    const written = await visibleLines(other)
    assert.deepEqual(written, ['{"a":"1","b":[["k",1]]}', '"text"', 'null'])
  })

  it('begins another file when one is full', async (test) => {
    const folder = await temporaryFolder(test)
    const sink = fileSink<string>({ path: folder, rollBytes: 2_000 })
    const context = writerContext()
    await using writer = await sink.createWriter(context)
    const lines = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(99, '.'))
    for (const line of lines) await writer.write([line], times(1))
    const parts = await writer.prepareCommit({ ...context.scope, checkpointId: 1 })
    assert.equal(parts.length, 5)
    await commit(sink, parts)
    assert.deepEqual(await visibleLines(folder), lines)
  })

  it('refuses wrong options', () => {
    assert.throws(() => fileSink({ path: '' }), { code: 'CONFIG_INVALID' })
    assert.throws(() => fileSink({ path: 'a', rollBytes: 1 }), { code: 'CONFIG_INVALID' })
    assert.throws(() => fileSink({ path: 'a', format: csv() }), { code: 'CONFIG_INVALID' })
  })
})

describe('a crash of a file sink', () => {
  const points: readonly FileSinkPoint[] = [
    'part-created',
    'part-written',
    'part-sealed',
    'prepared',
    'before-commit',
    'opened',
    'linked',
    'committed',
  ]
  const cases = points.flatMap((point) => {
    const whole = { point, isEncrypted: true }
    return point === 'opened' ? [whole] : [{ point, isEncrypted: false }, whole]
  })
  for (const { point, isEncrypted } of cases) {
    const how = isEncrypted ? ', encrypted' : ''
    it(`at "${point}"${how} loses and doubles nothing`, async (test) => {
      const folder = await temporaryFolder(test)
      let armed = true
      const at = (reached: FileSinkPoint) => {
        if (armed && reached === point) throw new Error('crash')
      }
      const plain = fileSink<string>({ path: folder, at })
      const sink = isEncrypted ? encrypted(plain) : plain
      const lines = Array.from({ length: 3_000 }, (_, index) => `${index}`.padEnd(99, '.'))
      let alive: readonly FilePart[] = []
      const context = writerContext()
      const writer = await sink.createWriter(context)
      test.after(async () => writer[Symbol.asyncDispose]())
      try {
        await writer.write(lines, times(lines.length))
        alive = await writer.prepareCommit({ ...context.scope, checkpointId: 1 })
        await commit(sink, alive)
      } catch (error) {
        assert.equal((error as Error).message, 'crash')
      }
      armed = false
      await sink.recover?.(writerContext({ leaderEpoch: 2 }), alive)
      // What the last complete checkpoint holds is committed, the rest is made again.
      const again = alive.length > 0 ? alive : await prepare(sink, lines)
      await commit(sink, again)
      assert.deepEqual(await visibleLines(folder), lines)
      assert.deepEqual(await pendingNames(folder), [])
    })
  }

  it('leaves alone what belongs to others', async (test) => {
    const folder = await temporaryFolder(test)
    const sink = fileSink<string>({ path: folder })
    const others = [
      writerContext({ uid: 'other' }),
      writerContext({ lineage: 'other' }),
      writerContext({ leaderEpoch: 7 }),
    ]
    for (const context of others) {
      const writer = await sink.createWriter(context)
      await writer.write(['x'], times(1))
      await writer.prepareCommit(context.scope)
    }
    await sink.recover?.(writerContext({ leaderEpoch: 2 }), [])
    assert.equal((await pendingNames(folder)).length, 3)
  })
})

describe('the committer of a file sink', () => {
  async function prepared(test: { after(action: () => Promise<void>): void }) {
    const folder = await temporaryFolder(test)
    const sink = fileSink<string>({ path: folder })
    const [part] = await prepare(sink, ['a', 'b'])
    assert.ok(part !== undefined)
    return { folder, sink, part }
  }

  it('never replaces a foreign file', async (test) => {
    const { folder, sink, part } = await prepared(test)
    await writeFiles(folder, { [part.final]: 'c\nd\n' })
    await assert.rejects(commit(sink, [part]), {
      code: 'CONNECTOR_FAILED',
      message: /is visible with other content/,
      retryable: false,
    })
    assert.deepEqual(await visibleLines(folder), ['c', 'd'])
  })

  it('says so if its file is gone, or not whole', async (test) => {
    const { folder, sink, part } = await prepared(test)
    await writeFile(join(folder, part.pending), 'a')
    await assert.rejects(commit(sink, [part]), { code: 'CONNECTOR_FAILED', message: /has 1 bytes/ })
    await unlink(join(folder, part.pending))
    await assert.rejects(commit(sink, [part]), {
      code: 'CONNECTOR_FAILED',
      message: /neither pending nor visible/,
    })
    await rm(folder, { recursive: true })
    await assert.rejects(commit(sink, [part]), { code: 'CONNECTOR_FAILED' })
  })

  it('moves withdrawn files aside and keeps each of them', async (test) => {
    const { folder, sink, part } = await prepared(test)
    const { scope } = writerContext()
    await using committer = await sink.createCommitter?.(writerContext())
    for (let round = 0; round < 2; round++) {
      const parts = round === 0 ? [part] : await prepare(sink, ['c'])
      await commit(sink, parts)
      for (const committable of parts)
        await committer?.withdraw?.({ committable, scope, attempt: 1 })
      assert.deepEqual(await visibleNames(folder), [])
    }
    assert.equal((await readdir(join(folder, '.withdrawn'))).length, 2)
  })
})
