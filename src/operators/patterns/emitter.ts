/** Hands matches to the user's functions; their results carry the time at which the match ended. */
import type { KeyedStateTable } from '../../state/backend.ts'
import { tableOf } from '../base.ts'
import { NO_TIMESTAMP, type OperatorContext } from '../operator.ts'
import type { OutputTag } from '../output-tag.ts'
import { Emitter } from '../process-context.ts'
import { ResultCheck } from '../synchronous.ts'
import type { MatchBuffer } from './buffer.ts'
import { eventsOf, type MatchEvents } from './extract.ts'
import type { MatchContext, PatternProcessContext, PatternProcessFunction } from './functions.ts'
import type { MatchReceiver } from './matcher.ts'

/** Where partial matches go that are out of time, and as what. */
export interface TimedOutOutput {
  readonly tag: OutputTag<unknown>
  readonly select: (match: MatchEvents, ctx: MatchContext<unknown>) => unknown
}

export interface MatchFunctions {
  readonly process: PatternProcessFunction<unknown, MatchEvents, unknown>
  readonly timedOut: TimedOutOutput | undefined
  /** Side outputs that the function may use; undefined for any. */
  readonly declared: readonly OutputTag<unknown>[] | undefined
}

interface EmitterParts extends MatchFunctions {
  readonly buffer: MatchBuffer
  readonly names: readonly string[]
  /** False in processing time: results have no timestamp. */
  readonly hasTime: boolean
}

export class MatchEmitter implements MatchReceiver, PatternProcessContext<unknown> {
  readonly #context: OperatorContext
  readonly #results: ResultCheck
  readonly #parts: EmitterParts
  readonly #table: KeyedStateTable
  readonly #emitter: Emitter

  constructor(context: OperatorContext, what: string, parts: EmitterParts) {
    this.#context = context
    this.#results = new ResultCheck(what)
    this.#parts = parts
    this.#table = tableOf(context)
    this.#emitter = new Emitter(context, what, parts.declared)
  }

  complete(node: number, time: number): void {
    const events = this.#events(node)
    this.#setTime(time)
    this.#attempt(events, () => {
      this.#results.check(this.#parts.process.processMatch(events, this, this.#emitter))
    })
  }

  timedOut(node: number, time: number): void {
    const { timedOut } = this.#parts
    if (timedOut === undefined) return
    const events = this.#events(node)
    this.#setTime(time)
    this.#attempt(events, () => {
      const value = timedOut.select(events, this)
      this.#results.check(value)
      this.#emitter.side(timedOut.tag, value)
    })
  }

  /** With an error policy a match fails for itself. */
  #attempt(record: MatchEvents, part: () => void): void {
    const { guard } = this.#context
    if (guard === undefined) return part()
    guard.attempt(() => ({ record, timestamp: this.#emitter.now }), part)
  }

  get key(): unknown {
    return this.#table.currentKey
  }

  get timestamp(): number | undefined {
    return this.#emitter.now === NO_TIMESTAMP ? undefined : this.#emitter.now
  }

  get currentProcessingTime(): number {
    return this.#context.processingTime()
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    this.#emitter.side(tag, value)
  }

  #events(node: number): MatchEvents {
    return eventsOf(this.#parts.buffer, node, this.#parts.names)
  }

  #setTime(time: number): void {
    this.#emitter.now = this.#parts.hasTime ? time : NO_TIMESTAMP
  }
}
