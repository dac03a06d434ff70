/**
 * A sink that keeps what it gets, for the test to look at: exactly-once, as a file would be. What a
 * killed process had written and not made part of a checkpoint is gone.
 */
import { NO_TIMESTAMP } from '../../operators/operator.ts'
import { sinkBrand } from '../../operators/sink.ts'
import type { CommitScope, Sink, WriterContext } from '../../operators/sink.ts'
import type { Timestamp } from '../../operators/functions.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import { systemRandom } from '../../util/random.ts'

/** A record as a sink got it. */
export interface Recorded<T> {
  readonly value: T
  readonly timestamp: Timestamp | undefined
}

interface Entry extends Recorded<unknown> {
  /** Of the committable that it belongs to, once a checkpoint holds it. */
  part: string | undefined
  isCommitted: boolean
  /** Of the attempt that wrote it. */
  readonly leaderEpoch: number
  readonly subtaskIndex: number
}

export class Recording {
  readonly sink: Sink<unknown, string>
  readonly #type: Type<unknown>
  #entries: Entry[] = []

  /** @param type of the records that come in */
  constructor(type: Type<unknown>) {
    this.#type = type
    this.sink = Object.freeze<Sink<unknown, string>>({
      [sinkBrand]: true,
      name: 'recording',
      guarantee: 'exactly-once',
      committable: t.string,
      canWithdraw: true,
      createWriter: (context: WriterContext) => Promise.resolve(this.#writer(context)),
      createCommitter: () => Promise.resolve(this.#committer()),
      // What no checkpoint has made part of the job's history will be written again.
      recover: async ({ scope }: WriterContext, alive: readonly string[]) => {
        this.#keep(({ part, isCommitted, leaderEpoch }) => {
          if (isCommitted || leaderEpoch === scope.leaderEpoch) return true
          return part !== undefined && alive.includes(part)
        })
      },
    })
  }

  get all(): readonly Recorded<unknown>[] {
    return this.#entries.map(({ value, timestamp }) => ({ value, timestamp }))
  }

  get committed(): readonly unknown[] {
    return this.#entries.filter(({ isCommitted }) => isCommitted).map(({ value }) => value)
  }

  #writer({ signal, subtaskIndex, scope: { leaderEpoch } }: WriterContext) {
    let open: Entry[] = []
    // A subtask that begins anew has committed what its checkpoint holds; the rest comes again.
    this.#keep((entry) => {
      if (entry.isCommitted || entry.leaderEpoch !== leaderEpoch) return true
      return entry.subtaskIndex !== subtaskIndex
    })
    return {
      write: (values: readonly unknown[], timestamps: Float64Array): void => {
        if (signal.aborted) return
        for (const [index, value] of values.entries()) {
          const time = timestamps[index] ?? NO_TIMESTAMP
          const timestamp = time === NO_TIMESTAMP ? undefined : time
          const isolated = this.#type.isolate(value)
          const written = { value: isolated, timestamp, leaderEpoch, subtaskIndex }
          const entry: Entry = { ...written, part: undefined, isCommitted: false }
          open.push(entry)
          this.#entries.push(entry)
        }
      },
      prepareCommit: async (_scope: CommitScope): Promise<readonly string[]> => {
        if (open.length === 0) return []
        const part = systemRandom().id()
        for (const entry of open) entry.part = part
        open = []
        return [part]
      },
      async [Symbol.asyncDispose](): Promise<void> {},
    }
  }

  #committer() {
    return {
      commit: async ({ committable }: { readonly committable: string }) => {
        for (const entry of this.#entries) if (entry.part === committable) entry.isCommitted = true
        return 'committed' as const
      },
      withdraw: async ({ committable }: { readonly committable: string }): Promise<void> => {
        this.#keep(({ part }) => part !== committable)
      },
      async [Symbol.asyncDispose](): Promise<void> {},
    }
  }

  #keep(isKept: (entry: Entry) => boolean): void {
    this.#entries = this.#entries.filter(isKept)
  }
}
