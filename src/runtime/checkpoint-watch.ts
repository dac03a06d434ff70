/**
 * Where a task is in the checkpoints that it has not acknowledged yet: for `status`, for messages
 * of slow and failed checkpoints, and for the figures in the manifest. Kept up at a handful of
 * moments per checkpoint; who asks pays for the rest.
 */
import type { TaskProgress } from '../checkpoint/messages.ts'
import type { TaskParts } from './task-parts.ts'

interface Watched {
  readonly checkpointId: number
  /** When the master's trigger came, or the barrier if that was earlier. */
  readonly triggeredAtMs: number
  /** When the first barrier came. */
  startedAtMs: number
  cutAtMs: number | undefined
  readonly unsafeSinks: Set<string>
  /** When the output of all sinks was safe. */
  safeAtMs: number | undefined
}

/** How long a task took for parts of its checkpoint. */
export interface WatchedTimes {
  readonly startDelayMs: number
  readonly sinkMs: number
}

export class CheckpointWatch {
  readonly #parts: TaskParts
  #open: readonly Watched[] = []
  /** A barrier may be faster than the trigger that tells of it. */
  #endedId = -1

  constructor(parts: TaskParts) {
    this.#parts = parts
  }

  triggered(checkpointId: number): void {
    if (checkpointId > this.#endedId) this.#watched(checkpointId)
  }

  /** @param committables of the task's sinks, in their order: settled when the output is safe. */
  cut(checkpointId: number, alignmentMs: number, committables: readonly Promise<unknown>[]): void {
    const watched = this.#watched(checkpointId)
    const nowMs = this.#nowMs
    watched.startedAtMs = Math.max(watched.triggeredAtMs, nowMs - alignmentMs)
    watched.cutAtMs = nowMs
    if (committables.length === 0) watched.safeAtMs = nowMs
    for (const [index, committable] of committables.entries()) {
      const uid = this.#parts.sinks[index]?.node.uid ?? ''
      watched.unsafeSinks.add(uid)
      const isSafe = (): void => {
        watched.unsafeSinks.delete(uid)
        if (watched.unsafeSinks.size === 0) watched.safeAtMs = this.#nowMs
      }
      committable.then(isSafe, isSafe) // whoever awaits it sees the failure
    }
  }

  /** The task's part is written, or declined. */
  acknowledged(checkpointId: number): WatchedTimes {
    const { triggeredAtMs, startedAtMs, cutAtMs, safeAtMs } = this.#watched(checkpointId)
    this.ended(checkpointId)
    const sinkMs = (safeAtMs ?? 0) - (cutAtMs ?? 0)
    return { startDelayMs: startedAtMs - triggeredAtMs, sinkMs: Math.max(0, sinkMs) }
  }

  /** Acknowledged or given up. */
  ended(checkpointId: number): void {
    this.#endedId = Math.max(this.#endedId, checkpointId)
    this.#open = this.#open.filter((watched) => watched.checkpointId !== checkpointId)
  }

  /**
   * Of each checkpoint under way, oldest first.
   *
   * @param heldId the checkpoint whose barrier waits for the fate of a former one.
   */
  progress(heldId: number | undefined): readonly TaskProgress[] {
    return this.#open.map((watched) => this.#progressOf(watched, heldId))
  }

  #progressOf(watched: Watched, heldId: number | undefined): TaskProgress {
    const { vertex, subtaskIndex, gate } = this.#parts
    const { checkpointId, triggeredAtMs, cutAtMs, safeAtMs, unsafeSinks } = watched
    const nowMs = this.#nowMs
    const task = { vertex: vertex.id, subtaskIndex, checkpointId }
    if (safeAtMs !== undefined) {
      return { ...task, step: 'write', forMs: nowMs - safeAtMs, waitsFor: [] }
    }
    if (cutAtMs !== undefined) {
      return { ...task, step: 'sinks', forMs: nowMs - cutAtMs, waitsFor: [...unsafeSinks] }
    }
    const forMs = nowMs - triggeredAtMs
    if (checkpointId === heldId) return { ...task, step: 'former', forMs, waitsFor: [] }
    const waitsFor = gate?.awaited ?? []
    const blockedBy = this.#obstacle()
    return {
      ...task,
      step: 'barrier',
      forMs,
      waitsFor,
      ...(blockedBy === undefined ? {} : { blockedBy }),
    }
  }

  /** What keeps the task from taking records, and so from reaching the barrier. */
  #obstacle(): TaskProgress['blockedBy'] {
    const { sinks, exchanges, chain } = this.#parts
    const sink = sinks.find(({ pump }) => pump.isFull)
    if (sink !== undefined) return { kind: 'sink', name: sink.node.uid }
    const exchange = exchanges.find(({ isFull }) => isFull)
    if (exchange !== undefined) return { kind: 'task', name: exchange.label }
    const full = chain.operators.find(({ operator }) => operator.isFull === true)
    if (full !== undefined) return { kind: 'calls', name: full.node.uid ?? full.node.label }
    const busy = chain.operators.find(({ stage }) => stage.isBusy)
    return busy && { kind: 'timers', name: busy.node.uid ?? busy.node.label }
  }

  #watched(checkpointId: number): Watched {
    const known = this.#open.find((watched) => watched.checkpointId === checkpointId)
    if (known !== undefined) return known
    const nowMs = this.#nowMs
    const made: Watched = {
      checkpointId,
      triggeredAtMs: nowMs,
      startedAtMs: nowMs,
      cutAtMs: undefined,
      unsafeSinks: new Set(),
      safeAtMs: undefined,
    }
    this.#open = [...this.#open, made]
    return made
  }

  get #nowMs(): number {
    return this.#parts.host.clock.monotonic()
  }
}
