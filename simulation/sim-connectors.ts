/**
 * The ends of a simulated job: a source that replays its data and fails by plan, and an
 * exactly-once sink whose pending and visible output lies in the durable world, as files would.
 */
import { crc32 } from 'node:zlib'
import { source, twoPhaseCommitSink } from '../src/connectors/index.ts'
import type { Sink, Source, SourceContext, WriterContext } from '../src/spi.ts'
import { t } from '../src/index.ts'
import type { Random } from '../src/util/random.ts'
import { required } from '../src/util/assert.ts'
import type { FaultPlan } from './faults.ts'
import { SimClock } from './sim-clock.ts'
import { type Scheduler, type Scope, Violation } from './scheduler.ts'
import { idsUpTo, inOrder, type Part, type PartOrder } from './parts.ts'
import type { Rec, SourceData } from './workloads/workload.ts'
import { recType } from './workloads/build.ts'

export interface ConnectorWorld {
  readonly scheduler: Scheduler
  readonly faults: FaultPlan
  readonly random: Random
}

const SLOW_MS_MAX = 300
const CONGESTED_MS_MAX = 30
const STUCK_MS_MAX = 1_500
const CALL_MS_MAX = 12
const DISCOVER_EVERY_MS = 25
const IDLE_MS = 200
/** Before a batch, in seeds that are not dense. */
const QUIET_CHANCE = 0.2

/** Raised by plan; the engine may restart because of it, but must not lose or repeat anything. */
function injected(what: string): Error {
  return new Error(`injected: ${what}`)
}

export interface SourceOptions {
  readonly typed: boolean
  readonly tamper: ((record: Rec) => Rec) | undefined
  /** How many splits there are by now, of a source that is not bounded. */
  readonly splitsNow: () => number
  /** All records of the split have been handed over. */
  readonly onEnd: (splitId: string) => void
}

export function simSource(
  world: ConnectorWorld,
  data: SourceData,
  { typed, tamper = (record) => record, splitsNow, onEnd }: SourceOptions,
): Source<Rec> {
  const { faults, random, scheduler } = world
  const { pace, slowness, quietMsMax } = scheduler.scale
  return source<Rec, number>({
    name: data.uid,
    ...(typed ? { type: recType } : {}),
    position: t.float64,
    ...(data.bounded ? {} : { discoverEvery: DISCOVER_EVERY_MS * pace }),
    async splits({ clock }: SourceContext) {
      await clock.sleep(random.next())
      if (faults.strikes('discoverError')) throw injected('discovery')
      const found = data.bounded ? data.splits : data.splits.slice(0, splitsNow())
      const ids = found.map(({ id }) => id)
      if (ids.length < 2 || !faults.strikes('discoverRepeats')) return ids
      // Found in another order; of a source that looks again and again, perhaps not all of them.
      const known = data.bounded ? ids : ids.slice(0, 1 + random.int(ids.length))
      return known.toReversed()
    },
    async *read({ id }, from = 0, { clock, signal }) {
      const { records } = required(
        data.splits.find((split) => split.id === id),
        `there is no ${id}`,
      )
      for (let start = from; start < records.length;) {
        const slowMs = faults.strikes('sourceSlow') ? random.next() * SLOW_MS_MAX * slowness : 0
        const isQuiet = quietMsMax > 0 && random.next() < QUIET_CHANCE
        const quietMs = isQuiet ? random.next() * quietMsMax : 0
        // Bursts and pauses: a barrier meets full channels as well as empty ones.
        const gapMs = random.int(4) === 0 ? data.gapMs * 4 : 0.2
        await clock.sleep(random.next() * gapMs + slowMs + quietMs)
        if (faults.strikes('sourceError')) throw injected(`reading ${id}`)
        const isRebatched = faults.strikes('sourceRebatches')
        const most = isRebatched ? random.int(records.length + 1) : 1 + random.int(data.batchMax)
        const end = Math.min(records.length, start + most)
        const isBacklog = end < records.length / 2
        yield { values: records.slice(start, end).map(tamper), position: end, isBacklog }
        start = end
      }
      onEnd(id)
      while (!data.bounded && !signal.aborted) await clock.sleep(IDLE_MS * pace, signal)
    },
  })
}

