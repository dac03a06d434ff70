/**
 * One sink in one subtask: its writer behind the pump, and its committables from the barrier until
 * they are committed. What is not committed yet is in every checkpoint, so a crash between the
 * manifest and the commit only repeats the commit.
 */
import { errorToData, isMillraceError, MillraceError } from '../errors.ts'
import type { SinkNode } from '../graph/job-graph.ts'
import type { CommitScope, Committer, WriterContext } from '../operators/sink.ts'
import type { OperatorStateEntry } from '../state/snapshot.ts'
import type { Scratch } from '../storage/scratch.ts'
import { ByteReader, ByteWriter } from '../util/bytes.ts'
import { required } from '../util/assert.ts'
import type { WorkerHost } from './host.ts'
import type { CapturedChannel, ChannelInput } from './exchange/in-flight.ts'
import { SinkPump } from './sink-pump.ts'
import type { RestoredRecord } from './in-flight-restore.ts'

const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 10_000

interface Pending {
  readonly scope: CommitScope
  readonly committable: unknown
}

/** Committables of the former run: those this subtask commits, and those of the whole sink. */
export interface RestoredCommittables {
  readonly own: readonly OperatorStateEntry[]
  readonly all: readonly OperatorStateEntry[]
  /** Of checkpoints that were left behind: their output is taken back. */
  readonly withdraw: readonly OperatorStateEntry[]
  /** Only the region of this subtask starts anew; others of the sink may be writing. */
  readonly isRegionRestart?: boolean
  /** Values that the barrier had overtaken. */
  readonly waiting: WaitingValues
}

export interface WaitingValues {
  readonly records: readonly RestoredRecord[]
  /** Another subtask may have newer values of the same keys: these are written before it begins. */
  readonly mustBeWritten: boolean
}

export interface SinkRunnerOptions {
  readonly node: SinkNode
  readonly operatorId: number
  readonly scope: CommitScope
  /** What another job had not committed yet when its snapshot was claimed is committed here. */
  readonly claimedLineage: string | undefined
  readonly subtaskIndex: number
  /** What its values are saved as when a barrier overtakes them. */
  readonly input: ChannelInput
  readonly host: WorkerHost
  readonly scratch: Scratch
  readonly memoryBytesMax: number
  readonly valuesFull: number
  /** Its writer leaves nothing on a disk that can be read before it is committed. */
  readonly isEncrypted: boolean
  readonly signal: AbortSignal
}

export class SinkRunner {
  readonly node: SinkNode
  readonly #options: SinkRunnerOptions
  readonly #context: WriterContext
  #pump: SinkPump | undefined
  #committer: Committer<unknown> | undefined
  #pending: Pending[] = []

