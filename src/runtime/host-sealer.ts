/**
 * Seals blocks in a thread beside that of the records, which is started for the first large
 * snapshot. Should it end, blocks are sealed here, as without it.
 */
import { Worker } from 'node:worker_threads'
import type {
  BlockSealer,
  SealBatch,
  Sealed,
  SealedElsewhere,
  SealOptions,
} from '../state/runs/sealer.ts'
import { entryUrl } from '../util/entry-url.ts'

/** What the thread is asked, and answers: what is stored lies in the memory of the batch. */
export interface SealRequest extends Pick<SealBatch, 'shared' | 'lengths'> {
  readonly id: number
  readonly options: SealOptions
}

export interface SealAnswer {
  readonly id: number
  readonly sealed: readonly SealedElsewhere[]
}

interface Asked {
  readonly batch: SealBatch
  readonly options: SealOptions
  readonly resolve: (sealed: readonly Sealed[]) => void
}

const NAME = 'millrace blocks'

export class ThreadSealer implements BlockSealer {
  readonly fromBytes = 1024 ** 2
  readonly batchBytes = 256 * 1024
  readonly spare: SealBatch[] = []
  readonly #asked = new Map<number, Asked>()
  readonly #entry: URL
  #worker: Worker | undefined
  #hasEnded = false
  #id = 0

  /** @param entry what the thread runs; for tests. */
  constructor(entry = entryUrl(import.meta.url, 'host-sealer-thread')) {
    this.#entry = entry
  }

  seal(batch: SealBatch, options: SealOptions): Promise<readonly Sealed[]> {
    return new Promise((resolve) => {
      const { shared, lengths } = batch
      const request: SealRequest = { id: ++this.#id, shared, lengths, options }
      this.#asked.set(request.id, { batch, options, resolve })
      if (this.#hasEnded) return this.#sealHere()
      const worker = (this.#worker ??= this.#start())
      // Nobody stays alive for it but who waits for an answer.
      worker.ref()
      worker.postMessage(request)
    })
  }

  /** Ends the thread; what it was asked is sealed here. */
  end(): void {
    void this.#worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(this.#entry, { name: NAME })
    worker.on('message', (answer: SealAnswer) => this.#answered(answer))
    worker.on('error', () => undefined) // it ends with that
    worker.on('exit', () => {
      this.#hasEnded = true
      this.#worker = undefined
      this.#sealHere()
    })
    return worker
  }

  #answered({ id, sealed }: SealAnswer): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (this.#asked.size === 0) this.#worker?.unref()
    asked?.resolve(asked.batch.sealed(sealed))
  }

  #sealHere(): void {
    for (const { batch, options, resolve } of this.#asked.values()) resolve(batch.seal(options))
    this.#asked.clear()
  }
}
