/**
 * Seals blocks in a thread beside that of the records, which is started for the first large
 * snapshot. Should it end, blocks are sealed here, as without it.
 */
import { Worker } from 'node:worker_threads'
import { type BlockSealer, seal, type Sealed, type SealOptions } from '../state/runs/sealer.ts'
import { entryUrl } from '../util/entry-url.ts'

/** What the thread is asked, and answers; a block that did not shrink is not sent back. */
export interface SealRequest {
  readonly id: number
  readonly blocks: readonly Uint8Array[]
  readonly options: SealOptions
}

export interface SealAnswer {
  readonly id: number
  readonly sealed: readonly (Omit<Sealed, 'stored'> & { readonly stored: Uint8Array | undefined })[]
}

interface Asked {
  readonly request: SealRequest
  readonly resolve: (sealed: readonly Sealed[]) => void
}

const NAME = 'millrace blocks'

export class ThreadSealer implements BlockSealer {
  readonly fromBytes = 1024 ** 2
  readonly batchBytes = 256 * 1024
  readonly #asked = new Map<number, Asked>()
  readonly #entry: URL
  #worker: Worker | undefined
  #hasEnded = false
  #id = 0

  /** @param entry what the thread runs; for tests. */
  constructor(entry = entryUrl(import.meta.url, 'host-sealer-thread')) {
    this.#entry = entry
  }

  seal(blocks: readonly Uint8Array[], options: SealOptions): Promise<readonly Sealed[]> {
    return new Promise((resolve) => {
      const request = { id: ++this.#id, blocks, options }
      this.#asked.set(request.id, { request, resolve })
      if (this.#hasEnded) return this.#sealHere()
      const worker = (this.#worker ??= this.#start())
      // Nobody stays alive for it but who waits for an answer.
      worker.ref()
      worker.postMessage(request)
    })
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
    const blocks = asked?.request.blocks ?? []
    const whole = sealed.map((each, index) => {
      const block = blocks[index] as Uint8Array // an answer has as many as its request
      return { ...each, stored: each.stored ?? block }
    })
    asked?.resolve(whole)
  }

  #sealHere(): void {
    for (const { request, resolve } of this.#asked.values()) {
      resolve(request.blocks.map((block) => seal(block, request.options)))
    }
    this.#asked.clear()
  }
}