/** What an asynchronous call waits for: some time, and then an answer or an error. */
export async function answerOfWorld(
  { faults, random, scheduler }: ConnectorWorld,
  clock: SimClock,
  signal: AbortSignal,
): Promise<void> {
  const slowMsMax = SLOW_MS_MAX * scheduler.scale.slowness
  const slowMs = faults.strikes('callSlow') ? random.next() * slowMsMax : 0
  await clock.sleep(random.next() * CALL_MS_MAX + slowMs, signal)
  if (faults.strikes('callError')) throw injected('the call failed')
}

type Committable = string

/** Ids of parts of output. */
export type Written = ReadonlySet<string>

/** Output of all sinks, as it would lie on a disk that outlives the processes. */
export class SimOutput {
  readonly #world: ConnectorWorld
  readonly #pending = new Map<string, Part>()
  readonly #visible = new Map<string, Part>()
  readonly #withdrawn = new Set<string>()
  #written = 0
  /** All that was ever made safe, whatever became of it. */
  readonly #parts = new Map<string, Part>()
  /** What another job has committed, again or for the first time; undefined: there is none. */
  #fork: Set<string> | undefined
  /** Is there a complete checkpoint of this line that makes this one's output due? */
  readonly #wasConfirmed: (lineage: string, checkpointId: number) => boolean

  constructor(
    world: ConnectorWorld,
    wasConfirmed: (lineage: string, checkpointId: number) => boolean,
  ) {
    this.#world = world
    this.#wasConfirmed = wasConfirmed
  }

