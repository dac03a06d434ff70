/**
 * The temporal join: each fact meets the version of its key that was valid at the fact's time, the
 * newest that is not younger. Facts wait until the watermark, which is the lesser of both inputs,
 * has come to their time, so that all versions are known; they go out in order of time. Of the
 * versions that the watermark has passed only the newest is kept.
 */
import type { KeyedStateTable } from '../../state/backend.ts'
import { sortedMapState } from '../../state/collection-descriptors.ts'
import type { SortedMapState } from '../../state/collection-handles.ts'
import { type StateSchema, valueState } from '../../state/descriptors.ts'
import type { ValueState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import { BaseOperator, tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import type { CallGuard, KeyedTimers, OperatorContext, TimeDomain } from '../operator.ts'
import { LateRecords, requireTimestamp } from '../windows/late.ts'
import type { TemporalJoinContext } from './functions.ts'
import type { LateTags } from './interval.ts'
import { TimeBuffer, timeBufferStates, type Visit } from './time-buffer.ts'
import { WakeTimer } from './wake-timer.ts'

/** Names of states and timers; in every snapshot, so they never change. */
const FACTS = 'join-facts'
const VERSIONS = 'join-versions'
const VERSIONS_WAKE = 'join-versions-wake'

export interface TemporalJoinSpec {
  /** Facts without a version make a row, too. */
  readonly isOuter: boolean
  /** True for a version that says that there is none from now on. */
  readonly isDeleted: ((version: unknown) => unknown) | undefined
  readonly late: LateTags
  readonly factType: Type<unknown>
  readonly versionType: Type<unknown>
  /** Makes a result; undefined is none. */
  readonly join: (fact: unknown, version: unknown, ctx: TemporalJoinContext<unknown>) => unknown
}

export function temporalJoinStates(spec: TemporalJoinSpec): StateSchema {
  return {
    ...timeBufferStates(FACTS, spec.factType),
    [VERSIONS]: sortedMapState(t.float64, spec.versionType),
    [VERSIONS_WAKE]: valueState(t.float64),
  }
}

type Versions = SortedMapState<Timestamp, unknown>

export class TemporalJoinOperator extends BaseOperator {
  readonly #what: string
  readonly #spec: TemporalJoinSpec
  readonly #table: KeyedStateTable
  readonly #timers: KeyedTimers
  readonly #facts: TimeBuffer
  readonly #versions: Versions
  readonly #versionsWake: WakeTimer
  readonly #lateFacts: LateRecords
  readonly #lateVersions: LateRecords
  readonly #guard: CallGuard | undefined
  readonly #take: Visit = (fact, time) => this.#attempt(fact, time, () => this.#emit(fact, time))

  constructor(context: OperatorContext, what: string, spec: TemporalJoinSpec) {
    super(context, what)
    const table = tableOf(context)
    const timers = required(context.timers, `${what} needs timers`)
    this.#what = what
    this.#guard = context.guard
    this.#spec = spec
    this.#table = table
    this.#timers = timers
    this.#facts = new TimeBuffer(table, timers, FACTS, 0)
    // The handles are of the states that `temporalJoinStates` declares.
    this.#versions = table.handles[VERSIONS] as Versions
    const wake = table.handles[VERSIONS_WAKE] as ValueState<Timestamp>
    this.#versionsWake = new WakeTimer(timers, VERSIONS, wake)
    this.#lateFacts = new LateRecords(context, spec.late.left)
    this.#lateVersions = new LateRecords(context, spec.late.right)
  }

  /** Facts and versions that the watermark had passed already. */
  get lateRecords(): number {
    return this.#lateFacts.count + this.#lateVersions.count
  }

  processElement(fact: unknown, timestamp: Timestamp): void {
    requireTimestamp(timestamp, this.#what)
    if (timestamp <= this.#timers.currentWatermark) this.#lateFacts.take(fact, timestamp)
    else this.#facts.add(fact, timestamp)
  }

  processElement2(version: unknown, timestamp: Timestamp): void {
    requireTimestamp(timestamp, this.#what)
    if (timestamp <= this.#timers.currentWatermark) {
      this.#lateVersions.take(version, timestamp)
      // Facts to come still need it, unless a newer one is known that is valid for them.
      const known = this.#validAt(this.#timers.currentWatermark)
      if (known !== undefined && known[0] > timestamp) return
    }
    this.#versions.set(timestamp, version)
    this.#versionsWake.noLaterThan(timestamp)
  }

  /** Of one time, the facts' timer comes first, for its name does. */
  onTimer(_domain: TimeDomain, time: Timestamp, name: string): void {
    if (name === FACTS) this.#facts.fire(time, this.#take)
    else if (this.#versionsWake.isAt(time)) this.#dropBefore(time)
  }

  /** With an error policy, what is asked of a record fails for itself. */
  #attempt(record: unknown, timestamp: Timestamp, part: () => void): void {
    if (this.#guard === undefined) part()
    else this.#guard.attempt(() => ({ record, timestamp }), part)
  }

  #emit(fact: unknown, timestamp: Timestamp): void {
    const valid = this.#validAt(timestamp)
    const isThere = valid !== undefined && !this.#isDeleted(valid[1])
    if (!isThere && !this.#spec.isOuter) return
    const result = this.#spec.join(fact, isThere ? valid[1] : undefined, {
      key: this.#table.currentKey,
      timestamp,
      versionTimestamp: isThere ? valid[0] : undefined,
    })
    this.check(result)
    if (result !== undefined) this.output.collect(result, timestamp)
  }

  /** The newest version that is not younger. */
  #validAt(time: Timestamp): readonly [Timestamp, unknown] | undefined {
    const downwards = this.#versions.range({ to: time, toInclusive: true, reverse: true })
    for (const found of downwards) return found
    return undefined
  }

  /** The watermark has come to a version: no fact will ask for those before it. */
  #dropBefore(time: Timestamp): void {
    let next: Timestamp | undefined
    for (const [at, version] of this.#versions.entries()) {
      if (at > time) {
        next = at
        break
      }
      // A version that says that there is none is as good as none.
      if (at < time) this.#versions.delete(at)
      else {
        this.#attempt(version, at, () => {
          if (this.#isDeleted(version)) this.#versions.delete(at)
        })
      }
    }
    this.#versionsWake.moveTo(next)
  }

  #isDeleted(version: unknown): boolean {
    const { isDeleted } = this.#spec
    if (isDeleted === undefined) return false
    const result = isDeleted(version)
    this.check(result)
    return result === true
  }
}
