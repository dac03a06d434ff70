/**
 * What guards ask about an event and a partial match; it is also the context that conditions get.
 * Each condition is called at most once for an event and a match, and the events of the match are
 * looked up only for those that look at them.
 */
import { refuseAsyncResult } from '../synchronous.ts'
import type { MatchBuffer } from './buffer.ts'
import { NO_NODE } from './buffer.ts'
import { eventsOf, type MatchEvents } from './extract.ts'
import type { ConditionContext } from './functions.ts'
import type { Automaton, Facts } from './states.ts'

const UNKNOWN = 0
const HOLDS = 1
const FAILS = 2

interface FactsParts {
  readonly automaton: Automaton
  readonly buffer: MatchBuffer
  readonly names: readonly string[]
  readonly what: string
  readonly processingTime: () => number
}

export class EventFacts implements Facts, ConditionContext<MatchEvents> {
  gapMs = Number.NaN
  timestamp = 0
  readonly #parts: FactsParts
  readonly #answers: Uint8Array
  #event: unknown
  #node = NO_NODE
  #match: MatchEvents | undefined

  constructor(parts: FactsParts) {
    this.#parts = parts
    this.#answers = new Uint8Array(parts.automaton.conditions.length)
  }

  /** From here on it is about this event. */
  setEvent(event: unknown, timestamp: number): void {
    this.#event = event
    this.timestamp = timestamp
  }

  /** From here on it is about the event and this match; NaN and `NO_NODE` before the first. */
  setMatch(node: number, previousAt: number): void {
    this.gapMs = this.timestamp - previousAt
    this.#node = node
    this.#match = undefined
    this.#answers.fill(UNKNOWN)
  }

  holds(index: number): boolean {
    const known = this.#answers[index]
    if (known !== UNKNOWN) return known === HOLDS
    const condition = this.#parts.automaton.conditions[index]
    const result = condition?.(this.#event, this)
    if (typeof result !== 'boolean') refuseAsyncResult(result, this.#parts.what)
    this.#answers[index] = result ? HOLDS : FAILS
    return Boolean(result)
  }

  get match(): MatchEvents {
    this.#match ??= eventsOf(this.#parts.buffer, this.#node, this.#parts.names)
    return this.#match
  }

  get currentProcessingTime(): number {
    return this.#parts.processingTime()
  }
}
