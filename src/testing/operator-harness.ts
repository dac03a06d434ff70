/**
 * What all harnesses share: one operator on a real state backend, as it runs in a job, and records,
 * watermarks and time handed over by hand. The same operator, the same stage before it, the same
 * table, snapshots in the real format (in memory). Each harness adds the entrances of its function.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MillraceError } from '../errors.ts'
import type { KeySelector, OperatorNode } from '../graph/job-graph.ts'
import type { Timestamp } from '../operators/functions.ts'
import { MIN_WATERMARK, type Operator } from '../operators/operator.ts'
import type { OutputTag } from '../operators/output-tag.ts'
import { PlainStage } from '../runtime/plain-stage.ts'
import type { Stage } from '../runtime/stage.ts'
import { KeyedStage } from '../runtime/stages.ts'
import type { KeyedStateBackend, KeyedStateTable, StateBackend } from '../state/backend.ts'
import type { ReadonlyStateOf } from '../state/descriptors.ts'
import { hashmap } from '../state/hashmap/index.ts'
import { evolvedRecords } from '../state/evolved-records.ts'
import { keyGroupRangeOf, MAX_PARALLELISM_DEFAULT } from '../state/key-groups.ts'
import { LocalScratch } from '../storage/scratch-local.ts'
import { MemoryScratch } from '../storage/scratch-memory.ts'
import type { Scratch } from '../storage/scratch.ts'
import { required } from '../util/assert.ts'
import { type Duration, parseDurationMs, parseSizeBytes, type Size } from '../util/duration.ts'
import { systemRandom } from '../util/random.ts'
import { HARNESS_JOB, type HarnessNode } from './harness-node.ts'
import { HarnessSnapshots, type HarnessSnapshot } from './harness-snapshots.ts'
import { Recorder } from './recorder.ts'
import { stateViews } from './state-views.ts'

const MEMORY_DEFAULT = '64 MiB'
/** Rounds of timers at one moment before it is taken for an endless loop. */
const TIMER_ROUNDS_MAX = 1_000
const MAINTAIN_MS = 1

export interface HarnessOptions {
  /** Default: `hashmap()`. */
  readonly backend?: StateBackend
  /** What `snapshot()` of a harness of the same function gave; its backend may differ. */
  readonly restore?: HarnessSnapshot
  /** What the function has as uid. Default: `function`. */
  readonly uid?: string
  /** Where processing time begins. Default: that of the snapshot, or 0. */
  readonly processingTime?: Timestamp
  /** What the backend may use. Default: 64 MiB. */
  readonly memory?: Size
}

/** What every harness offers, whatever its function takes. */
export interface Harness<K, O, S> extends AsyncDisposable {
  /** Event time has come to here: due timers fire. One older than the last does nothing. */
  processWatermark(timestamp: Timestamp): void
  /** Processing time has come to here: due timers fire. */
  setProcessingTime(timestamp: Timestamp): void
  /** Processing time goes on by so much: due timers fire. */
  advanceProcessingTime(by: Duration): void
  /** Everything collected so far, in order. */
  readonly output: readonly O[]
  /** The timestamps of `output`; undefined for results without. */
  readonly outputTimestamps: readonly (Timestamp | undefined)[]
  /** Everything emitted to a side output so far, in order. */
  sideOutput<X>(tag: OutputTag<X>): readonly X[]
  /** The state of a key, as it is whenever the view is read; it cannot be written. */
  state(key: K): ReadonlyStateOf<S>
  /** The keys that have any state, in no particular order. */
  keys(): readonly K[]
  /** When the earliest timer of this kind is due; undefined if there is none. */
  nextTimer(domain: 'event-time' | 'processing-time'): Timestamp | undefined
  /** How many timers are set, of all keys, by name; `''` stands for those without. */
  pendingTimers(): Readonly<Record<string, number>>
  /**
   * State, timers and times as they are now, in the format of checkpoints. Later snapshots of a
   * harness hold what changed, like checkpoints; each can be restored at any time.
   */
  snapshot(): Promise<HarnessSnapshot>
}

/** The running operator and what is around it. */
export interface HarnessParts {
  readonly uid: string
  readonly node: OperatorNode
  readonly backend: KeyedStateBackend
  /** Of keyed operators. */
  readonly table: KeyedStateTable | undefined
  readonly operator: Operator
  readonly recorder: Recorder
  readonly snapshots: HarnessSnapshots
  readonly scratch: Scratch
  readonly time: { processing: number }
}

/**
 * Makes the operator, restored; `uid` of the options must be that of its node.
 *
 * @param make wraps it into the harness of its kind.
 */
export async function openHarness<H extends OperatorHarness<unknown, unknown, unknown>>(
  { node, plan }: HarnessNode,
  options: HarnessOptions,
  make: (parts: HarnessParts) => H,
): Promise<H> {
  const { backend: choice = hashmap(), restore, uid = 'function' } = options
  const memoryBytes = parseSizeBytes(options.memory ?? MEMORY_DEFAULT, 'harness: memory')
  const snapshots = new HarnessSnapshots(plan, restore)
  const scratch = scratchFor(choice)
  const time = { processing: options.processingTime ?? restore?.processingTime ?? 0 }
  const backend = choice.create({
    keyGroups: keyGroupRangeOf(0, MAX_PARALLELISM_DEFAULT, 1),
    maxParallelism: MAX_PARALLELISM_DEFAULT,
    memoryBytes,
    scratch,
    processingTime: () => time.processing,
    monotonic: () => 0,
  })
  try {
    const record = snapshots.operator(uid)
    const { key, states: descriptors, timers = {} } = node
    const table =
      key === undefined
        ? undefined
        : backend.register({ record, keyType: key.type, descriptors, timers })
    await backend.open(snapshots.stream())
    const recorder = new Recorder()
    const operator = node.create({
      jobName: HARNESS_JOB,
      uid,
      operatorId: record.id,
      subtaskIndex: 0,
      parallelism: 1,
      output: recorder,
      sideOutput: (tag) => recorder.side(tag.name),
      table,
      timers: table?.timers,
      processingTime: () => time.processing,
    })
    const parts = { uid, node, backend, table, operator, recorder, snapshots, scratch, time }
    const harness = make(parts)
    if (restore !== undefined) harness.restoreWatermark(restore.watermark)
    // Where time begins decides which of the restored timers are overdue.
    table?.timers.advance('processing-time', time.processing, 0, () => undefined)
    const entries = await snapshots.operatorState()
    operator.restoreState?.(evolvedRecords(entries, record, node.operatorStates ?? {}))
    await operator.open()
    return harness
  } catch (error) {
    await backend.close()
    scratch.close()
    throw error
  }
}

