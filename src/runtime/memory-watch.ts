/**
 * Watches what the workers of an attempt hold. The engine bounds the heap of each and ends the one
 * that reaches its limit; buffers lie outside of the heap, where nothing bounds them but the end of
 * the process. So the master asks each thread what it holds there, also one that is busy with a
 * call, and ends the worker that holds too much while the others can still go on.
 */
import { type ErrorData, errorToData, MillraceError } from '../errors.ts'
import type { Clock } from '../util/clock.ts'
import type { WorkerLook } from './heartbeat.ts'
import type { WorkerMemory, WorkerPort } from './host.ts'
import { stuckWhere } from './worker-watch.ts'

const TICK_MS = 200
/** While a worker grows fast, or holds half of what it may. */
const FAST_TICK_MS = 20
const FAST_GROWTH_BYTES = 32 * 1024 ** 2
/** All together may hold so much more than one. */
const TOGETHER = 1.25
/** Of the limit of the heap: from there on it is known what the worker is about. */
const NEAR = 0.75
const LOOK_WITHIN_MS = 500
const LOOK_AGAIN_MS = 5_000

export interface MemoryWatchEvents {
  /** It is to be ended. */
  end(worker: number, error: ErrorData): void
}

interface Watched {
  readonly worker: number
  readonly port: WorkerPort
  /** As it was last said. */
  memory: WorkerMemory
  growthBytes: number
  isAsked: boolean
  look: WorkerLook | undefined
  lookedAtMs: number
}

const NOTHING: WorkerMemory = { heapBytes: 0, outsideBytes: 0 }

/** The worker that holds more outside of its heap than it may, or most of what is too much. */
export function greediest(
  held: ReadonlyMap<number, WorkerMemory>,
  limitBytes: number,
): number | undefined {
  let most: number | undefined
  let [mostBytes, sumBytes] = [0, 0]
  for (const [worker, { outsideBytes }] of held) {
    sumBytes += outsideBytes
    if (outsideBytes <= mostBytes) continue
    most = worker
    mostBytes = outsideBytes
  }
  return mostBytes > limitBytes || sumBytes > limitBytes * TOGETHER ? most : undefined
}

export class MemoryWatch {
  readonly #clock: Clock
  readonly #events: MemoryWatchEvents
  readonly #watched = new Map<number, Watched>()
  readonly #abort = new AbortController()
  /** Keys are not to be shown. */
  #hidesKeys = false
  #isTicking = false

  constructor(clock: Clock, events: MemoryWatchEvents) {
    this.#clock = clock
    this.#events = events
  }

  configure({ encryptionKeys }: { readonly encryptionKeys?: unknown }): void {
    this.#hidesKeys = encryptionKeys !== undefined
  }

  /** Watches a worker, in place of the former of that number. Hosts may know nothing of memory. */
  watch(worker: number, port: WorkerPort): void {
    if (port.memory === undefined) return
    const memory = { memory: NOTHING, growthBytes: 0, isAsked: false }
    this.#watched.set(worker, { worker, port, ...memory, look: undefined, lookedAtMs: -Infinity })
    if (!this.#isTicking) void this.#tickOn()
  }

  forget(worker: number): void {
    this.#watched.delete(worker)
  }

  close(): void {
    this.#abort.abort()
    this.#watched.clear()
  }

  /** Why a worker is gone: with what it was about, if that is known. */
  explained(worker: number, error: ErrorData): ErrorData {
    const look = this.#watched.get(worker)?.look
    if (error.code !== 'WORKER_OUT_OF_MEMORY' || look === undefined) return error
    const { operator, place } = look
    const details = { ...error.details, operator, place }
    return { ...error, message: `${this.#where(look)}: ${error.message}`, details }
  }

  async #tickOn(): Promise<void> {
    this.#isTicking = true
    const { signal } = this.#abort
    while (!signal.aborted) {
      await this.#clock.sleep(this.#isFast ? FAST_TICK_MS : TICK_MS, signal)
      if (signal.aborted) return
      for (const watched of this.#watched.values()) if (!watched.isAsked) void this.#ask(watched)
    }
  }

  get #isFast(): boolean {
    for (const { memory, growthBytes, port } of this.#watched.values()) {
      if (growthBytes > FAST_GROWTH_BYTES) return true
      if (memory.outsideBytes > (port.memoryBytesMax ?? Infinity) / 2) return true
    }
    return false
  }

  async #ask(watched: Watched): Promise<void> {
    watched.isAsked = true
    try {
      await this.#askOnce(watched)
    } finally {
      watched.isAsked = false
    }
  }

  async #askOnce(watched: Watched): Promise<void> {
    const { port, worker } = watched
    let memory: WorkerMemory | undefined
    try {
      memory = await port.memory?.()
    } catch {
      // It is gone, or ends.
    }
    if (memory === undefined || this.#watched.get(worker) !== watched) return
    const former = watched.memory
    watched.growthBytes = held(memory) - held(former)
    watched.memory = memory
    const limitBytes = port.memoryBytesMax ?? Infinity
    if (memory.heapBytes > limitBytes * NEAR) await this.#lookAt(watched)
    const all = new Map([...this.#watched].map(([index, each]) => [index, each.memory]))
    if (greediest(all, limitBytes) === worker) await this.#end(watched, limitBytes)
  }

  /** Near the end it must be known who was at work: later nobody can look. */
  async #lookAt(watched: Watched): Promise<void> {
    const nowMs = this.#clock.monotonic()
    if (nowMs < watched.lookedAtMs + LOOK_AGAIN_MS) return
    watched.lookedAtMs = nowMs
    try {
      watched.look = (await watched.port.look?.(LOOK_WITHIN_MS)) ?? watched.look
    } catch {
      // Nobody can look there.
    }
  }

  async #end(watched: Watched, limitBytes: number): Promise<void> {
    const { worker, memory } = watched
    // The thread stands still while it is looked at, so it gets no further meanwhile.
    watched.lookedAtMs = -Infinity
    await this.#lookAt(watched)
    if (this.#watched.get(worker) !== watched) return
    this.forget(worker)
    const { look } = watched
    const where = look === undefined ? '' : `${this.#where(look)}: `
    const outside = `${mebibytes(memory.outsideBytes)} MiB outside of its heap`
    const limit = `a worker may hold ${mebibytes(limitBytes)} MiB there`
    const message = `${where}worker ${worker} holds ${outside}; ${limit}`
    const { operator, place } = look ?? {}
    const details = { worker, operator, place, bytes: memory.outsideBytes }
    this.#events.end(
      worker,
      errorToData(new MillraceError('WORKER_OUT_OF_MEMORY', message, { details })),
    )
  }

  #where({ progress: _progress, key, ...look }: WorkerLook): string {
    return stuckWhere({
      silentMs: 0,
      ...look,
      ...(this.#hidesKeys || key === undefined ? {} : { key }),
    })
  }
}

const held = ({ heapBytes, outsideBytes }: WorkerMemory): number => heapBytes + outsideBytes

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 ** 2)
}