  /** What is visible of these lines, of the last of them up to this checkpoint. */
  visibleUpTo(lineages: readonly string[], checkpointId: number): Written {
    return idsUpTo(this.#visible, lineages, checkpointId)
  }

  /** From now on another job goes on from a savepoint, and shows what it commits by itself. */
  beginFork(): void {
    this.#fork = new Set()
  }

  /** What the other job has committed. */
  get committedByFork(): Written {
    return this.#fork ?? new Set()
  }

  /** Records of one sink in the order of their checkpoints; those of one checkpoint as written. */
  visible(uid: string, order: PartOrder): readonly Rec[] {
    return inOrder([...this.#visible.values()], uid, order)
  }

  /** The same of these parts, visible or not. */
  written(uid: string, order: PartOrder, ids: Written): readonly Rec[] {
    const parts = [...ids].flatMap((id) => this.#parts.get(id) ?? [])
    return inOrder(parts, uid, order)
  }

  sink(uid: string, lasting: boolean): Sink<Rec> {
    return twoPhaseCommitSink<Rec, Committable>({
      name: uid,
      committable: t.string,
      canWithdraw: true,
      writerLifetime: lasting ? 'subtask' : 'checkpoint',
      createWriter: (context) => this.#writer(context),
      createCommitter: ({ clock }) => ({
        commit: async ({ committable, scope }) => {
          return this.#commit(committable, scope.lineage, scope.checkpointId, clock)
        },
        withdraw: ({ committable }) => this.#withdraw(committable, clock),
      }),
      recover: (_context, alive) => {
        for (const id of alive) this.#requireKnown(id)
      },
    })
  }

  #writer({ clock, uid, subtaskIndex }: WriterContext) {
    const { faults, random } = this.#world
    let values: Rec[] = []
    let places: number[] = []
    return {
      write: (taken: readonly Rec[]) => {
        values.push(...taken.map((rec) => recType.isolate(rec)))
        places.push(...taken.map(() => this.#written++))
        if (faults.strikes('sinkWriteError')) throw injected(`writing to ${uid}`)
        if (faults.strikes('slowConsumer')) return clock.sleep(random.next() * STUCK_MS_MAX)
        if (faults.strikes('sinkCongested')) return clock.sleep(random.next() * CONGESTED_MS_MAX)
        return faults.strikes('sinkSlow') ? clock.sleep(this.#slowMs()) : undefined
      },
      prepareCommit: async ({
        lineage,
        leaderEpoch: epoch,
        checkpointId,
      }: {
        readonly lineage: string
        readonly leaderEpoch: number
        readonly checkpointId: number
      }) => {
        if (values.length === 0) return []
        const id = [uid, lineage, epoch, checkpointId, subtaskIndex].join('/')
        const part = { uid, lineage, epoch, checkpointId, values, places }
        values = []
        places = []
        await this.#instant(clock)
        if (this.#pending.has(id)) this.#violated(`${id} was prepared twice`)
        this.#pending.set(id, part)
        this.#parts.set(id, part)
        const check = crc32(JSON.stringify(part.values)).toString(16)
        this.#world.scheduler.note('sink', `prepared ${id} ${part.values.length} ${check}`)
        await this.#instant(clock)
        if (faults.strikes('sinkPrepareError')) throw injected(`preparing ${id}`)
        return [id]
      },
    }
  }

  async #commit(
    id: string,
    lineage: string,
    checkpointId: number,
    clock: WriterContext['clock'],
  ): Promise<'committed' | 'retry'> {
    const { faults, scheduler } = this.#world
    await this.#instant(clock)
    if (faults.strikes('commitErrorBefore')) throw injected(`before the commit of ${id}`)
    if (faults.strikes('commitRetry')) return 'retry'
    // Taken back by a successor while this process slept: there is nothing left to show.
    const isGone = this.#withdrawn.has(id) && this.#fork === undefined
    if (isGone) throw injected(`${id} was withdrawn`)
    if (!this.#wasConfirmed(lineage, checkpointId)) {
      this.#violated(`${id} is committed, but checkpoint ${checkpointId} is not complete`)
    }
    this.#requireKnown(id)
    const part = this.#pending.get(id)
    if (part !== undefined) this.#visible.set(id, part)
    this.#pending.delete(id)
    this.#fork?.add(id)
    scheduler.note('sink', `committed ${id}`)
    await this.#instant(clock)
    if (faults.strikes('commitErrorAfter')) throw injected(`after the commit of ${id}`)
    return 'committed'
  }

  /** Output of a checkpoint that the job went back from: it is moved aside. */
  async #withdraw(id: string, clock: WriterContext['clock']): Promise<void> {
    await this.#instant(clock)
    if (this.#world.faults.strikes('withdrawError')) throw injected(`withdrawing ${id}`)
    this.#requireKnown(id)
    this.#pending.delete(id)
    this.#visible.delete(id)
    this.#withdrawn.add(id)
    this.#world.scheduler.note('sink', `withdrawn ${id}`)
    await this.#instant(clock)
  }

  #requireKnown(id: string): void {
    if (this.#pending.has(id) || this.#visible.has(id) || this.#withdrawn.has(id)) return
    this.#violated(`${id} is to be committed, but was never made safe`)
  }

  /** Resolves at a moment at which the process that asked is still there, or never. */
  async #instant(clock: WriterContext['clock']): Promise<void> {
    const slowMs = this.#world.faults.strikes('sinkSlow') ? this.#slowMs() : 0
    await clock.sleep(this.#world.random.next() * 2 + slowMs)
    if (!scopeOf(clock).isAlive) await new Promise(() => undefined)
  }

  #slowMs(): number {
    const { random, scheduler } = this.#world
    return random.next() * SLOW_MS_MAX * scheduler.scale.slowness
  }

  #violated(message: string): void {
    this.#world.scheduler.fail(new Violation(message))
  }
}

function scopeOf(clock: WriterContext['clock']): Scope {
  if (clock instanceof SimClock) return clock.scope
  throw new Violation('a sink was given a clock that is not the simulated one')
}
