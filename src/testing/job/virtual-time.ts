/**
 * Time that passes only when it is told to. Everything that a job under test waits for is in one
 * queue; what belongs to a process that was killed never happens. Turns of the event loop are real,
 * so that a state backend's own callbacks and the test's promises come in between.
 */
import { type Clock, systemClock, type TimerHandle } from '../../util/clock.ts'

/** What can be killed: nothing of it happens afterwards. */
export interface Life {
  readonly isAlive: boolean
}

interface VirtualTimer {
  readonly atMs: number
  readonly life: Life
  readonly action: () => void
}

export class VirtualTime {
  /** Milliseconds since 1970. */
  nowMs: number
  /** Turns of the event loop that somebody alive waits for. */
  turns = 0
  readonly #timers = new Set<VirtualTimer>()

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  /** When the next timer is due; +∞ if there is none. */
  get nextAtMs(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { atMs, life } of this.#timers) if (life.isAlive && atMs < next) next = atMs
    return next
  }

  add(delayMs: number, life: Life, action: () => void): TimerHandle {
    const timer = { atMs: this.nowMs + Math.max(0, delayMs), life, action }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  /** Calls what is due by now, in order of time and then of birth. */
  fireDue(): void {
    const due = [...this.#timers].filter(({ atMs }) => atMs <= this.nowMs)
    for (const timer of due.toSorted((a, b) => a.atMs - b.atMs)) {
      // One that fired before it may have cancelled it.
      if (this.#timers.delete(timer) && timer.life.isAlive) timer.action()
    }
  }
}

/** The clock of one process under test. */
export class VirtualClock implements Clock {
  readonly #time: VirtualTime
  readonly #life: Life

  constructor(time: VirtualTime, life: Life) {
    this.#time = time
    this.#life = life
  }

  now(): number {
    return this.#time.nowMs
  }

  monotonic(): number {
    return this.#time.nowMs
  }

  setTimer(delayMs: number, action: () => void): TimerHandle {
    return this.#time.add(delayMs, this.#life, action)
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const wake = (): void => {
        timer.cancel()
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = this.setTimer(delayMs, wake)
      signal?.addEventListener('abort', wake)
    })
  }

  async yield(): Promise<void> {
    if (!this.#life.isAlive) return new Promise(() => undefined)
    this.#time.turns++
    await systemClock.yield()
    this.#time.turns--
    // A process that was killed meanwhile does not wake up again.
    if (!this.#life.isAlive) await new Promise(() => undefined)
  }
}
