/**
 * The heart of the simulator: one queue of events, ordered by virtual time and then by birth, and a
 * loop that runs one event after the other. All that the engine does happens inside an event or in
 * the microtasks that follow it, so one seed gives one history. Events belong to a scope (the
 * world, a process, a worker); those of a dead scope never happen, those of a stalled one happen
 * later.
 */
import { fnv1aString } from '../src/util/hash.ts'
import { type TimeScale, timeScale } from './time-scale.ts'

/** What can die or stall: a simulated process, or one worker in it. */
export class Scope {
  readonly name: string
  readonly #parent: Scope | undefined
  #alive = true
  #stalledUntilMs = 0
  #eventsLeft = Number.POSITIVE_INFINITY
  #onDoom: () => void = () => undefined

  constructor(name: string, parent?: Scope) {
    this.name = name
    this.#parent = parent
  }

  /** A part of a process, which may end without it. */
  get isWorker(): boolean {
    return this.#parent !== undefined
  }

  get isAlive(): boolean {
    return this.#alive && this.#parent?.isAlive !== false
  }

  get stalledUntilMs(): number {
    return Math.max(this.#stalledUntilMs, this.#parent?.stalledUntilMs ?? 0)
  }

  kill(): void {
    this.#alive = false
  }

  /** So many more of its own events happen; before the next one `onDoom` is called. */
  doomAfter(events: number, onDoom: () => void): void {
    this.#eventsLeft = events
    this.#onDoom = onDoom
  }

  /** True if this event is the one that it does not live to see. */
  meetsItsDoom(): boolean {
    if (this.#eventsLeft-- > 0) return false
    this.#eventsLeft = Number.POSITIVE_INFINITY
    this.#onDoom()
    return !this.isAlive
  }

  stallUntil(atMs: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, atMs)
  }
}

export interface SimEvent {
  readonly scope: Scope
  readonly label: string
  readonly sequence: number
  atMs: number
  /** Undefined once it has run or was cancelled. */
  action: (() => void) | undefined
  /** Lets go of what outlives the simulated world, if the event is never going to happen. */
  forget?: () => void
}

/** What went wrong in the simulated world; the first one ends the seed. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export interface SchedulerOptions {
  /** More events than this mean that the job does not come to an end. */
  readonly eventsMax: number
  /** How long things last; not given: as short as can be. */
  readonly scale?: TimeScale
  /** Called for each event that runs, if a readable trace is wanted. */
  readonly onTrace?: ((line: string) => void) | undefined
}

/** Fewer are left where they are, until it is their time. */
const CANCELLED_MAX = 64
/** Events run per turn of the real event loop; between any two of them all microtasks run. */
const EVENTS_PER_TURN = 64

export class Scheduler {
  /** Events of the world itself: storage that answers, the hand that crashes processes. */
  readonly world = new Scope('world')
  readonly scale: TimeScale
  readonly #options: SchedulerOptions
  #heap: SimEvent[] = []
  /** How many in the heap will not happen. */
  #cancelled = 0
  #sequence = 0
  #nowMs = 0
  #events = 0
  #hash = 0x811c9dc5
  #violation: Error | undefined

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.scale = options.scale ?? timeScale('milliseconds')
  }

  /** Virtual milliseconds since the beginning of the seed. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Events that have run. */
  get events(): number {
    return this.#events
  }

  /** Of everything that has happened, in order: equal histories have equal hashes. */
  get traceHash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  /** Runs `action` after a virtual delay, unless the scope is dead by then. */
  schedule(scope: Scope, delayMs: number, label: string, action: () => void): SimEvent {
    return this.scheduleAt(scope, this.#nowMs + Math.max(0, delayMs), label, action)
  }

  /** The same at a time, to the last bit: what is for the same time runs in the order of calls. */
  scheduleAt(scope: Scope, atMs: number, label: string, action: () => void): SimEvent {
    const event: SimEvent = { scope, label, sequence: this.#sequence++, atMs, action }
    this.#push(event)
    return event
  }

  cancel(event: SimEvent): void {
    if (event.action === undefined) return
    event.action = undefined
    this.#cancelled++
    if (this.#cancelled > CANCELLED_MAX && this.#cancelled > this.#heap.length / 2) this.#clean()
  }

  /** Adds a fact to the trace: part of the hash, and a line if lines are wanted. */
  note(scope: string, text: string): void {
    this.#hash = Math.imul(this.#hash ^ fnv1aString(text), 0x01000193)
    this.#hash = Math.imul(this.#hash ^ (this.#nowMs * 1e6), 0x01000193)
    this.#options.onTrace?.(`${this.#nowMs.toFixed(3).padStart(12)} ${scope.padEnd(8)} ${text}`)
  }

  /** Ends the run: `drive` rejects with it. */
  fail(violation: unknown): void {
    this.#violation ??= violation instanceof Error ? violation : new Violation(String(violation))
  }

  /** Nothing is going to happen any more. */
  end(): void {
    for (const { forget } of this.#heap.splice(0)) forget?.()
  }

  /** Runs events until `isDone`; rejects with the first violation, or when nothing can happen. */
  drive(isDone: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let settled = false
      const turn = (): void => {
        if (settled) return
        try {
          if (this.#violation !== undefined) throw this.#violation
          settled = isDone()
          if (settled) resolve()
          else this.#step()
        } catch (error) {
          settled = true
          reject(error)
        }
      }
      // Node runs all microtasks between two immediates of one turn.
      const batch = (): void => {
        if (settled) return
        for (let left = EVENTS_PER_TURN; left > 0; left--) setImmediate(turn)
        setImmediate(batch)
      }
      batch()
    })
  }

  #step(): void {
    for (;;) {
      const event = this.#pop()
      if (event === undefined) throw new Violation('nothing is left that could happen')
      const { scope, action } = event
      if (action === undefined) {
        this.#cancelled--
        continue
      }
      if (!scope.isAlive) {
        event.forget?.()
        continue
      }
      if (scope.stalledUntilMs > event.atMs) {
        event.atMs = scope.stalledUntilMs
        this.#push(event)
        continue
      }
      this.#nowMs = Math.max(this.#nowMs, event.atMs)
      event.action = undefined
      this.#events++
      if (this.#events > this.#options.eventsMax) {
        throw new Violation(`no end after ${this.#options.eventsMax} events`)
      }
      this.note(scope.name, event.label)
      if (!scope.meetsItsDoom()) action()
      return
    }
  }

  /** Most timers are cancelled, long before they are due. */
  #clean(): void {
    const left = this.#heap.filter(({ action }) => action !== undefined)
    this.#heap = []
    this.#cancelled = 0
    for (const event of left) this.#push(event)
  }

  #push(event: SimEvent): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      const above = heap[parent] as SimEvent // a parent of an element is in the heap
      if (!isEarlier(event, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  #pop(): SimEvent | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      let below = heap[child] as SimEvent // `child` is within the heap
      if (right !== undefined && isEarlier(right, below)) {
        below = right
        child++
      }
      if (!isEarlier(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
    return first
  }
}

function isEarlier(a: SimEvent, b: SimEvent): boolean {
  return a.atMs === b.atMs ? a.sequence < b.sequence : a.atMs < b.atMs
}
