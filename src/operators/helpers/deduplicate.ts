/**
 * Lets one record of those that are alike pass: the first, or any but those that are older than
 * one that has passed. Alike are records of a key, or of a key and what `by` gives for them. For
 * each such group there is a time in state; with `within`, a timer forgets it.
 */
import { MillraceError } from '../../errors.ts'
import type { KeyedStateTable } from '../../state/backend.ts'
import { mapState, type StateSchema, valueState } from '../../state/descriptors.ts'
import type { MapState, ValueState } from '../../state/handles.ts'
import { dynamicType } from '../../types/dynamic.ts'
import { t } from '../../types/t.ts'
import { required } from '../../util/assert.ts'
import { BaseOperator, tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import { requireTimestamp } from '../windows/late.ts'
import type { KeyedTimers, OperatorContext, TimeDomain } from '../operator.ts'

/** Name of the state; in every snapshot, so it never changes. */
const SEEN_STATE = 'seen'
/** What is kept of a group whose times do not matter. */
const SEEN: Timestamp = 0

export interface DeduplicateSpec {
  readonly keep: 'first' | 'last'
  /** Tells records of a key apart; gives a string, number, bigint or boolean. */
  readonly by: ((value: unknown) => unknown) | undefined
  /** A group is forgotten so long after the record that it keeps; undefined: never. */
  readonly withinMs: number | undefined
}

export function deduplicateStates({ by }: DeduplicateSpec): StateSchema {
  return {
    [SEEN_STATE]: by === undefined ? valueState(t.float64) : mapState(dynamicType(), t.float64),
  }
}

export class DeduplicateOperator extends BaseOperator {
  readonly #what: string
  readonly #by: DeduplicateSpec['by']
  readonly #keepsFirst: boolean
  readonly #withinMs: number | undefined
  readonly #seen: Groups
  readonly #timers: KeyedTimers | undefined
  #lateRecords = 0

  constructor(context: OperatorContext, what: string, spec: DeduplicateSpec) {
    super(context, what)
    this.#what = what
    this.#by = spec.by
    this.#keepsFirst = spec.keep === 'first'
    this.#withinMs = spec.withinMs
    this.#seen = groupsOf(tableOf(context), spec)
    this.#timers = context.timers
  }

  /** Records so old that their group may have been forgotten. */
  get lateRecords(): number {
    return this.#lateRecords
  }

  processElement(value: unknown, timestamp: Timestamp): void {
    const by = this.#by === undefined ? undefined : this.#groupOf(value)
    if (this.#withinMs !== undefined) return this.#takeWithin(by, value, timestamp, this.#withinMs)
    if (!this.#keepsFirst) requireTimestamp(timestamp, this.#what)
    const seen = this.#seen.get(by)
    if (seen !== undefined && (this.#keepsFirst || timestamp < seen)) return
    this.#seen.set(by, this.#keepsFirst ? SEEN : timestamp)
    this.output.collect(value, timestamp)
  }

  onTimer(_domain: TimeDomain, time: Timestamp, name: string): void {
    const by = this.#by === undefined ? undefined : groupOfName(name)
    const seen = this.#seen.get(by)
    if (seen === undefined) return
    const end = seen + required(this.#withinMs, 'timers are set with a duration')
    if (end <= time) this.#seen.clear(by)
    else this.#timers?.register('event-time', end, name)
  }

  #takeWithin(by: unknown, value: unknown, timestamp: Timestamp, withinMs: number): void {
    requireTimestamp(timestamp, this.#what)
    const timers = required(this.#timers, `${this.#what} needs timers`)
    if (timestamp + withinMs <= timers.currentWatermark) {
      this.#lateRecords++
      return
    }
    const seen = this.#seen.get(by)
    if (seen === undefined) {
      timers.register('event-time', timestamp + withinMs, this.#nameOf(by))
    } else if (timestamp < (this.#keepsFirst ? seen + withinMs : seen)) {
      return
    }
    this.#seen.set(by, timestamp)
    this.output.collect(value, timestamp)
  }

  #groupOf(value: unknown): unknown {
    const group = this.#by?.(value)
    if (PREFIXES[typeof group] !== undefined) return group
    this.check(group)
    const problem = `${this.#what}: "by" returned ${group === null ? 'null' : typeof group}`
    throw new MillraceError('TYPE_MISMATCH', problem, {
      cure: 'return a string, number, bigint or boolean',
    })
  }

  #nameOf(by: unknown): string {
    return this.#by === undefined ? '' : `${PREFIXES[typeof by] ?? ''}${String(by)}`
  }
}

/** What begins the name of a group's timer; in every snapshot, so it never changes. */
const PREFIXES: Readonly<Record<string, string>> = {
  string: 's',
  number: 'n',
  bigint: 'i',
  boolean: 'b',
}

function groupOfName(name: string): unknown {
  const text = name.slice(1)
  if (name.startsWith('s')) return text
  if (name.startsWith('n')) return Number(text)
  return name.startsWith('i') ? BigInt(text) : text === 'true'
}

/** The time that is kept for each group of the current key. */
interface Groups {
  get(by: unknown): Timestamp | undefined
  set(by: unknown, time: Timestamp): void
  clear(by: unknown): void
}

function groupsOf(table: KeyedStateTable, { by }: DeduplicateSpec): Groups {
  // The handles are of the state that `deduplicateStates` declares.
  if (by !== undefined) {
    const map = table.handles[SEEN_STATE] as MapState<unknown, Timestamp>
    return {
      get: (group) => map.get(group),
      set: (group, time) => map.set(group, time),
      clear: (group) => map.delete(group),
    }
  }
  const value = table.handles[SEEN_STATE] as ValueState<Timestamp>
  return {
    get: () => value.value(),
    set: (_group, time) => value.update(time),
    clear: () => value.clear(),
  }
}
