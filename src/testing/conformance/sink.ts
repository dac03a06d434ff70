/**
 * What every sink must keep, as tests that its author runs. Exactly-once sinks: output is visible
 * exactly after its commit, which may be repeated; a crash between prepare and commit loses and
 * doubles nothing; leftovers of dead attempts go, what is still to be committed stays.
 */
import assert from 'node:assert/strict'
import type {
  CommitRequest,
  CommitScope,
  DeliveryGuarantee,
  Sink,
  SinkWriter,
  WriterContext,
} from '../../operators/sink.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import { systemClock } from '../../util/clock.ts'
import type { TestFunction } from './source.ts'

export interface SinkUnderTest<T, Committable> {
  /** The sink; called again for each attempt of the job. */
  sink(): Sink<T, Committable>
  /** What a user sees now, in the order of each writer. */
  visible(): Promise<readonly T[]> | readonly T[]
  /** How many pieces of output are there that are not visible; leave it out if unknown. */
  pending?(): Promise<number> | number
}

export interface SinkConformanceOptions<T, Committable> {
  /** A new place to write to. */
  readonly create: () => SinkUnderTest<T, Committable> | Promise<SinkUnderTest<T, Committable>>
  /** Which promise to test. Default: `exactly-once`. */
  readonly guarantee?: DeliveryGuarantee
  /** The record of an index; different ones for different indexes. */
  readonly record: (index: number) => T
}

/**
 * Declares the tests that fit the sink's guarantee.
 *
 * @example
 * import { test } from 'node:test'
 * sinkConformance(test, {
 *   record: (index) => `line ${index}`,
 *   create: async () => {
 *     const place = await newPlace()
 *     return { sink: () => mySink(place), visible: () => place.lines() }
 *   },
 * })
 */
export function sinkConformance<T, Committable>(
  test: TestFunction,
  options: SinkConformanceOptions<T, Committable>,
): void {
  const suite = new SinkSuite(options)
  test('promises what the suite was told', () => suite.promises())
  if (options.guarantee === 'at-least-once') {
    test('shows all records at the checkpoint', () => suite.flushes())
    test('takes up after a restart', () => suite.restarts())
    return
  }
  test('shows records exactly after their commit, in order', () => suite.showsAfterCommit())
  test('prepares nothing visible for an empty checkpoint', () => suite.preparesNothing())
  test('may commit again', () => suite.commitsAgain())
  test('commits after a crash', () => suite.commitsAfterCrash())
  test('never shows what was not prepared', () => suite.forgetsUnprepared())
  test('keeps what an aborted checkpoint prepared', () => suite.survivesAbort())
  test('keeps subtasks apart', () => suite.keepsSubtasksApart())
  test('removes leftovers, but not what is alive', () => suite.recovers())
  test('withdraws what it can', () => suite.withdraws())
  test('finds newer output by itself if it says so', () => suite.findsNewer())
}

class SinkSuite<T, C> {
  readonly #options: SinkConformanceOptions<T, C>

  constructor(options: SinkConformanceOptions<T, C>) {
    this.#options = options
  }

