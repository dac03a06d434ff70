/**
 * How authors make sinks: `sink({...})` for writes that are visible at once (at-least-once), and
 * `twoPhaseCommitSink({...})` for output that becomes visible exactly when its checkpoint is
 * complete. Both check the definition here and give it the engine's shape.
 */
import { isMillraceError, MillraceError, messageOf } from '../errors.ts'
import { sinkBrand } from '../operators/sink.ts'
import type {
  CommitOutcome,
  CommitRequest,
  CommitScope,
  Committer,
  Sink,
  SinkWriter,
  WriterContext,
} from '../operators/sink.ts'
import { dynamicType } from '../types/dynamic.ts'
import type { Type } from '../types/type.ts'
import { checkFunction, checkOptions, invalidOption } from './options.ts'

type MaybePromise<R> = R | Promise<R>

export interface SinkDefinition<T, R> {
  /** For logs and the plan. Default: `sink`. */
  readonly name?: string
  /** Acquires what `write` needs (a connection), once per subtask. */
  readonly open?: (context: WriterContext) => MaybePromise<R>
  /** Writes records in order; resolves when more may come. */
  readonly write: (
    values: readonly T[],
    resource: R,
    timestamps: Float64Array,
  ) => MaybePromise<void>
  /** Called at each checkpoint: what was written before must be safe when it resolves. */
  readonly flush?: (resource: R) => MaybePromise<void>
  readonly close?: (resource: R) => MaybePromise<void>
}

/**
 * A sink whose writes are visible at once. After a failure records may be written again.
 *
 * @throws `CONFIG_INVALID` and `CONFIG_UNKNOWN_OPTION` for a definition that cannot work.
 * @example
 * sink({ write: async (rows) => { await database.insert(rows) } })
 */
export function sink<T, R = undefined>(definition: SinkDefinition<T, R>): Sink<T, never> {
  checkOptions('sink()', definition, ['name', 'open', 'write', 'flush', 'close'])
  const { name = 'sink' } = definition
  const what = `sink "${name}"`
  checkFunction(what, 'write', definition.write)
  for (const option of ['open', 'flush', 'close'] as const) {
    if (definition[option] !== undefined) checkFunction(what, option, definition[option])
  }
  return Object.freeze<Sink<T, never>>({
    [sinkBrand]: true,
    name,
    guarantee: 'at-least-once',
    committable: dynamicType<never>(),
    async createWriter(context) {
      // Without open() there is no resource, and R is undefined by its default.
      const resource = (await definition.open?.(context)) as R
      let closed = false
      return {
        write: (values, timestamps) => definition.write(values, resource, timestamps),
        async prepareCommit() {
          await definition.flush?.(resource)
          return []
        },
        async [Symbol.asyncDispose]() {
          if (closed) return
          closed = true
          await definition.close?.(resource)
        },
      }
    },
  })
}

/** A writer as authors write it. */
export interface TwoPhaseWriter<T, C> {
  /** Takes records in order; resolves when more may come. */
  write(values: readonly T[], timestamps: Float64Array): MaybePromise<void>
  /** Makes what was written safe, and says how to make it visible; empty if there is nothing. */
  prepareCommit(scope: CommitScope): MaybePromise<readonly C[]>
  /** Lets go of what is not prepared; what `prepareCommit` returned must stay. */
  [Symbol.asyncDispose]?(): Promise<void>
}

/** A committer as authors write it. */
export interface TwoPhaseCommitter<C> {
  /**
   * Makes one committable visible. May be called again for the same one after a crash and must
   * then find it done. Returning nothing means `committed`; `retry` asks to be called later.
   */
  commit(request: CommitRequest<C>): MaybePromise<CommitOutcome | undefined | void>
  /** Takes back what a commit made visible; leave it out if that cannot be done. */
  withdraw?(request: CommitRequest<C>): MaybePromise<void>
  [Symbol.asyncDispose]?(): Promise<void>
}

export interface TwoPhaseDefinition<T, C> {
  /** For logs and the plan. Default: `sink`. */
  readonly name?: string
  /** Type of what `prepareCommit` returns; it is kept in checkpoints. Default: any plain value. */
  readonly committable?: Type<C>
  /**
   * How long a writer lives. `checkpoint` (the default): a new one is made for the first record
   * after each `prepareCommit`, with the number of that checkpoint in its scope. `subtask`: one for
   * all.
   */
  readonly writerLifetime?: 'checkpoint' | 'subtask'
  /** True if the committer has `withdraw`. */
  readonly canWithdraw?: boolean
  /**
   * True if `recover` takes back visible output of its lineage that is newer than its scope's
   * checkpoint, without a committable that names it: damage may have taken that.
   */
  readonly findsNewerOutput?: boolean
  readonly createWriter: (context: WriterContext) => MaybePromise<TwoPhaseWriter<T, C>>
  readonly createCommitter: (context: WriterContext) => MaybePromise<TwoPhaseCommitter<C>>
  /** Removes leftovers of dead attempts, before records flow; never what is in `alive`. */
  readonly recover?: (context: WriterContext, alive: readonly C[]) => MaybePromise<void>
}

