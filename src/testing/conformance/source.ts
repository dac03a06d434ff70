/**
 * What every source must keep, as tests that its author runs: splits are the same at each start,
 * the same records follow each position, values fit their type, and reading stops when it is told.
 */
import assert from 'node:assert/strict'
import type { Source, SourceContext, Split } from '../../operators/source.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import { systemClock } from '../../util/clock.ts'
import { SeededRandom } from '../../util/random.ts'

/** `test` or `it` of `node:test`, or what looks like it. */
export type TestFunction = (name: string, action: () => Promise<void>) => unknown

export interface SourceConformanceOptions<T, Position> {
  /** A new source over the same input each time, as if the job started again. */
  readonly create: () => Source<T, Position> | Promise<Source<T, Position>>
  /** All records in the order of the splits, if they are known. */
  readonly expected?: readonly T[]
  /** Reads no more than this of a split; for sources without an end. Default: 100,000. */
  readonly recordsMax?: number
  /** How long a source may take to stop. Default: 2,000. */
  readonly abortMsMax?: number
}

interface Read<T, Position> {
  readonly split: Split
  readonly values: readonly T[]
  /** A position, and how many values come before it. */
  readonly positions: readonly { readonly position: Position; readonly before: number }[]
}

const RECORDS_MAX = 100_000
const ABORT_MS_MAX = 2_000
const POSITIONS_CHECKED_MAX = 25

/**
 * Declares the tests.
 *
 * @example
 * import { test } from 'node:test'
 * sourceConformance(test, { create: () => mySource({ from: 'fixture' }), expected: [1, 2, 3] })
 */
export function sourceConformance<T, Position>(
  test: TestFunction,
  options: SourceConformanceOptions<T, Position>,
): void {
  const suite = new SourceSuite(options)
  test('finds the same splits at each start', () => suite.findsTheSameSplits())
  test('gives the records that are expected', () => suite.givesExpectedRecords())
  test('gives values and positions that fit their types', () => suite.fitsItsTypes())
  test('goes on from each position with the same records', () => suite.goesOnFromPositions())
  test('ends soon when it is told to', () => suite.endsWhenAborted())
  test('can be left in the middle and read again', () => suite.canBeLeft())
}

class SourceSuite<T, Position> {
  readonly #options: SourceConformanceOptions<T, Position>
  readonly #recordsMax: number

  constructor(options: SourceConformanceOptions<T, Position>) {
    this.#options = options
    this.#recordsMax = options.recordsMax ?? RECORDS_MAX
  }

  async findsTheSameSplits(): Promise<void> {
    const source = await this.#options.create()
    const first = await source.discover(contextOf())
    const ids = new Set(first.map((split) => split.id))
    assert.equal(ids.size, first.length, 'each split has an id of its own')
    assert.deepEqual(throughJson(first), first, 'splits survive being written as JSON')
    assert.deepEqual(await source.discover(contextOf()), first, 'found again')
    const again = await this.#options.create()
    assert.deepEqual(await again.discover(contextOf()), first, 'found by another start')
  }

  async givesExpectedRecords(): Promise<void> {
    const source = await this.#options.create()
    const reads = await this.#readAll(source)
    const values = reads.flatMap((read) => read.values)
    const { expected } = this.#options
    if (expected !== undefined) assert.deepEqual(values, expected)
    assert.ok(values.length > 0, 'give the suite an input that has records')
    if (!source.replayable) return
    const again = await this.#readAll(await this.#options.create())
    assert.deepEqual(
      again,
      reads.map(({ split }, index) => ({ ...again[index], split })),
    )
    assert.deepEqual(
      again.map((read) => read.values),
      reads.map((read) => read.values),
    )
  }

  async fitsItsTypes(): Promise<void> {
    const source = await this.#options.create()
    for (const { values, positions } of await this.#readAll(source)) {
      const out = new ByteWriter()
      for (const value of values) {
        out.reset()
        source.type.write(value, out)
        assert.deepEqual(source.type.read(new ByteReader(out.view())), value)
      }
      for (const { position } of positions) this.#throughBytes(source, position)
    }
  }

