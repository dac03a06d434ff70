/**
 * `keyedHarness`: one keyed process function on a real state backend, for unit tests. No job, no
 * threads, no files but RocksDB's own; records, watermarks and time are handed over by hand. What
 * runs is what runs in a job: the same operator, the same stage before it, the same table, and
 * snapshots in the real format (in memory). Works under any test runner.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MillraceError } from '../errors.ts'
import type { OperatorNode } from '../graph/job-graph.ts'
import type { KeyedProcess, Timestamp } from '../operators/functions.ts'
import { NO_TIMESTAMP, type Operator, type Output } from '../operators/operator.ts'
import type { OutputTag } from '../operators/output-tag.ts'
import { KeyedStage } from '../runtime/stages.ts'
import type { KeyedStateBackend, KeyedStateTable, StateBackend } from '../state/backend.ts'
import type { ReadonlyStateOf, StateSchema } from '../state/descriptors.ts'
import { hashmap } from '../state/hashmap/index.ts'
import { keyGroupRangeOf, MAX_PARALLELISM_DEFAULT } from '../state/key-groups.ts'
import { LocalScratch } from '../storage/scratch-local.ts'
import { MemoryScratch } from '../storage/scratch-memory.ts'
import type { Scratch } from '../storage/scratch.ts'
import type { Type } from '../types/type.ts'
import { required } from '../util/assert.ts'
import { parseSizeBytes, type Size } from '../util/duration.ts'
import { systemRandom } from '../util/random.ts'
import { HARNESS_JOB, type HarnessNode, harnessNode } from './harness-node.ts'
import { HarnessSnapshots, type HarnessSnapshot } from './harness-snapshots.ts'
import { stateViews } from './state-views.ts'

const MEMORY_DEFAULT = '64 MiB'
/** Rounds of timers at one moment before it is taken for an endless loop. */
const TIMER_ROUNDS_MAX = 1_000
const MAINTAIN_MS = 1

export interface KeyedHarnessOptions {
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

export interface KeyedHarness<K, I, O, S> extends AsyncDisposable {
  /** Runs the function on a record of this key. What it throws is `FUNCTION_FAILED`. */
  processElement(key: K, value: I, timestamp?: Timestamp): void
  /** Event time has come to here: due timers fire. One older than the last does nothing. */
  processWatermark(timestamp: Timestamp): void
  /** Processing time has come to here: due timers fire. */
  setProcessingTime(timestamp: Timestamp): void
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
  /**
   * State, timers and times as they are now, in the format of checkpoints. Later snapshots of a
   * harness hold what changed, like checkpoints; each can be restored at any time.
   */
  snapshot(): Promise<HarnessSnapshot>
}

/**
 * Makes a harness for a function made by `keyedProcess`. Close it, or declare it `await using`.
 *
 * @throws what a job with this function would be refused for; `CHECKPOINT_INCOMPATIBLE` if the
 *   function does not fit `restore`; `BACKEND_UNAVAILABLE`.
 * @example
 * await using harness = await keyedHarness(counter)
 * harness.processElement('ann', { page: '/' })
 * assert.equal(harness.state('ann').seen.value(), 1)
 */
export async function keyedHarness<K, I, O, S extends StateSchema = {}, R = undefined>(
  fn: KeyedProcess<K, I, O, S, R>,
  options: KeyedHarnessOptions = {},
): Promise<KeyedHarness<K, I, O, S>> {
  const { uid = 'function' } = options
  return harnessOf(
    harnessNode<K, I, O>(uid, fn.key, (keyed) => keyed.process(uid, fn)),
    options,
  )
}

/** The harness of any keyed operator; `uid` of the options must be that of its node. */
export async function harnessOf<K, I, O, S>(
  { node, plan }: HarnessNode,
  options: KeyedHarnessOptions,
): Promise<KeyedHarness<K, I, O, S>> {
  const { backend: choice = hashmap(), restore, uid = 'function' } = options
  const memoryBytes = parseSizeBytes(options.memory ?? MEMORY_DEFAULT, 'keyedHarness(): memory')
  const snapshots = new HarnessSnapshots(plan, restore)
  const scratch = scratchFor(choice)
  const backend = choice.create({
    keyGroups: keyGroupRangeOf(0, MAX_PARALLELISM_DEFAULT, 1),
    maxParallelism: MAX_PARALLELISM_DEFAULT,
    memoryBytes,
    scratch,
    monotonic: () => 0,
  })
  try {
    const record = snapshots.operator(uid)
    const keyType = required(node.key, 'a keyed node').type
    const table = backend.register({ record, keyType, descriptors: node.states })
    await backend.open(snapshots.stream())
    const time = { processing: options.processingTime ?? restore?.processingTime ?? 0 }
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
      timers: table.timers,
      processingTime: () => time.processing,
    })
    const parts = { node, backend, table, operator, recorder, snapshots, scratch, time }
    const harness = new Harness<K, I, O, S>(uid, keyType, parts)
    if (restore !== undefined) harness.restoreWatermark(restore.watermark)
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

class Recorder implements Output {
  readonly values: unknown[] = []
  readonly timestamps: (number | undefined)[] = []
  readonly #sides = new Map<string, Recorder>()

