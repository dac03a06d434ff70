/**
 * A source that a test feeds: what is sent stays there, as in a log, so that it is read again after
 * a crash. Each `send` is one batch; watermarks are made after a batch.
 */
import { MillraceError } from '../../errors.ts'
import { sourceBrand } from '../../operators/source.ts'
import type { Source, SourceBatch, SourceContext, Split } from '../../operators/source.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'

/** One source of the job under test. */
export interface ScriptedSource<T> {
  /** Hands records over and waits until the job has worked them off. */
  send(...values: readonly T[]): Promise<void>
  /** As `send`, to another split: splits are read in order each, have watermarks of their own. */
  sendTo(split: number, ...values: readonly T[]): Promise<void>
  /** The end of input of all splits. */
  end(): Promise<void>
}

interface Log {
  readonly batches: (readonly unknown[])[]
  isEnded: boolean
  readonly readers: Set<() => void>
}

export class Script implements ScriptedSource<unknown> {
  readonly source: Source<unknown, number>
  readonly #uid: string
  readonly #type: Type<unknown>
  readonly #logs: readonly Log[]
  readonly #settle: () => Promise<void>

  /** @param original the source that this one stands for */
  constructor(uid: string, original: Source<unknown>, splits: number, settle: () => Promise<void>) {
    this.#uid = uid
    this.#type = original.type
    this.#settle = settle
    this.#logs = Array.from({ length: splits }, () => {
      return { batches: [], isEnded: false, readers: new Set<() => void>() }
    })
    const { malformedTag, type } = original
    this.source = Object.freeze<Source<unknown, number>>({
      [sourceBrand]: true,
      name: 'script',
      type,
      position: t.float64,
      replayable: true,
      bounded: true,
      readsAllSplits: true, // each waits until the test sends or ends
      ...(malformedTag === undefined ? {} : { malformedTag }),
      discover: async () => this.#logs.map((_, split) => ({ id: `split-${split}` })),
      read: (split: Split, from: number | undefined, context: SourceContext) =>
        read(this.#log(Number(split.id.slice('split-'.length))), from ?? 0, context),
    })
  }

  send(...values: readonly unknown[]): Promise<void> {
    return this.sendTo(0, ...values)
  }

  async sendTo(split: number, ...values: readonly unknown[]): Promise<void> {
    const log = this.#log(split)
    if (log.isEnded) {
      throw new MillraceError('CONFIG_INVALID', `source "${this.#uid}" has ended already`, {
        cure: 'send before end()',
      })
    }
    if (values.length > 0) log.batches.push(values.map((value) => this.#type.isolate(value)))
    wake(log)
    await this.#settle()
  }

  async end(): Promise<void> {
    this.endNow()
    await this.#settle()
  }

  /** The end of input, without waiting. */
  endNow(): void {
    for (const log of this.#logs) {
      log.isEnded = true
      wake(log)
    }
  }

  #log(split: number): Log {
    const log = this.#logs[split]
    if (log !== undefined) return log
    const message = `source "${this.#uid}" has no split ${split}, but ${this.#logs.length} in all`
    throw new MillraceError('CONFIG_INVALID', message, { cure: 'see the option splits' })
  }
}

function wake({ readers }: Log): void {
  for (const reader of readers) reader()
}

async function* read(
  log: Log,
  from: number,
  { signal }: SourceContext,
): AsyncGenerator<SourceBatch<unknown, number>> {
  // Restored from another harness: what was read there is not here.
  while (log.batches.length < from) log.batches.push([])
  for (let position = from; !signal.aborted;) {
    if (position < log.batches.length) {
      const values = required(log.batches[position], 'a batch below the length')
      position++
      yield { values, position }
    } else if (log.isEnded) return
    else await more(log, signal)
  }
}

function more({ readers }: Log, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      readers.delete(done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    readers.add(done)
    signal.addEventListener('abort', done)
  })
}