const TWO_PHASE_OPTIONS: readonly (keyof TwoPhaseDefinition<unknown, unknown>)[] = [
  'name',
  'committable',
  'writerLifetime',
  'canWithdraw',
  'findsNewerOutput',
  'createWriter',
  'createCommitter',
  'recover',
]

/**
 * A sink whose output becomes visible exactly once, when its checkpoint is complete.
 *
 * @throws `CONFIG_INVALID` and `CONFIG_UNKNOWN_OPTION` for a definition that cannot work.
 * @example
 * twoPhaseCommitSink<string, { pending: string; final: string }>({
 *   createWriter: ({ subtaskIndex, scope }) => openPart(subtaskIndex, scope.checkpointId),
 *   createCommitter: () => ({
 *     commit: ({ committable }) => renameUnlessDone(committable.pending, committable.final),
 *   }),
 * })
 */
export function twoPhaseCommitSink<T, C>(definition: TwoPhaseDefinition<T, C>): Sink<T, C> {
  checkOptions('twoPhaseCommitSink()', definition, TWO_PHASE_OPTIONS)
  const { name = 'sink', writerLifetime = 'checkpoint', recover } = definition
  const { canWithdraw = false, findsNewerOutput = false } = definition
  const what = `sink "${name}"`
  checkFunction(what, 'createWriter', definition.createWriter)
  checkFunction(what, 'createCommitter', definition.createCommitter)
  if (recover !== undefined) checkFunction(what, 'recover', recover)
  if (writerLifetime !== 'checkpoint' && writerLifetime !== 'subtask') {
    throw invalidOption(what, 'writerLifetime', writerLifetime, '"checkpoint" or "subtask"')
  }
  return Object.freeze<Sink<T, C>>({
    [sinkBrand]: true,
    name,
    guarantee: 'exactly-once',
    committable: definition.committable ?? dynamicType<C>(),
    canWithdraw,
    findsNewerOutput,
    async createWriter(context) {
      const first =
        writerLifetime === 'subtask' ? await definition.createWriter(context) : undefined
      return new TwoPhaseWriterHost(definition, context, first)
    },
    createCommitter: async (context) =>
      hostCommitter(what, await definition.createCommitter(context), canWithdraw),
    ...(recover === undefined
      ? {}
      : {
          async recover(context: WriterContext, alive: readonly C[]) {
            await recover(context, alive)
          },
        }),
  })
}

/** Gives each checkpoint a writer of its own, unless there is one for the whole life. */
class TwoPhaseWriterHost<T, C> implements SinkWriter<T, C> {
  readonly #definition: TwoPhaseDefinition<T, C>
  readonly #lasting: boolean
  #context: WriterContext
  #writer: TwoPhaseWriter<T, C> | undefined
  /** Prepared, but not yet handed over: kept if closing the writer fails. */
  #prepared: C[] = []

  constructor(
    definition: TwoPhaseDefinition<T, C>,
    context: WriterContext,
    lasting: TwoPhaseWriter<T, C> | undefined,
  ) {
    this.#definition = definition
    this.#context = context
    this.#writer = lasting
    this.#lasting = lasting !== undefined
  }

  write(values: readonly T[], timestamps: Float64Array): void | Promise<void> {
    if (this.#writer !== undefined) return this.#writer.write(values, timestamps)
    return this.#writeFirst(values, timestamps)
  }

  async #writeFirst(values: readonly T[], timestamps: Float64Array): Promise<void> {
    this.#writer = await this.#definition.createWriter(this.#context)
    await this.#writer.write(values, timestamps)
  }

  async prepareCommit(scope: CommitScope): Promise<readonly C[]> {
    this.#context = { ...this.#context, scope }
    const writer = this.#writer
    if (writer !== undefined) {
      this.#prepared.push(...(await writer.prepareCommit(scope)))
      if (!this.#lasting) {
        this.#writer = undefined
        await writer[Symbol.asyncDispose]?.()
      }
    }
    const prepared = this.#prepared
    this.#prepared = []
    return prepared
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await writer?.[Symbol.asyncDispose]?.()
  }
}

function hostCommitter<C>(
  what: string,
  committer: TwoPhaseCommitter<C>,
  canWithdraw: boolean,
): Committer<C> {
  if (canWithdraw !== (committer.withdraw !== undefined)) {
    throw new MillraceError('CONFIG_INVALID', `${what}: canWithdraw is ${canWithdraw}`, {
      cure: 'set canWithdraw to true exactly if the committer has withdraw',
    })
  }
  return {
    async commit(request) {
      try {
        return (await committer.commit(request)) ?? 'committed'
      } catch (error) {
        throw commitFailed(what, request, error)
      }
    },
    ...(committer.withdraw === undefined
      ? {}
      : {
          async withdraw(request: CommitRequest<C>) {
            await committer.withdraw?.(request)
          },
        }),
    async [Symbol.asyncDispose]() {
      await committer[Symbol.asyncDispose]?.()
    },
  }
}

function commitFailed(what: string, request: CommitRequest<unknown>, error: unknown): unknown {
  if (isMillraceError(error)) return error
  const { checkpointId } = request.scope
  return new MillraceError(
    'CONNECTOR_FAILED',
    `${what}: committing checkpoint ${checkpointId} failed: ${messageOf(error)}`,
    { cause: error, details: { checkpointId, attempt: request.attempt } },
  )
}