  collect(value: unknown, timestamp: number): void {
    this.values.push(value)
    this.timestamps.push(timestamp === NO_TIMESTAMP ? undefined : timestamp)
  }

  side(name: string): Recorder {
    const side = this.#sides.get(name) ?? new Recorder()
    this.#sides.set(name, side)
    return side
  }

  watermark(): void {}
  endInput(): void {}
}

interface HarnessParts {
  readonly node: OperatorNode
  readonly backend: KeyedStateBackend
  readonly table: KeyedStateTable
  readonly operator: Operator
  readonly recorder: Recorder
  readonly snapshots: HarnessSnapshots
  readonly scratch: Scratch
  readonly time: { processing: number }
}

class Harness<K, I, O, S> implements KeyedHarness<K, I, O, S> {
  readonly #uid: string
  readonly #parts: HarnessParts
  readonly #stage: KeyedStage
  #key: unknown
  #isClosed = false

  constructor(uid: string, keyType: Type<unknown>, parts: HarnessParts) {
    this.#uid = uid
    this.#parts = parts
    const { node, operator, table } = parts
    const key = { select: () => this.#key, type: keyType }
    this.#stage = new KeyedStage(node.label, operator, table, key)
  }

  processElement(key: K, value: I, timestamp: Timestamp = NO_TIMESTAMP): void {
    this.#key = key
    this.#stage.collect(value, timestamp)
    this.#stage.flush()
    this.#settle()
  }

  processWatermark(timestamp: Timestamp): void {
    this.#stage.watermark(timestamp)
    this.#drain('event-time', () => this.#stage.isBusy && (this.#stage.resume(), true))
    this.#settle()
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
    return stateViews(this.#parts.table, this.#parts.node.states, key) as ReadonlyStateOf<S>
  }

  keys(): readonly K[] {
    return Array.from(this.#parts.table.keys(), ({ key }) => key as K) // only keys of records
  }

  nextTimer(domain: 'event-time' | 'processing-time'): Timestamp | undefined {
    const time = this.#parts.table.timers.nextTime(domain)
    return time === Number.POSITIVE_INFINITY ? undefined : time
  }

  snapshot(): Promise<HarnessSnapshot> {
    const { backend, snapshots, time } = this.#parts
    const { currentWatermark } = this.#stage
    return snapshots.write(backend, currentWatermark, time.processing)
  }

  restoreWatermark(watermark: number): void {
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

  #settle(): void {
    this.#parts.table.deselect()
    this.#parts.backend.maintain(MAINTAIN_MS)
  }

  #drain(domain: string, fireSome: () => boolean): void {
    for (let round = 0; fireSome(); round++) {
      if (round < TIMER_ROUNDS_MAX) continue
      const what = `process "${this.#uid}" sets ${domain} timers that are due at once, without end`
      throw new MillraceError('FUNCTION_FAILED', what, {
        cure: 'set timers that lie in the future',
      })
    }
  }
}
