/**
 * Time as a seam. Everything that waits or reads the time takes a `Clock`; the system clock is the
 * embedded host's, the simulator brings its own. Nothing else in the engine may read time.
 */

export interface TimerHandle {
  /** Stops the timer; a second call does nothing. */
  cancel(): void
}

export interface Clock {
  /** Milliseconds since 1970-01-01 UTC, as the wall shows it (may jump). */
  now(): number
  /** Milliseconds from an arbitrary start, fractional, never going back: for durations. */
  monotonic(): number
  /** Calls `action` once after `delayMs`; does not keep the process alive. */
  setTimer(delayMs: number, action: () => void): TimerHandle
  /** Resolves after `delayMs`, or at once when `signal` aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Lets pending I/O callbacks of this thread run, then resolves. */
  yield(): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, action) {
    const timer = setTimeout(action, delayMs)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
  sleep(delayMs, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const wake = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, delayMs)
      signal?.addEventListener('abort', wake)
    })
  },
  yield: () => new Promise((resolve) => setImmediate(resolve)),
}
