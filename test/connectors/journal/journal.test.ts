// The journal: records are durable before they are seen, replayed from any checkpoint, trimmed
// behind it; torn tails are cut, damage is an error.
import assert from 'node:assert/strict'
import { appendFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { source } from '../../../src/connectors/define-source.ts'
import { journal } from '../../../src/connectors/journal/journal.ts'
import type { Source, SourceBatch } from '../../../src/operators/source.ts'
import { sourceConformance } from '../../../src/testing/conformance/source.ts'
import { t } from '../../../src/types/t.ts'
import { systemClock } from '../../../src/util/clock.ts'
import { readAll, readFrom, sourceContext, temporaryFolder } from '../helpers.ts'

/** A feed that gives each record once, whoever asks; the test puts records in. */
class Feed {
  readonly records: string[] = []
  ended = false
  readonly source: Source<string, number> = source({
    name: 'feed',
    type: t.string,
    position: t.float64,
    replayable: false,
    bounded: false,
    splits: () => ['feed'],
    read: (_split, _from, { signal }) => this.#read(signal),
  })
  #given = 0

  async *#read(signal: AbortSignal): AsyncGenerator<SourceBatch<string, number>> {
    while (!signal.aborted) {
      const values = this.records.splice(0, 10)
      this.#given += values.length
      if (values.length > 0) yield { values, position: this.#given }
      else if (this.ended) return
      await systemClock.sleep(1, signal)
    }
  }
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `record ${from + index}`)

/** Reads until `count` records have come, then stops as a job does. */
async function take(
  source: Source<string, number>,
  count: number,
  from?: number,
): Promise<{ values: string[]; position: number }> {
  const controller = new AbortController()
  const [split] = await source.discover(sourceContext())
  assert.ok(split !== undefined)
  const values: string[] = []
  let position = from ?? 0
  for await (const batch of source.read(split, from, sourceContext(controller.signal))) {
    values.push(...batch.values)
    position = batch.position
    if (values.length >= count) controller.abort()
  }
  return { values, position }
}

async function logFiles(directory: string): Promise<string[]> {
  const found = await readdir(directory, { recursive: true })
  return found
    .filter((name) => name.endsWith('.log'))
    .toSorted()
    .map((name) => join(directory, name))
}

/** A journal over a feed, whose records are all in the log. */
async function filled(test: TestContext, count: number) {
  const directory = await temporaryFolder(test)
  const feed = new Feed()
  const create = () => journal(feed.source, { directory, segmentBytes: 1_024 })
  feed.records.push(...numbered(0, count))
  const { values, position } = await take(create(), count)
  assert.deepEqual(values, numbered(0, count))
  return { directory, feed, create, position }
}

describe('the source journal()', () => {
  it('keeps the promises of sources over one that has ended', async (test) => {
    const { feed, create } = await filled(test, 500)
    feed.ended = true
    assert.deepEqual((await readAll(create())).values, numbered(0, 500))
    const tests: Promise<void>[] = []
    sourceConformance((name, action) => tests.push(test.test(name, action)), {
      create,
      expected: numbered(0, 500),
      recordsMax: 500,
    })
    await Promise.all(tests)
  })

  it('replays from a checkpoint, then goes on live', async (test) => {
    const { feed, create, position } = await filled(test, 200)
    feed.records.push(...numbered(200, 300))
    assert.deepEqual((await take(create(), 100, position)).values, numbered(200, 300))
    feed.records.push(...numbered(300, 310))
    assert.deepEqual((await take(create(), 310)).values, numbered(0, 310))
    const { values, position: middle } = await take(create(), 50)
    assert.ok(values.length < 310 && values.length >= 50)
    assert.deepEqual(
      (await take(create(), 310 - values.length, middle)).values,
      numbered(values.length, 310),
    )
  })

  it('keeps what the source had taken in when the job was told to stop', async (test) => {
    const directory = await temporaryFolder(test)
    const feed = new Feed()
    feed.records.push(...numbered(0, 5_000))
    const create = () => journal(feed.source, { directory })
    const split = { id: 'feed' }
    const reading = create().read(split, undefined, sourceContext())[Symbol.asyncIterator]()
    await reading.next()
    await systemClock.sleep(20)
    await reading.return?.()
    const left = feed.records.length
    assert.deepEqual((await take(create(), 5_000)).values, numbered(0, 5_000))
    assert.ok(left < 5_000)
  })

  it('ends where the source has ended, without asking it again', async (test) => {
    const directory = await temporaryFolder(test)
    let reads = 0
    const create = () =>
      journal(
        source({
          type: t.int32,
          position: t.float64,
          replayable: false,
          async *read() {
            reads++
            for (let n = 0; n < 100; n++) yield { value: n, position: n + 1 }
          },
        }),
        { directory },
      )
    const { values } = await readAll(create())
    assert.deepEqual((await readAll(create())).values, values)
    assert.equal(reads, 1)
  })

  it('tells a source that can go on where to go on', async (test) => {
    const directory = await temporaryFolder(test)
    const forgotten: number[] = []
    const create = () =>
      journal(
        source({
          type: t.int32,
          position: t.float64,
          async *read(_split, from = 0) {
            for (let n = from; n < from + 100; n++) yield { value: n, position: n + 1 }
            await new Promise(() => undefined)
          },
          checkpointComplete: (positions) => {
            forgotten.push(...positions.values())
            return Promise.resolve()
          },
        }),
        { directory },
      )
    for (const expected of [100, 200]) {
      const controller = new AbortController()
      const values: number[] = []
      const batches = create().read({ id: 'all' }, undefined, sourceContext(controller.signal))
      for await (const batch of batches) {
        values.push(...batch.values)
        if (values.length === expected) controller.abort()
      }
      assert.deepEqual(
        values,
        Array.from({ length: expected }, (_, index) => index),
      )
    }
    assert.equal(forgotten.at(-1), 200)
  })

  it('trims whole segments before a complete checkpoint, and says what is gone', async (test) => {
    const { directory, create, position } = await filled(test, 500)
    const before = await logFiles(directory)
    const half = (await take(create(), 250)).position
    const source = create()
    await source.checkpointComplete?.(new Map([['feed', half]]))
    assert.deepEqual(await logFiles(directory), before, 'two older checkpoints may need it')
    for (let times = 0; times < 2; times++) {
      await source.checkpointComplete?.(new Map([['feed', half]]))
    }
    const after = await logFiles(directory)
    assert.ok(after.length < before.length && after.length > 1)
    assert.equal((await readFrom0(create(), half, 500 - half)).length, 500 - half)
    for (let times = 0; times < 3; times++) {
      await source.checkpointComplete?.(new Map([['feed', position]]))
    }
    assert.equal((await logFiles(directory)).length, 1)
    await assert.rejects(readFrom(create(), { id: 'feed' }, half), {
      code: 'CONNECTOR_INPUT_MISSING',
      message: /but the checkpoint goes on at/,
    })
  })

  it('refuses wrong options', () => {
    const feed = new Feed().source
    assert.throws(() => journal(feed, { directory: '' }), { code: 'CONFIG_INVALID' })
    assert.throws(() => journal(feed, { directory: 'a', segmentBytes: 1 }), {
      code: 'CONFIG_INVALID',
    })
    const make = journal as (source: unknown, options: unknown) => unknown
    assert.throws(() => make({}, { directory: 'a' }), { code: 'CONFIG_INVALID' })
    assert.throws(() => make(feed, { dir: 'a' }), { code: 'CONFIG_UNKNOWN_OPTION' })
  })
})

/** What is in the log from a position on: when as much has come as expected, a little longer. */
async function readFrom0(source: Source<string, number>, from: number, expected = 0) {
  const controller = new AbortController()
  const values: string[] = []
  const batches = source.read({ id: 'feed' }, from, sourceContext(controller.signal))
  let stop = systemClock.setTimer(expected === 0 ? 100 : 30_000, () => controller.abort())
  for await (const batch of batches) {
    values.push(...batch.values)
    if (values.length < expected) continue
    stop.cancel()
    stop = systemClock.setTimer(expected === 0 ? 100 : 500, () => controller.abort())
  }
  stop.cancel()
  return values
}

describe('a damaged journal', () => {
  it('loses nothing but the torn tail, at whatever byte it was torn', async (test) => {
    const { directory, create } = await filled(test, 100)
    const last = (await logFiles(directory)).at(-1)
    assert.ok(last !== undefined)
    const whole = await readFile(last)
    for (const cutAt of [0, 1, 19, 20, 25, 40, whole.length - 30, whole.length - 1]) {
      await writeFile(last, whole)
      await truncate(last, cutAt)
      const values = await readFrom0(create(), 0)
      assert.deepEqual(values, numbered(0, values.length))
      assert.ok(values.length < 100)
    }
    await writeFile(last, whole)
    await appendFile(last, Buffer.from([0xf7, 0x4d, 0x52, 0x46, 1, 2, 3]))
    assert.deepEqual(await readFrom0(create(), 0, 100), numbered(0, 100))
    assert.equal((await readFile(last)).length, whole.length)
  })

  it('goes on behind a torn tail', async (test) => {
    const { directory, create, feed } = await filled(test, 100)
    const last = (await logFiles(directory)).at(-1) ?? ''
    await truncate(last, (await readFile(last)).length - 1)
    const kept = (await readFrom0(create(), 0, 1)).length
    feed.records.push(...numbered(kept, kept + 50))
    assert.deepEqual((await take(create(), kept + 50)).values, numbered(0, kept + 50))
  })

  it('is an error that names the file when it is damaged before the tail', async (test) => {
    const { directory, create, feed } = await filled(test, 50)
    // In rounds, for a slow disk makes one frame of all that has come.
    for (let count = 50; count < 300; count += 50) {
      feed.records.push(...numbered(count, count + 50))
      await take(create(), count + 50)
    }
    const files = await logFiles(directory)
    assert.ok(files.length > 2, `${files.length} files`)
    const head = [3, 17]
    for (const [file, offsets] of [
      [files[0] ?? '', [...head, 22, 30]],
      [files.at(-1) ?? '', head], // its only frame may be the tail
    ] as const) {
      const whole = await readFile(file)
      for (const at of offsets) {
        const damaged = Buffer.from(whole)
        damaged.writeUInt8((damaged[at] ?? 0) ^ 1, at)
        await writeFile(file, damaged)
        await assert.rejects(readFrom0(create(), 0, 300), (error: Error & { code?: string }) => {
          assert.equal(error.code, 'STORAGE_CORRUPT')
          assert.ok(error.message.includes(file), error.message)
          return true
        })
      }
      await writeFile(file, whole)
    }
    await rm(files[1] ?? '')
    await assert.rejects(readFrom0(create(), 0, 300), {
      code: 'STORAGE_CORRUPT',
      message: /wanted/,
    })
  })

  it('that is gone is missing input for a checkpoint', async (test) => {
    const { directory, create, position } = await filled(test, 100)
    await rm(directory, { recursive: true })
    await assert.rejects(readFrom0(create(), position, 1), { code: 'CONNECTOR_INPUT_MISSING' })
  })
})
