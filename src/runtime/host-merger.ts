/**
 * Merges runs in a thread beside that of the records, which is started for the first large merge.
 * Should it end, whoever waits is told that nobody knows, and later merges are made without it.
 */
import { Worker } from 'node:worker_threads'
import { type ErrorData, errorFromData } from '../errors.ts'
import type { MergeOrder, RunMerger } from '../state/runs/merger.ts'
import type { RunReference } from '../state/snapshot.ts'
import { entryUrl } from '../util/entry-url.ts'

/** What the thread is told. */
export type MergeRequest =
  | { readonly kind: 'merge'; readonly id: number; readonly order: MergeOrder }
  | { readonly kind: 'cancel'; readonly id: number }

/** What it answers; neither run nor error: it was cancelled. */
export interface MergeAnswer {
  readonly id: number
  readonly run?: RunReference
  readonly error?: ErrorData
}

type Settle = (answer: Omit<MergeAnswer, 'id'>) => void

const NAME = 'millrace merges'

export class ThreadMerger implements RunMerger {
  readonly fromBytes = 1024 ** 2
  readonly #asked = new Map<number, Settle>()
  readonly #entry: URL
  #worker: Worker | undefined
  #hasEnded = false
  #id = 0

  /** @param entry what the thread runs; for tests. */
  constructor(entry = entryUrl(import.meta.url, 'host-merger-thread')) {
    this.#entry = entry
  }

  async merge(order: MergeOrder, signal: AbortSignal): Promise<RunReference | undefined> {
    signal.throwIfAborted()
    if (this.#hasEnded) return undefined
    const worker = (this.#worker ??= this.#start())
    const id = ++this.#id
    const cancel = (): void => worker.postMessage({ kind: 'cancel', id } satisfies MergeRequest)
    signal.addEventListener('abort', cancel, { once: true })
    // Nobody stays alive for it but who waits for an answer.
    worker.ref()
    const { run, error } = await new Promise<Omit<MergeAnswer, 'id'>>((resolve) => {
      this.#asked.set(id, resolve)
      worker.postMessage({ kind: 'merge', id, order } satisfies MergeRequest)
    })
    signal.removeEventListener('abort', cancel)
    signal.throwIfAborted()
    if (error !== undefined) throw errorFromData(error)
    return run
  }

  /** Ends the thread; what it was asked is nobody's. */
  end(): void {
    void this.#worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(this.#entry, { name: NAME })
    worker.on('message', ({ id, ...answer }: MergeAnswer) => this.#settle(id, answer))
    worker.on('error', () => undefined) // it ends with that
    worker.on('exit', () => {
      this.#hasEnded = true
      this.#worker = undefined
      for (const id of this.#asked.keys()) this.#settle(id, {})
    })
    return worker
  }

  #settle(id: number, answer: Omit<MergeAnswer, 'id'>): void {
    const settle = this.#asked.get(id)
    this.#asked.delete(id)
    if (this.#asked.size === 0) this.#worker?.unref()
    settle?.(answer)
  }
}
