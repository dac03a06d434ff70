/**
 * Runs the automaton of a pattern for one key at a time: hands an event to each partial match,
 * gives out complete matches as the skip strategy says, and ends what is out of time. What an event
 * costs depends on how many partial matches its key has, not on how many events they hold.
 */
import { required } from '../../util/assert.ts'
import { MillraceError } from '../../errors.ts'
import { type MatchBuffer, NO_NODE } from './buffer.ts'
import type { EventFacts } from './facts.ts'
import { limitMatches, NO_PROGRESS, type PartialMatch, type Progress } from './progress.ts'
import type { SkipStrategy } from './skip.ts'
import { skipBound } from './skipping.ts'
import type { Automaton, State, Transition } from './states.ts'

/** Where matches go; the nodes are valid during the call. */
export interface MatchReceiver {
  complete(node: number, time: number): void
  /** @param time when it ended. */
  timedOut(node: number, time: number): void
}

export interface MatcherParts {
  readonly automaton: Automaton
  readonly withinMs: number
  readonly skip: SkipStrategy
  readonly buffer: MatchBuffer
  readonly facts: EventFacts
  readonly receiver: MatchReceiver
  readonly what: string
}

/** A transition that an event takes, and the state it leaves. */
interface Move {
  readonly from: State
  readonly transition: Transition
}

const NEVER = Number.POSITIVE_INFINITY

export class Matcher {
  readonly #parts: MatcherParts
  readonly #start: State
  #partial: PartialMatch[] = []
  #complete: PartialMatch[] = []
  #next: PartialMatch[] = []
  #ended: PartialMatch[] = []
  #nextId = 0
  #eventId: number | undefined
  #hasChanged = false
  readonly #moves: Move[] = []
  readonly #open: State[] = []

  constructor(parts: MatcherParts) {
    this.#parts = parts
    this.#start = parts.automaton.start
  }

  /** Begins with what the current key has. */
  load(progress: Progress | undefined): void {
    const { partial, complete, nextId } = progress ?? NO_PROGRESS
    this.#partial = [...partial]
    this.#complete = [...complete]
    this.#nextId = nextId
    this.#hasChanged = false
    // Nothing is left from before, unless a function threw.
    this.#next.length = 0
    this.#ended.length = 0
    this.#open.length = 0
    this.#parts.buffer.forget()
  }

  /** What the key has now; undefined if it is as it was loaded. */
  unload(): Progress | undefined {
    this.#parts.buffer.flush()
    if (!this.#hasChanged) return undefined
    const partial = this.#partial
    const complete = this.#complete
    if (partial.length === 0 && complete.length === 0) return NO_PROGRESS
    return { nextId: this.#nextId, deadline: this.#nextDeadline(), partial, complete }
  }

  /** No event before this time comes any more. */
  advance(time: number): void {
    let kept = 0
    const matches = this.#partial
    for (let index = 0; index < matches.length; index++) {
      const match = matches[index] as PartialMatch // within the list
      const state = this.#stateOf(match)
      const deadline = this.#deadlineOf(match, state)
      if (deadline > time) matches[kept++] = match
      else if (state.kind === 'pending') this.#ended.push(match)
      else {
        this.#parts.receiver.timedOut(match.node, deadline)
        this.#parts.buffer.release(match.node)
      }
    }
    if (kept === matches.length) return
    matches.length = kept
    this.#hasChanged = true
    this.#giveOut(time)
  }

  process(event: unknown, time: number): void {
    const { facts } = this.#parts
    facts.setEvent(event, time)
    this.#eventId = undefined
    const matches = this.#partial
    for (let index = 0; index < matches.length; index++) {
      const match = matches[index] as PartialMatch // within the list
      facts.setMatch(match.node, match.previousAt)
      this.#step(this.#stateOf(match), match, event, time)
    }
    facts.setMatch(NO_NODE, Number.NaN)
    this.#step(this.#start, undefined, event, time)
    this.#partial = this.#next
    this.#next = matches
    matches.length = 0
    limitMatches(this.#partial.length + this.#complete.length, this.#parts.what)
    if (this.#ended.length > 0) this.#hasChanged = true
    // Also without a new one: others may have waited for a partial match that has just ended.
    this.#giveOut(time)
  }

  /** One event for one match, or for the one that may begin. */
  #step(state: State, match: PartialMatch | undefined, event: unknown, time: number): void {
    const isStopped = this.#collectMoves(state)
    const moves = this.#moves
    let references = match === undefined ? 0 : -1
    for (let index = 0; index < moves.length; index++) {
      const { from, transition } = moves[index] as Move // within the list
      const { action, target } = transition
      if (action === 'take') {
        if (this.#take(from, target, match, isStopped, event, time)) references++
      } else if (match !== undefined && (target.kind === 'final' || !isStopped)) {
        references++
        const isSame = target === state
        if (!isSame) this.#hasChanged = true
        this.#keep(target, isSame ? match : { ...match, state: target.name })
      }
    }
    if (match === undefined || references === 0) return
    this.#hasChanged = true
    if (references > 0) this.#parts.buffer.retain(match.node, references)
    else this.#parts.buffer.release(match.node)
  }

  /** Adds the event to a match; false if nobody needs the result. */
  #take(
    from: State,
    target: State,
    match: PartialMatch | undefined,
    isStopped: boolean,
    event: unknown,
    time: number,
  ): boolean {
    const isKept = target.kind === 'final' || !isStopped
    const isEnd = target.kind !== 'final' && this.#leadsToEnd(target)
    if (!isKept && !isEnd) return false
    this.#hasChanged = true
    const { buffer } = this.#parts
    const eventId = this.#referToEvent(event)
    const node = this.#nextId++
    buffer.addNode(node, { step: from.step, event: eventId, previous: match?.node ?? NO_NODE })
    const first = match?.first ?? eventId
    const taken: PartialMatch = {
      state: target.name,
      node,
      first,
      startedAt: match?.startedAt ?? time,
      previousAt: time,
    }
    if (isKept) this.#keep(target, taken)
    if (isEnd) this.#ended.push(taken)
    if (isKept && isEnd) buffer.retain(node)
    return true
  }

  #keep(target: State, match: PartialMatch): void {
    if (target.kind === 'final') this.#ended.push(match)
    else this.#next.push(match)
  }

  #referToEvent(event: unknown): number {
    if (this.#eventId !== undefined) {
      this.#parts.buffer.retain(this.#eventId)
      return this.#eventId
    }
    this.#eventId = this.#nextId++
    this.#parts.buffer.addEvent(this.#eventId, event)
    return this.#eventId
  }

  /** Finds what the event does in a state, and in those it may proceed to. True if it ends all. */
  #collectMoves(state: State): boolean {
    const { facts } = this.#parts
    const open = this.#open
    let isStopped = false
    this.#moves.length = 0
    open.push(state)
    for (let from = open.pop(); from !== undefined; from = open.pop()) {
      for (const transition of from.transitions) {
        if (!transition.guard(facts)) continue
        if (transition.action !== 'proceed') this.#moves.push({ from, transition })
        else if (transition.target.kind === 'stop') isStopped = true
        else open.push(transition.target)
      }
    }
    return isStopped
  }