  async promises(): Promise<void> {
    const { guarantee } = (await this.#options.create()).sink()
    assert.equal(guarantee, this.#options.guarantee ?? 'exactly-once')
  }

  async flushes(): Promise<void> {
    const place = await this.#options.create()
    await using writer = await place.sink().createWriter(contextOf(0, 1))
    await this.#write(writer, 0, 10)
    assert.deepEqual(await writer.prepareCommit(scopeOf(1, 1)), [])
    assert.deepEqual(await place.visible(), this.#records(0, 10))
    await writer[Symbol.asyncDispose]()
  }

  async restarts(): Promise<void> {
    const place = await this.#options.create()
    for (const epoch of [1, 2]) {
      await using writer = await place.sink().createWriter(contextOf(0, epoch))
      await this.#write(writer, epoch * 10, epoch * 10 + 5)
      await writer.prepareCommit(scopeOf(epoch, epoch))
    }
    assert.deepEqual(await place.visible(), [...this.#records(10, 15), ...this.#records(20, 25)])
  }

  async showsAfterCommit(): Promise<void> {
    const place = await this.#options.create()
    const sink = place.sink()
    const context = contextOf(0, 1)
    await using writer = await sink.createWriter(context)
    for (let checkpoint = 1; checkpoint <= 3; checkpoint++) {
      const before = (checkpoint - 1) * 10
      await this.#write(writer, before, before + 4)
      await this.#write(writer, before + 4, before + 10)
      assert.deepEqual(await place.visible(), this.#records(0, before), 'before prepare')
      const prepared = await this.#prepare(sink, writer, scopeOf(1, checkpoint))
      assert.deepEqual(await place.visible(), this.#records(0, before), 'before commit')
      await commit(sink, context, prepared)
      assert.deepEqual(await place.visible(), this.#records(0, before + 10), 'after commit')
    }
  }

  async preparesNothing(): Promise<void> {
    const place = await this.#options.create()
    const sink = place.sink()
    await using writer = await sink.createWriter(contextOf(0, 1))
    await commit(sink, contextOf(0, 1), await this.#prepare(sink, writer, scopeOf(1, 1)))
    assert.deepEqual(await place.visible(), [])
  }

  async commitsAgain(): Promise<void> {
    const place = await this.#options.create()
    const sink = place.sink()
    const prepared = await this.#attempt(sink, 1, 1, 0, 10)
    for (let attempt = 1; attempt <= 3; attempt++) {
      await commit(attempt === 3 ? place.sink() : sink, contextOf(0, attempt), prepared, attempt)
      assert.deepEqual(await place.visible(), this.#records(0, 10))
    }
  }

  async commitsAfterCrash(): Promise<void> {
    const place = await this.#options.create()
    // Never disposed of: the process is gone.
    const writer = await place.sink().createWriter(contextOf(0, 1))
    await this.#write(writer, 0, 10)
    const prepared = await this.#prepare(place.sink(), writer, scopeOf(1, 1))
    await this.#write(writer, 10, 20)
    const sink = place.sink()
    await sink.recover?.(contextOf(0, 2), committablesOf(prepared))
    await commit(sink, contextOf(0, 2), prepared)
    const again = await this.#attempt(sink, 2, 2, 10, 20)
    await commit(sink, contextOf(0, 2), again)
    assert.deepEqual(await place.visible(), this.#records(0, 20))
    await writer[Symbol.asyncDispose]()
    assert.deepEqual(await place.visible(), this.#records(0, 20))
  }

  async forgetsUnprepared(): Promise<void> {
    const place = await this.#options.create()
    const writer = await place.sink().createWriter(contextOf(0, 1))
    await this.#write(writer, 0, 10)
    await writer[Symbol.asyncDispose]()
    await writer[Symbol.asyncDispose]()
    assert.deepEqual(await place.visible(), [])
  }

  async survivesAbort(): Promise<void> {
    const place = await this.#options.create()
    const sink = place.sink()
    await using writer = await sink.createWriter(contextOf(0, 1))
    await this.#write(writer, 0, 10)
    const aborted = await this.#prepare(sink, writer, scopeOf(1, 1))
    await this.#write(writer, 10, 20)
    const prepared = await this.#prepare(sink, writer, scopeOf(1, 2))
    await commit(sink, contextOf(0, 1), [...aborted, ...prepared])
    assert.deepEqual(await place.visible(), this.#records(0, 20))
  }

  async keepsSubtasksApart(): Promise<void> {
    const place = await this.#options.create()
    const sink = place.sink()
    const first = await this.#attempt(sink, 1, 1, 0, 10, 0)
    const second = await this.#attempt(sink, 1, 1, 10, 20, 1)
    await commit(sink, contextOf(0, 1), first)
    assert.deepEqual(await place.visible(), this.#records(0, 10))
    await commit(sink, contextOf(1, 1), second)
    assert.deepEqual(await place.visible(), this.#records(0, 20))
  }

  async recovers(): Promise<void> {
    const place = await this.#options.create()
    const alive = await this.#attempt(place.sink(), 1, 1, 0, 10)
    const dead = await place.sink().createWriter(contextOf(0, 1))
    await this.#write(dead, 10, 20)
    await this.#prepare(place.sink(), dead, scopeOf(1, 2))
    await this.#write(dead, 20, 30)
    const sink = place.sink()
    for (let times = 0; times < 2; times++) {
      await sink.recover?.(contextOf(0, 2), committablesOf(alive))
    }
    await commit(sink, contextOf(0, 2), alive)
    assert.deepEqual(await place.visible(), this.#records(0, 10))
    if (place.pending !== undefined) assert.equal(await place.pending(), 0, 'leftovers are gone')
    await dead[Symbol.asyncDispose]()
  }

  async withdraws(): Promise<void> {
    const place = await this.#options.create()
    const sink = place.sink()
    const first = await this.#attempt(sink, 1, 1, 0, 10)
    const second = await this.#attempt(sink, 1, 2, 10, 20)
    await commit(sink, contextOf(0, 1), [...first, ...second])
    await using committer = await sink.createCommitter?.(contextOf(0, 2))
    const can = committer?.withdraw !== undefined
    assert.equal(can, sink.canWithdraw === true, 'canWithdraw says whether there is withdraw')
    if (committer?.withdraw === undefined) return
    for (let times = 0; times < 2; times++) {
      for (const request of second) await committer.withdraw(request)
      assert.deepEqual(await place.visible(), this.#records(0, 10))
    }
  }

  async findsNewer(): Promise<void> {
    const place = await this.#options.create()
    const sink = place.sink()
    if (sink.findsNewerOutput !== true) return
    const first = await this.#attempt(sink, 1, 1, 0, 10)
    const second = await this.#attempt(sink, 1, 2, 10, 20)
    await commit(sink, contextOf(0, 1), [...first, ...second])
    await sink.recover?.(contextOf(0, 2, 1), committablesOf(first))
    assert.deepEqual(await place.visible(), this.#records(0, 10))
  }

  /** A writer from its beginning to a checkpoint. */
  async #attempt(
    sink: Sink<T, C>,
    epoch: number,
    checkpoint: number,
    from: number,
    to: number,
    subtaskIndex = 0,
  ): Promise<readonly CommitRequest<C>[]> {
    const writer = await sink.createWriter(contextOf(subtaskIndex, epoch, checkpoint - 1))
    await this.#write(writer, from, to)
    const prepared = await this.#prepare(sink, writer, scopeOf(epoch, checkpoint))
    await writer[Symbol.asyncDispose]()
    return prepared
  }

  async #prepare(
    sink: Sink<T, C>,
    writer: SinkWriter<T, C>,
    scope: CommitScope,
  ): Promise<readonly CommitRequest<C>[]> {
    const prepared = await writer.prepareCommit(scope)
    return prepared.map((committable) => {
      const out = new ByteWriter()
      sink.committable.write(committable, out)
      const read = sink.committable.read(new ByteReader(out.copy()))
      return { committable: read, scope, attempt: 1 }
    })
  }

  async #write(writer: SinkWriter<T, C>, from: number, to: number): Promise<void> {
    const values = this.#records(from, to)
    await writer.write(values, new Float64Array(values.length).fill(Number.NEGATIVE_INFINITY))
  }

  #records(from: number, to: number): readonly T[] {
    return Array.from({ length: to - from }, (_, index) => this.#options.record(from + index))
  }
}

function scopeOf(leaderEpoch: number, checkpointId: number): CommitScope {
  return { jobName: 'conformance', lineage: 'line-1', leaderEpoch, checkpointId }
}

function contextOf(subtaskIndex: number, leaderEpoch: number, checkpointId = 0): WriterContext {
  return {
    scope: scopeOf(leaderEpoch, checkpointId),
    uid: 'out',
    subtaskIndex,
    clock: systemClock,
    signal: new AbortController().signal,
  }
}

const committablesOf = <C>(requests: readonly CommitRequest<C>[]): readonly C[] =>
  requests.map((request) => request.committable)

async function commit<T, C>(
  sink: Sink<T, C>,
  context: WriterContext,
  requests: readonly CommitRequest<C>[],
  attempt = 1,
): Promise<void> {
  assert.ok(sink.createCommitter !== undefined, 'an exactly-once sink has a committer')
  await using committer = await sink.createCommitter(context)
  for (const request of requests) {
    assert.equal(await committer.commit({ ...request, attempt }), 'committed')
  }
}
