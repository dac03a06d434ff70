/**
 * The embedded worker's side of the seams: real clock, real disk, and a doorbell word in shared
 * memory that other workers raise. Used in a worker thread and in the caller's own thread alike.
 */
import type { FromWorker } from '../checkpoint/messages.ts'
import { openBlobStore } from '../storage/open.ts'
import { LocalScratch } from '../storage/scratch-local.ts'
import { systemClock } from '../util/clock.ts'
import { systemRandom } from '../util/random.ts'
import type { Doorbell } from './exchange/channel.ts'
import type { WorkerHost } from './host.ts'
import { IdleTime } from './idle-time.ts'
import { ThreadMerger } from './host-merger.ts'
import { ThreadSealer } from './host-sealer.ts'
import { startProfiler } from './host-worker-profiler.ts'
import { openKeys } from './host-embedded-keys.ts'
import { reachKillPoint } from './kill-points.ts'

/** The loop lets I/O run at least this often. */
const YIELD_AFTER_MS = 2

class AtomicsDoorbell implements Doorbell {
  readonly #word: Int32Array

  constructor(word: SharedArrayBuffer) {
    this.#word = new Int32Array(word)
  }

  ring(): void {
    Atomics.add(this.#word, 0, 1)
    Atomics.notify(this.#word, 0)
  }
}

export interface EmbeddedWorkerHost extends WorkerHost {
  /** Ends the threads that it has started; those of a worker thread end with that. */
  end(): void
}

export interface EmbeddedWorkerOptions {
  readonly index: number
  /** Of the worker's profile; undefined: none is made. */
  readonly profileIntervalUs?: number | undefined
  /** Says that the thread lives; undefined: nobody watches. */
  alive?(): void
  send(message: FromWorker): void
  report(event: string, error: unknown): void
}

export function embeddedWorkerHost(options: EmbeddedWorkerOptions): EmbeddedWorkerHost {
  const own = { word: undefined as Int32Array | undefined, seen: 0 }
  const { profileIntervalUs: intervalUs } = options
  const idleTime = new IdleTime(systemClock)
  let wakeUp: (() => void) | undefined
  let isAwake = false
  let yieldedAtMs = systemClock.monotonic()

  const wake = (): void => {
    isAwake = true
    wakeUp?.()
  }

  /** One wait for the bell at a time: each stays with the engine until the bell rings. */
  let isListening = false
  const listen = (): void => {
    if (isListening || own.word === undefined) return
    const rings = Atomics.waitAsync(own.word, 0, own.seen)
    if (!rings.async) return wake()
    isListening = true
    void rings.value.then(() => {
      isListening = false
      wake()
    })
  }

  return {
    clock: {
      ...systemClock,
      async yield() {
        await systemClock.yield()
        yieldedAtMs = systemClock.monotonic()
      },
    },
    random: systemRandom(),
    ...helperThreads(),
    ...(intervalUs === undefined ? {} : { profiler: startProfiler(intervalUs) }),
    openStore: (location) => openBlobStore(location),
    openKeys,
    scratch: (directory) => new LocalScratch(directory),
    send: (message) => options.send(message),
    report: (event, error) => options.report(event, error),
    alive: () => options.alive?.(),
    at: reachKillPoint,
    doorbell(index, word) {
      if (index === options.index) own.word ??= new Int32Array(word)
      return new AtomicsDoorbell(word)
    },
    shouldYield: () => systemClock.monotonic() - yieldedAtMs >= YIELD_AFTER_MS,
    hasTimeToSpare: () => idleTime.isSome(),
    async idle(timeoutMs) {
      // Callbacks of finished reads and messages come before the decision to sleep.
      await this.clock.yield()
      if (isAwake || rung(own)) {
        isAwake = false
        return
      }
      const woken = new Promise<void>((resolve) => (wakeUp = resolve))
      const timer = systemClock.setTimer(timeoutMs, wake)
      listen()
      await idleTime.during(woken)
      timer.cancel()
      wakeUp = undefined
      isAwake = false
      rung(own)
    },
    wake,
  }
}

/** Each is started when it is needed first. */
function helperThreads(): Pick<EmbeddedWorkerHost, 'sealer' | 'merger' | 'end'> {
  const [sealer, merger] = [new ThreadSealer(), new ThreadMerger()]
  return {
    sealer,
    merger,
    end() {
      sealer.end()
      merger.end()
    },
  }
}

/** True if the bell rang since it was last looked at. */
function rung(own: { readonly word: Int32Array | undefined; seen: number }): boolean {
  if (own.word === undefined) return false
  const now = Atomics.load(own.word, 0)
  const isNew = now !== own.seen
  own.seen = now
  return isNew
}
