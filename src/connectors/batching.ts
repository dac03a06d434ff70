/**
 * Turns what an author's `read` yields into batches: whole batches pass as they are, single records
 * are put together as long as the next one is there without waiting, so that a lone record is never
 * held back for others. Reading ends at once when the signal aborts, also if the author's iterable
 * does not listen to it.
 */
import type { SourceBatch, SourceContext } from '../operators/source.ts'

/** One record, and the position from which reading goes on after it. */
export interface SourceRecord<T, Position> {
  readonly value: T
  readonly position: Position
}

export type SourceItem<T, Position> = SourceBatch<T, Position> | SourceRecord<T, Position>

const BATCH_RECORDS_MAX = 1_000

/** Reads `items` to its end, or until `context.signal` aborts; then it ends without an error. */
export async function* batches<T, Position>(
  items: AsyncIterable<SourceItem<T, Position>>,
  context: SourceContext,
): AsyncGenerator<SourceBatch<T, Position>, void, undefined> {
  const iterator = items[Symbol.asyncIterator]()
  const waiter = new Waiter<IteratorResult<SourceItem<T, Position>>>(context.signal)
  let next: Promise<IteratorResult<SourceItem<T, Position>>> | undefined
  try {
    for (;;) {
      next ??= iterator.next()
      const first = await waiter.settled(next)
      next = undefined
      if (first === undefined || first.done === true) return
      if ('values' in first.value) {
        yield first.value
        continue
      }
      const values = [first.value.value]
      let { position } = first.value
      // Whatever settles before pending I/O gets its turn was there without waiting.
      const pause = context.clock.yield()
      while (values.length < BATCH_RECORDS_MAX) {
        next = iterator.next()
        // A failure comes up again in the next round, after what was read before it.
        const result = await waiter.settled(next, pause).catch(() => undefined)
        if (result === undefined || result.done === true || 'values' in result.value) break
        values.push(result.value.value)
        position = result.value.position
        next = undefined
      }
      yield { values, position }
    }
  } finally {
    waiter.close()
    // A generator that still waits would keep us waiting too: it is told to end, not waited for.
    const ended = Promise.resolve(iterator.return?.())
    if (next === undefined && !context.signal.aborted) await ended
    else ended.catch(() => undefined)
    next?.catch(() => undefined)
  }
}

/**
 * Waits for one of many promises, one after the other, or for the abort of one signal. The signal
 * has one listener for all of them: racing each promise against it would pile up reactions.
 */
class Waiter<R> {
  readonly #signal: AbortSignal
  #wake: (() => void) | undefined

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this.#onAbort)
  }

  /** The result of `promise`; undefined if the signal aborts or `pause` resolves before it. */
  settled(promise: Promise<R>, pause?: Promise<void>): Promise<R | undefined> {
    if (this.#signal.aborted) return Promise.resolve(undefined)
    return new Promise((resolve, reject) => {
      const wake = () => resolve(undefined)
      this.#wake = wake
      promise.then(resolve, reject)
      pause?.then(wake, reject)
    })
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
  }

  readonly #onAbort = () => this.#wake?.()
}