  constructor(options: SinkRunnerOptions) {
    this.node = options.node
    this.#options = options
    this.#context = {
      scope: options.scope,
      uid: options.node.uid,
      subtaskIndex: options.subtaskIndex,
      clock: options.host.clock,
      signal: options.signal,
      isEncrypted: options.isEncrypted,
    }
  }

  get pump(): SinkPump {
    return required(this.#pump, `sink "${this.node.uid}" is not open`)
  }

  /** Takes over the committables of the former run and commits them before anything is written. */
  async open(restored: RestoredCommittables): Promise<void> {
    const { node, host, scratch, memoryBytesMax, valuesFull, scope, claimedLineage } = this.#options
    const { sink } = node
    const decode = (entries: readonly OperatorStateEntry[]): Pending[] =>
      entries
        .map((entry) => this.#decode(entry.value))
        .filter(({ scope: { lineage } }) => [scope.lineage, claimedLineage].includes(lineage))
    this.#pending = decode(restored.own)
    this.#committer = await sink.createCommitter?.(this.#context)
    if (this.#options.subtaskIndex === 0 && restored.isRegionRestart !== true) {
      await this.#withdraw(decode(restored.withdraw))
      const alive = decode(restored.all).map((pending) => pending.committable)
      await sink.recover?.(this.#context, alive)
    }
    await this.commit(Number.POSITIVE_INFINITY)
    const writer = await sink.createWriter(this.#context)
    this.#pump = new SinkPump({
      writer,
      type: node.inputs[0]?.type ?? node.outputType,
      scratch,
      name: `sink-${node.id}`,
      memoryBytesMax,
      valuesFull,
      wake: () => host.wake(),
    })
    for (const { value, timestamp } of restored.waiting.records) {
      this.#pump.collect(value, timestamp)
    }
    if (restored.waiting.mustBeWritten) await this.#pump.drained()
  }

  /** Takes back what checkpoints newer than the restored one made visible. */
  async #withdraw(pending: readonly Pending[]): Promise<void> {
    for (const { scope, committable } of pending) {
      if (scope.checkpointId <= this.#options.scope.checkpointId) continue
      await this.#committer?.withdraw?.({ committable, scope, attempt: 1 })
    }
  }

  /** Called at the barrier; resolves when what was written before it is safe. */
  async barrier(checkpointId: number): Promise<readonly OperatorStateEntry[]> {
    const scope = { ...this.#options.scope, checkpointId }
    const committables = await this.pump.barrier(scope)
    // Only now: those of a checkpoint that is under way as well were given just before.
    const older = [...this.#pending]
    const fresh = committables.map((committable) => ({ scope, committable }))
    this.#pending.push(...fresh)
    return [...older, ...fresh].map((pending, index) => ({
      operatorId: this.#options.operatorId,
      kind: 'committable',
      name: String(index),
      value: this.#encode(pending),
    }))
  }

  /** A barrier waits in the pump for values before it. */
  holds(checkpointId: number): boolean {
    return this.pump.holds(checkpointId)
  }

  /** Lets the barrier overtake what the writer has not been given; gives that. */
  overtake(checkpointId: number): readonly CapturedChannel[] {
    const frames = this.pump.overtake(checkpointId) ?? []
    if (frames.length === 0) return []
    const { subtaskIndex: at, input } = this.#options
    return [{ input, from: at, to: at, part: 'sink', base: undefined, frames }]
  }

  /** Commits everything up to a complete checkpoint, however often it takes. */
  async commit(checkpointId: number): Promise<void> {
    const committer = this.#committer
    if (committer === undefined) return
    const due = this.#pending.filter((pending) => pending.scope.checkpointId <= checkpointId)
    for (const pending of due) {
      await this.#commitOne(committer, pending)
      this.#pending = this.#pending.filter((other) => other !== pending)
    }
  }

  async close(): Promise<void> {
    try {
      await this.#pump?.close()
    } finally {
      await this.#committer?.[Symbol.asyncDispose]()
    }
  }

  async #commitOne(committer: Committer<unknown>, pending: Pending): Promise<void> {
    const { host, signal } = this.#options
    for (let attempt = 1, delayMs = RETRY_FIRST_MS; ; attempt++) {
      signal.throwIfAborted()
      const before = host.at('before-commit')
      if (before !== undefined) await before
      if ((await committer.commit({ ...pending, attempt })) === 'committed') {
        const after = host.at('after-commit')
        if (after !== undefined) await after
        return
      }
      await host.clock.sleep(delayMs, signal)
      delayMs = Math.min(RETRY_MAX_MS, delayMs * 2)
    }
  }

  #encode({ scope, committable }: Pending): Uint8Array {
    const out = new ByteWriter()
    out.string(scope.jobName)
    out.string(scope.lineage)
    out.varuint(scope.leaderEpoch)
    out.varuint(scope.checkpointId)
    this.node.sink.committable.write(committable, out)
    return out.copy()
  }

  #decode(bytes: Uint8Array): Pending {
    const input = new ByteReader(bytes)
    const scope: CommitScope = {
      jobName: input.string(),
      lineage: input.string(),
      leaderEpoch: input.varuint(),
      checkpointId: input.varuint(),
    }
    return { scope, committable: this.node.sink.committable.read(input) }
  }
}

/** The failure of a sink's writer, with the place. */
export function sinkFailure({ node }: SinkRunner, error: unknown): unknown {
  if (isMillraceError(error)) return error
  const message = `sink "${node.uid}": ${errorToData(error).message}`
  const details = { operator: node.uid }
  return new MillraceError('CONNECTOR_FAILED', message, { cause: error, details })
}
