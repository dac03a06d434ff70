// Runs production code step by step without a change to it: each access to what threads share is a
// step. A thread is a list of operations on plain locals. To take a step, its operation is run anew
// with the answers its former accesses got, one access further, and thrown out of at the next one.
import assert from 'node:assert/strict'
import type { Step } from './explorer.ts'

/** What the threads share; copied for every step. */
export interface Shared {
  copy(): Shared
  readonly key: string
}

export interface Access<M> {
  readonly label: string
  /** Bytes that are touched, for races. */
  readonly from?: number
  readonly to?: number
  readonly writes?: boolean
  /** By `Atomics`, or by a store that orders what it is asked for. */
  readonly isAtomic?: boolean
  isEnabled?(shared: M): boolean
  /** Nobody else can tell when it happens. */
  readonly isLocal?: boolean
  /** How many outcomes there may be; one if left out. */
  readonly outcomes?: number
  perform(shared: M, outcome: number): unknown
}

interface Running<M> {
  readonly shared: M
  readonly log: unknown[]
  cursor: number
  /** Which outcome the one new access has; undefined: none may be performed. */
  outcome: number | undefined
  next: Access<M> | undefined
  suspended: () => void
}

export interface ThreadState<M> {
  readonly locals: string
  readonly log: readonly unknown[]
  /** What it is about to do; undefined at its end. */
  readonly next: Access<M> | undefined
}

export interface ThreadCode {
  readonly name: string
  /** One operation, which makes at least one access; changes the locals at its end. */
  run(locals: Record<string, unknown>): void | Promise<void>
  isOver(locals: Record<string, unknown>): boolean
}

const SUSPENDED = new Error('suspended')

export interface ThreadsOptions {
  /**
   * Plain accesses are no steps of their own: what is explored is the same where there is no race,
   * which only an exploration without this can tell.
   */
  readonly isCoarse?: boolean
}

export class Threads<M extends Shared> {
  #running: Running<M> | undefined
  readonly codes: readonly ThreadCode[]
  readonly #isCoarse: boolean

  constructor(codes: readonly ThreadCode[], { isCoarse = false }: ThreadsOptions = {}) {
    this.codes = codes
    this.#isCoarse = isCoarse
  }

  /** An access of the thread that runs: performed, or replayed, or the end of its step. */
  access(access: Access<M>): unknown {
    const running = this.#running ?? assert.fail('no thread runs')
    if (running.cursor < running.log.length) return running.log[running.cursor++]
    if (running.outcome === undefined) {
      running.next ??= access
      throw SUSPENDED
    }
    const result = access.perform(running.shared, running.outcome)
    running.outcome = undefined
    running.log.push(result)
    running.cursor++
    return result
  }

  /** The same for code that awaits: it is left waiting. */
  async asyncAccess(access: Access<M>): Promise<unknown> {
    const running = this.#running ?? assert.fail('no thread runs')
    try {
      return this.access(access)
    } catch (error) {
      if (error !== SUSPENDED) throw error
      running.suspended()
      return new Promise(() => undefined)
    }
  }

