/**
 * Watches the workers of an attempt for calls that do not return: an endless loop stops nothing
 * but its own thread, which can then neither answer nor end by itself. Says which operator is on
 * which record, and ends the worker when its time is up.
 */
import type { WorkerSettings } from '../checkpoint/settings.ts'
import { type ErrorData, errorToData, MillraceError } from '../errors.ts'
import type { Clock } from '../util/clock.ts'
import { Heartbeat, type WorkerLook } from './heartbeat.ts'
import type { WorkerPort } from './host.ts'

const TICK_MS = 250
/** A tick that comes late: the master was asleep or had no processor, so its workers had none. */
const TICK_MAX_MS = 2 * TICK_MS
/** A worker that runs JavaScript answers sooner. */
const LOOK_WITHIN_MS = 1_000

/** A worker that is busy with one call, as far as is known. */
export interface StuckWorker {
  readonly worker: number
  /** For how long nothing was heard of it. */
  readonly silentMs: number
  readonly operator?: string
  readonly key?: string
  readonly place?: string
  readonly code?: string
}

export interface WorkerWatchEvents {
  /** It is stuck in one call. */
  stuck(stuck: StuckWorker): void
  /** A worker that was stuck goes on. */
  unstuck(worker: number): void
  /** It is to be ended. */
  end(worker: number, error: ErrorData): void
}

interface Watched {
  readonly worker: number
  readonly port: WorkerPort
  readonly heartbeat: Heartbeat
}

export class WorkerWatch {
  /** While a job starts modules are loaded, which may take its time: nobody is told of it. */
  isRunning = false
  readonly #clock: Clock
  readonly #events: WorkerWatchEvents
  readonly #watched = new Map<number, Watched>()
  readonly #abort = new AbortController()
  #isTicking = false
  /** After how long a worker is ended. */
  #limitMs = Number.POSITIVE_INFINITY
  /** Keys are not to be shown. */
  #hidesKeys = false

  constructor(clock: Clock, events: WorkerWatchEvents) {
    this.#clock = clock
    this.#events = events
  }

  configure({ callTimeoutMs, encryptionKeys }: WorkerSettings): void {
    this.#limitMs = callTimeoutMs
    this.#hidesKeys = encryptionKeys !== undefined
  }

  /** Watches a worker, in place of the former of that number. Hosts may not know of beats. */
  watch(worker: number, port: WorkerPort): void {
    if (port.beats === undefined) return
    this.#watched.set(worker, { worker, port, heartbeat: new Heartbeat(TICK_MAX_MS) })
    if (!this.#isTicking) void this.#tickOn()
  }

  /** The worker is gone. */
  forget(worker: number): void {
    if (this.#watched.get(worker)?.heartbeat.isFound === true) this.#events.unstuck(worker)
    this.#watched.delete(worker)
  }

  close(): void {
    this.#abort.abort()
    for (const worker of this.#watched.keys()) this.forget(worker)
  }

  async #tickOn(): Promise<void> {
    this.#isTicking = true
    const { signal } = this.#abort
    let before = this.#clock.monotonic()
    for (;;) {
      await this.#clock.sleep(TICK_MS, signal)
      if (signal.aborted) return
      const now = this.#clock.monotonic()
      for (const watched of this.#watched.values()) this.#tick(watched, now - before)
      before = now
    }
  }

  #tick(watched: Watched, elapsedMs: number): void {
    const { port, worker, heartbeat } = watched
    const verdict = heartbeat.tick(port.beats?.() ?? 0, elapsedMs)
    if (verdict === 'back') this.#events.unstuck(worker)
    else if (verdict === 'look') void this.#look(watched)
  }

  async #look(watched: Watched): Promise<void> {
    const { port, worker, heartbeat } = watched
    let look: WorkerLook | undefined
    try {
      look = await port.look?.(LOOK_WITHIN_MS)
    } catch {
      // Nobody can look there; it is stuck all the same.
    }
    if (this.#abort.signal.aborted || this.#watched.get(worker) !== watched) return
    const verdict = heartbeat.looked(look, this.#limitMs)
    if (verdict === 'back') this.#events.unstuck(worker)
    else if (verdict === 'found' && this.isRunning) this.#events.stuck(this.#stuck(watched, look))
    else if (verdict === 'end') {
      this.#events.end(worker, errorToData(stuckError(this.#stuck(watched, look))))
    }
  }

  #stuck({ worker, heartbeat }: Watched, look: WorkerLook | undefined): StuckWorker {
    const { progress: _progress, key, ...found } = look ?? { progress: '' }
    const shown = key === undefined || this.#hidesKeys ? {} : { key }
    return { worker, silentMs: Math.round(heartbeat.silentMs), ...found, ...shown }
  }
}

/** `count, key "ann", in loop (/app/job.ts:12) (orders/0, line 7)`. */
export function stuckWhere({ operator, key, place, code }: Omit<StuckWorker, 'worker'>): string {
  const parts = [
    operator ?? 'an unknown place',
    ...(key === undefined ? [] : [`key ${key}`]),
    ...(code === undefined ? [] : [`in ${code}`]),
  ]
  return `${parts.join(', ')}${place === undefined || place === '' ? '' : ` (${place})`}`
}

function stuckError(stuck: StuckWorker): MillraceError {
  const { worker, silentMs, operator, key, place } = stuck
  const seconds = Math.round(silentMs / 1_000)
  const message = `${stuckWhere(stuck)}: a call has not returned for ${seconds} s`
  return new MillraceError('FUNCTION_STUCK', message, { details: { worker, operator, key, place } })
}