  async goesOnFromPositions(): Promise<void> {
    const source = await this.#options.create()
    if (!source.replayable) return
    for (const { split, values, positions } of await this.#readAll(source)) {
      const step = Math.ceil(positions.length / POSITIONS_CHECKED_MAX)
      for (let index = 0; index < positions.length; index += step) {
        const checked = positions[index]
        assert.ok(checked !== undefined)
        const other = await this.#options.create()
        const from = this.#throughBytes(source, checked.position)
        const wanted = values.slice(checked.before)
        // Nobody knows when the next record of an endless source comes.
        if (wanted.length === 0 && !source.bounded) continue
        const rest = await this.#read(other, throughJson(split), from, wanted.length)
        const found = rest.values.slice(0, source.bounded ? undefined : wanted.length)
        assert.deepEqual(found, wanted, `from ${JSON.stringify(checked.position)}`)
      }
    }
  }

  async endsWhenAborted(): Promise<void> {
    const source = await this.#options.create()
    const [split] = await source.discover(contextOf())
    assert.ok(split !== undefined)
    for (const batchesBefore of [0, 1]) {
      const controller = new AbortController()
      const context = contextOf(controller.signal)
      const batches = source.read(split, undefined, context)[Symbol.asyncIterator]()
      for (let batch = 0; batch < batchesBefore; batch++) await batches.next()
      const drained = drain(batches)
      controller.abort()
      const msMax = this.#options.abortMsMax ?? ABORT_MS_MAX
      const late = systemClock.sleep(msMax).then(() => 'late')
      assert.equal(await Promise.race([drained, late]), 'ended', `ends within ${msMax} ms`)
    }
  }

  async canBeLeft(): Promise<void> {
    const source = await this.#options.create()
    const [split] = await source.discover(contextOf())
    assert.ok(split !== undefined)
    for (let round = 0; round < 3; round++) {
      const batches = source.read(split, undefined, contextOf())[Symbol.asyncIterator]()
      await batches.next()
      await batches.return?.()
      assert.equal((await batches.next()).done, true)
    }
  }

  async #readAll(source: Source<T, Position>): Promise<readonly Read<T, Position>[]> {
    const reads: Read<T, Position>[] = []
    for (const split of await source.discover(contextOf())) {
      reads.push(await this.#read(source, split, undefined, this.#recordsMax))
    }
    return reads
  }

  /** Reads to the end of the split; of an endless one no more than `recordsMax`. */
  async #read(
    source: Source<T, Position>,
    split: Split,
    from: Position | undefined,
    recordsMax: number,
  ): Promise<Read<T, Position>> {
    const controller = new AbortController()
    const values: T[] = []
    const positions: { position: Position; before: number }[] = []
    for await (const batch of source.read(split, from, contextOf(controller.signal))) {
      values.push(...batch.values)
      positions.push({ position: batch.position, before: values.length })
      if (values.length < recordsMax) continue
      assert.ok(!source.bounded || values.length <= RECORDS_MAX, 'a bounded source ends')
      if (!source.bounded) break
    }
    return { split, values, positions }
  }

  #throughBytes(source: Source<T, Position>, position: Position): Position {
    const out = new ByteWriter()
    source.position.write(position, out)
    const read = source.position.read(new ByteReader(out.copy()))
    assert.deepEqual(read, position, 'positions survive being written')
    return read
  }
}

function contextOf(signal = new AbortController().signal): SourceContext {
  return { signal, clock: systemClock, random: new SeededRandom(1), subtaskIndex: 0 }
}

function throughJson<X>(value: X): X {
  // JSON gives back what was written, as the caller asserts.
  return JSON.parse(JSON.stringify(value)) as X
}

async function drain(batches: AsyncIterator<unknown>): Promise<string> {
  while ((await batches.next()).done !== true);
  return 'ended'
}