  /** Runs code whose accesses are no steps, such as what comes before the threads. */
  immediately<R>(shared: M, body: () => R): R {
    const running = this.#running
    assert.equal(running, undefined)
    const log = { length: 0, push: () => 0 } as unknown as unknown[] // what is logged is not kept
    this.#running = {
      shared,
      log,
      cursor: 0,
      get outcome() {
        return 0
      },
      set outcome(_) {},
      next: undefined,
      suspended: () => undefined,
    }
    try {
      return body()
    } finally {
      this.#running = undefined
    }
  }

  async start(shared: M, locals: Record<string, unknown>[]): Promise<State<M>> {
    const states: ThreadState<M>[] = []
    for (const [index, own] of locals.entries()) {
      const before = { locals: JSON.stringify(own), log: [], next: undefined }
      states.push(await this.#advance(shared, index, before, undefined))
    }
    return { shared, threads: states }
  }

  /** All that may come next. */
  async next(state: State<M>): Promise<readonly Step<State<M>>[]> {
    const steps: Step<State<M>>[] = []
    assertNoRace(state)
    const alone = state.threads.findIndex(({ next }) => next !== undefined && this.#isAlone(next))
    for (const [index, thread] of state.threads.entries()) {
      const { next } = thread
      if (alone >= 0 && index !== alone) continue
      if (next === undefined || next.isEnabled?.(state.shared) === false) continue
      const { outcomes = 1 } = next
      for (let outcome = 0; outcome < outcomes; outcome++) {
        const shared = state.shared.copy() as M // a copy is of the same class
        const advanced = await this.#advance(shared, index, thread, outcome)
        const threads = state.threads.map((each, at) => (at === index ? advanced : each))
        const which = outcomes > 1 ? ` (${outcome})` : ''
        const name = `${this.codes[index]?.name}: ${next.label}${which}`
        steps.push({ name, state: { shared, threads } })
      }
    }
    return steps
  }

  key({ shared, threads }: State<M>): string {
    const parts = threads.map(({ locals, log, next }) => {
      return `${locals} ${JSON.stringify(log)} ${next?.label}`
    })
    return `${shared.key} ${parts.join(' ')}`
  }

  /** The others can come after it as well as before it. */
  #isAlone({ isLocal = false, isAtomic = false, from }: Access<M>): boolean {
    return isLocal || (this.#isCoarse && from !== undefined && !isAtomic)
  }

  async #advance(
    shared: M,
    index: number,
    from: ThreadState<M>,
    outcome: number | undefined,
  ): Promise<ThreadState<M>> {
    const code = this.codes[index] ?? assert.fail()
    let { locals: text, log } = from
    let left = outcome
    for (let operation = 0; operation < 100; operation++) {
      const locals: Record<string, unknown> = JSON.parse(text)
      if (code.isOver(locals)) return { locals: text, log: [], next: undefined }
      const ran = await this.#run(code, locals, shared, log, left)
      if (ran.next !== undefined) return { locals: text, log: ran.log, next: ran.next }
      // The operation is over; the next one is run up to its first access.
      text = JSON.stringify(locals)
      log = []
      left = ran.outcome
    }
    return assert.fail('operations without accesses')
  }

  async #run(
    code: ThreadCode,
    locals: Record<string, unknown>,
    shared: M,
    log: readonly unknown[],
    outcome: number | undefined,
  ): Promise<Running<M>> {
    const running: Running<M> = {
      shared,
      log: [...log],
      cursor: 0,
      outcome,
      next: undefined,
      suspended: () => undefined,
    }
    this.#running = running
    try {
      const suspended = new Promise<void>((resolve) => (running.suspended = resolve))
      const over = code.run(locals)
      if (over !== undefined) await Promise.race([over, suspended])
    } catch (error) {
      if (error !== SUSPENDED) throw error
    } finally {
      this.#running = undefined
    }
    return running
  }
}

export interface State<M> {
  readonly shared: M
  readonly threads: readonly ThreadState<M>[]
}

/**
 * Two accesses to one byte, one of them a write and not both atomic, that may come in either order
 * at one moment. Where there is none, all that real processors do is one of the orders explored.
 */
function assertNoRace<M>({ threads }: State<M>): void {
  for (const [index, { next: one }] of threads.entries()) {
    for (const { next: other } of threads.slice(index + 1)) {
      if (one?.from === undefined || other?.from === undefined) continue
      if (one.isAtomic === true && other.isAtomic === true) continue
      if (one.writes !== true && other.writes !== true) continue
      const isApart = (one.to ?? 0) <= other.from || (other.to ?? 0) <= one.from
      assert.ok(isApart, `a race: ${one.label} and ${other.label}`)
    }
  }
}