/** Only what keeps everything in memory needs no folder. */
function scratchFor({ name }: StateBackend): Scratch {
  if (name === 'hashmap') return new MemoryScratch()
  return new LocalScratch(join(tmpdir(), `millrace-harness-${systemRandom().id()}`))
}

export class OperatorHarness<K, O, S> implements Harness<K, O, S> {
  readonly #parts: HarnessParts
  readonly #stage: Stage
  readonly #watermarks = [MIN_WATERMARK, MIN_WATERMARK]
  #key: unknown
  #isClosed = false

  constructor(parts: HarnessParts) {
    this.#parts = parts
    const { node, operator, table } = parts
    const handed = (key: KeySelector): KeySelector => ({ ...key, select: () => this.#key })
    const second = node.secondKey && handed(node.secondKey)
    this.#stage =
      table === undefined || node.key === undefined
        ? new PlainStage(node.label, operator)
        : new KeyedStage(node.label, operator, table, handed(node.key), second)
  }

  processWatermark(timestamp: Timestamp): void {
    this.advance(0, timestamp)
    this.advance(1, timestamp)
  }

  setProcessingTime(timestamp: Timestamp): void {
    const { time } = this.#parts
    time.processing = timestamp
    this.#drain('processing-time', () => {
      if (this.#stage.nextProcessingTimer > timestamp) return false
      this.#stage.processingTime(timestamp)
      return true
    })
    this.#settle()
  }

  advanceProcessingTime(by: Duration): void {
    const byMs = parseDurationMs(by, 'advanceProcessingTime()')
    this.setProcessingTime(this.#parts.time.processing + byMs)
  }

  get output(): readonly O[] {
    return this.#parts.recorder.values as O[] // only the function collects here, values of its type
  }

  get outputTimestamps(): readonly (Timestamp | undefined)[] {
    return this.#parts.recorder.timestamps
  }

  sideOutput<X>(tag: OutputTag<X>): readonly X[] {
    return this.#parts.recorder.side(tag.name).values as X[] // what was emitted to this tag
  }

  state(key: K): ReadonlyStateOf<S> {
    // The views are made from the very schema that the type is derived from.
    return stateViews(this.#table, this.#parts.node.states, key) as ReadonlyStateOf<S>
  }

  keys(): readonly K[] {
    return Array.from(this.#table.keys(), ({ key }) => key as K) // only keys of records
  }

  nextTimer(domain: 'event-time' | 'processing-time'): Timestamp | undefined {
    const time = this.#table.timers.nextTime(domain)
    return time === Number.POSITIVE_INFINITY ? undefined : time
  }

  pendingTimers(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {}
    for (const { name } of this.#table.timers.pending()) {
      // Marks of time-to-live are no timers of the function.
      if (!name.startsWith('\0')) counts[name] = (counts[name] ?? 0) + 1
    }
    return counts
  }

  snapshot(): Promise<HarnessSnapshot> {
    const { backend, snapshots, operator, time } = this.#parts
    const { currentWatermark } = this.#stage
    const records = operator.snapshotState?.() ?? []
    return snapshots.write(backend, records, currentWatermark, time.processing)
  }

  restoreWatermark(watermark: number): void {
    this.#watermarks.fill(watermark)
    this.#stage.restoreWatermark(watermark)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const { operator, backend, scratch, snapshots } = this.#parts
    await snapshots.settled
    await operator.close()
    await backend.close()
    scratch.close()
  }

  /** A record of the first input (0) or the second; a broadcast one has no key. */
  protected take(input: 0 | 1, key: unknown, value: unknown, timestamp: Timestamp): void {
    this.#key = key
    const entrance = input === 0 ? this.#stage : this.#stage.second
    entrance.collect(value, timestamp)
    this.#stage.flush()
    this.#settle()
  }

  /** The watermark of one input; that of the operator is the least. */
  protected advance(input: 0 | 1, timestamp: Timestamp): void {
    this.#watermarks[input] = timestamp
    this.#stage.watermark(Math.min(...this.#watermarks))
    this.#drain('event-time', () => this.#stage.isBusy && (this.#stage.resume(), true))
    this.#settle()
  }

  get #table(): KeyedStateTable {
    return required(this.#parts.table, 'the harness of a function without keys has none')
  }

  #settle(): void {
    this.#parts.table?.deselect()
    this.#parts.backend.maintain(MAINTAIN_MS)
  }

  #drain(domain: string, fireSome: () => boolean): void {
    for (let round = 0; fireSome(); round++) {
      if (round < TIMER_ROUNDS_MAX) continue
      const { node, uid } = this.#parts
      const what = `${node.operation} "${uid}" sets ${domain} timers that are due at once`
      const cure = 'set timers that lie in the future'
      throw new MillraceError('FUNCTION_FAILED', `${what}, without end`, { cure })
    }
  }
}