  /** True if a match in this state is complete: all that follows may be left out. */
  #leadsToEnd(state: State): boolean {
    const { facts } = this.#parts
    const open = this.#open
    open.push(state)
    let isFound = false
    for (let from = open.pop(); from !== undefined; from = open.pop()) {
      for (const { action, target, guard } of from.transitions) {
        if (action !== 'proceed' || target.kind === 'stop' || !guard(facts)) continue
        if (target.kind === 'final') isFound = true
        else open.push(target)
      }
    }
    return isFound
  }

  /** Gives out the matches that have ended, unless earlier ones are still to be decided. */
  #giveOut(time: number): void {
    const { skip, buffer, receiver } = this.#parts
    const ended = this.#ended
    if (skip.kind === 'none') {
      for (const match of ended) {
        receiver.complete(match.node, time)
        buffer.release(match.node)
      }
      ended.length = 0
      return
    }
    for (const match of ended) insertByFirst(this.#complete, match)
    ended.length = 0
    for (let match = this.#complete[0]; match !== undefined; match = this.#complete[0]) {
      const earliest = this.#partial[0]
      if (earliest !== undefined && earliest.first < match.first) break
      this.#hasChanged = true
      this.#complete.shift()
      const bound = skipBound(skip, buffer, match)
      this.#dropBefore(this.#partial, bound)
      this.#dropBefore(this.#complete, bound)
      receiver.complete(match.node, time)
      buffer.release(match.node)
    }
  }

  /** Drops matches that began before event number `bound`; those are the first ones. */
  #dropBefore(matches: PartialMatch[], bound: number): void {
    let count = 0
    for (const match of matches) {
      if (match.first >= bound) break
      this.#parts.buffer.release(match.node)
      count++
    }
    if (count > 0) matches.splice(0, count)
  }

  #nextDeadline(): number {
    let deadline = NEVER
    for (const match of this.#partial) {
      deadline = Math.min(deadline, this.#deadlineOf(match, this.#stateOf(match)))
    }
    return deadline
  }

  #deadlineOf({ startedAt, previousAt }: PartialMatch, { limitMs }: State): number {
    return Math.min(startedAt + this.#parts.withinMs, previousAt + limitMs)
  }

  #stateOf({ state: name }: PartialMatch): State {
    const state = this.#parts.automaton.byName.get(name)
    if (state !== undefined) return state
    throw new MillraceError(
      'CHECKPOINT_INCOMPATIBLE',
      `${this.#parts.what} has a partial match at "${name}", where its pattern has no state`,
      { cure: 'give the changed pattern a uid of its own, or start with --fresh' },
    )
  }
}

/** Inserts behind those that began with the same event or before. */
function insertByFirst(matches: PartialMatch[], match: PartialMatch): void {
  let index = matches.length
  while (index > 0 && required(matches[index - 1], 'in the list').first > match.first) index--
  matches.splice(index, 0, match)
}
