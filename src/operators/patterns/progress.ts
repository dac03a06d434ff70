/**
 * How far a key has come: its partial matches, and complete ones that wait for others.
 * One value per key, absent while nothing is under way. The state before the first event is not
 * part of it: a match may begin at any time.
 */
import { MillraceError } from '../../errors.ts'
import { type StateSchema, valueState } from '../../state/descriptors.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'

/** More are surely not meant; each event of the key would be held against all of them. */
const MATCHES_PER_KEY_MAX = 1 << 16

/** In every snapshot. */
export const PROGRESS_STATE = 'pattern-matches'

/** Never changed; a step makes another. */
export interface PartialMatch {
  /** Name of the state it is in. */
  readonly state: string
  /** Its last event in the buffer. */
  readonly node: number
  /** Number of its first event. */
  readonly first: number
  readonly startedAt: number
  readonly previousAt: number
}

export interface Progress {
  /** Numbers of events and nodes that come next. */
  readonly nextId: number
  /** When the next match is out of time: for then there is a timer; infinite without. */
  readonly deadline: number
  /** By first event, then as they arose. */
  readonly partial: readonly PartialMatch[]
  /** Only with a skip strategy. */
  readonly complete: readonly PartialMatch[]
}

export const NO_PROGRESS: Progress = Object.freeze({
  nextId: 0,
  deadline: Number.POSITIVE_INFINITY,
  partial: [],
  complete: [],
})

/** @throws `FUNCTION_FAILED` if a key has more matches under way than is good for it. */
export function limitMatches(count: number, what: string): void {
  if (count <= MATCHES_PER_KEY_MAX) return
  const problem = `${what} has over ${MATCHES_PER_KEY_MAX} matches under way for one key`
  throw new MillraceError('FUNCTION_FAILED', problem, {
    cure: 'limit it by within() or until(), or leave out allowCombinations() or followedByAny()',
    retryable: false,
  })
}

const matchType = t.struct({
  state: t.string,
  node: t.float64,
  first: t.float64,
  startedAt: t.float64,
  previousAt: t.float64,
})

const progressType = t.struct({
  nextId: t.float64,
  deadline: t.float64,
  partial: t.list(matchType),
  complete: t.list(matchType),
})

export const progressStates: StateSchema = {
  [PROGRESS_STATE]: valueState(owned(progressType)),
}

/** The type of values that only this operator makes, and never changes: they need no copy. */
function owned<T>(type: Type<T>): Type<T> {
  return Object.freeze<Type<T>>({
    schema: type.schema,
    copyOnRead: type.copyOnRead,
    write: (value, out) => type.write(value, out),
    read: (input) => type.read(input),
    isolate: (value) => value,
  })
}
