/**
 * What differs between two snapshots, key by key. Both lie sorted by key group and key, so they are
 * read side by side, one key of each in memory.
 */
import { isDeepStrictEqual } from 'node:util'
import { MillraceError } from '../errors.ts'
import { SECTION_TIMERS, compareBytes, sectionOfKey } from '../state/runs/entry.ts'
import { StateDecoder } from '../state/runs/state-decoder.ts'
import { TimerDecoder } from '../state/runs/timer-decoder.ts'
import { timerNameOf } from '../state/runs/timer-payload.ts'
import type { TimerDomain } from '../time/timers.ts'
import { liveOperators, rawRowsAndTimers, type RawRow } from './raw-rows.ts'
import type { Snapshot } from './snapshot.ts'

/** Where the section of an entry is in its key: after key group and operator. */
const SECTION_AT = 4

/** What one key has otherwise in one state, or of its timers; `same` where nothing differs. */
export interface StateDifference {
  readonly uid: string
  /** Name of the state; of timers `(timers)`, with a name `(timers: name)`. */
  readonly state: string
  /** Of timers only: `before` and `after` are what they carry, undefined where nothing. */
  readonly timer?: { readonly name: string; readonly domain: TimerDomain; readonly timeMs: number }
  readonly change: 'added' | 'removed' | 'changed' | 'same'
  readonly key: unknown
  readonly before: unknown
  readonly after: unknown
}

/**
 * Compares the keyed states and timers of all operators, by uid and by name of the state. Values
 * are compared, not bytes: a merge, a rescale or another backend makes no difference. A timer that
 * is set to another time is one that is removed and one that is added.
 *
 * @param uid only this operator.
 * @throws `CHECKPOINT_INCOMPATIBLE` if the snapshots have different numbers of key groups.
 * @example
 * for await (const { uid, state, change, key } of differences(before, after)) …
 */
export async function* differences(
  before: Snapshot,
  after: Snapshot,
  uid?: string,
): AsyncGenerator<StateDifference> {
  if (before.maxParallelism !== after.maxParallelism) {
    throw new MillraceError(
      'CHECKPOINT_INCOMPATIBLE',
      `one snapshot has ${before.maxParallelism} key groups, the other ${after.maxParallelism}`,
      { cure: 'compare snapshots of one maxParallelism: their keys lie in the same order' },
    )
  }
  const uids = new Set(
    [...liveOperators(before.operators), ...liveOperators(after.operators)].map((each) => each.uid),
  )
  for (const each of uids) {
    if (uid === undefined || uid === each) yield* ofOperator(each, before, after)
  }
}

async function* ofOperator(
  uid: string,
  before: Snapshot,
  after: Snapshot,
): AsyncGenerator<StateDifference> {
  const [left, right] = [new Side(before, uid), new Side(after, uid)]
  try {
    await Promise.all([left.next(), right.next()])
    while (left.row !== undefined || right.row !== undefined) {
      const order = compareRows(left.row, right.row)
      const [old, now] = [order <= 0 ? left.row : undefined, order >= 0 ? right.row : undefined]
      if (isTimer(old ?? now)) yield* ofTimer(uid, left.timer(old), right.timer(now))
      else yield* ofKey(uid, left.decoded(old), right.decoded(now))
      if (order <= 0) await left.next()
      if (order >= 0) await right.next()
    }
  } finally {
    await Promise.all([left.close(), right.close()])
  }
}

type Decoded = { readonly key: unknown; readonly states: Readonly<Record<string, unknown>> }

function* ofKey(
  uid: string,
  old: Decoded | undefined,
  now: Decoded | undefined,
): Generator<StateDifference> {
  const key = (old ?? now)?.key
  for (const state of new Set([
    ...Object.keys(old?.states ?? {}),
    ...Object.keys(now?.states ?? {}),
  ])) {
    const before = old?.states[state]
    const after = now?.states[state]
    const change =
      before === undefined
        ? 'added'
        : after === undefined
          ? 'removed'
          : isDeepStrictEqual(before, after)
            ? 'same'
            : 'changed'
    yield { uid, state, change, key, before, after }
  }
}

type DecodedTimer = {
  readonly key: unknown
  readonly timer: NonNullable<StateDifference['timer']>
  readonly payload: unknown
}

function* ofTimer(
  uid: string,
  old: DecodedTimer | undefined,
  now: DecodedTimer | undefined,
): Generator<StateDifference> {
  const either = old ?? now
  if (either === undefined) return // a mark of time-to-live
  const { key, timer } = either
  const [before, after] = [old?.payload, now?.payload]
  const isSame = isDeepStrictEqual(before, after)
  const change =
    old === undefined ? 'added' : now === undefined ? 'removed' : isSame ? 'same' : 'changed'
  const state = timer.name === '' ? '(timers)' : `(timers: ${timer.name})`
  yield { uid, state, timer, change, key, before, after }
}

/** The rows and timers of an operator in one of the snapshots; none if it is not there. */
class Side {
  row: RawRow | undefined
  readonly #rows: AsyncGenerator<RawRow> | undefined
  readonly #decoder: StateDecoder | undefined
  readonly #timers: TimerDecoder | undefined

  constructor(snapshot: Snapshot, uid: string) {
    const record = liveOperators(snapshot.operators).find((operator) => operator.uid === uid)
    this.#rows = record === undefined ? undefined : rawRowsAndTimers(snapshot.all(), record.id)
    this.#decoder = record === undefined ? undefined : new StateDecoder(record)
    this.#timers = record === undefined ? undefined : new TimerDecoder(record)
  }

  async next(): Promise<void> {
    const result = await this.#rows?.next()
    this.row = result === undefined || result.done === true ? undefined : result.value
  }

  decoded(row: RawRow | undefined): Decoded | undefined {
    return row === undefined ? undefined : this.#decoder?.decode(row.entries)
  }

  /** Undefined for a mark of time-to-live, too. */
  timer(row: RawRow | undefined): DecodedTimer | undefined {
    const [entry] = row?.entries ?? []
    const found = entry === undefined ? undefined : this.#timers?.decode(entry)
    if (found === undefined) return undefined
    const { key, timeMs, payload } = found
    const domain = found.domain === 0 ? 'event-time' : 'processing-time'
    return { key, timer: { name: timerNameOf(found.name), domain, timeMs }, payload }
  }

  async close(): Promise<void> {
    await this.#rows?.return(undefined)
  }
}

function isTimer(row: RawRow | undefined): boolean {
  return row !== undefined && sectionOfKey(row.prefix) === SECTION_TIMERS
}

/** By key group and, after the operator's id, which may be another in the other snapshot, key. */
function compareRows(a: RawRow | undefined, b: RawRow | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1
  const groups = compareBytes(a.prefix.subarray(0, 2), b.prefix.subarray(0, 2))
  if (groups !== 0) return groups
  return compareBytes(a.prefix.subarray(SECTION_AT), b.prefix.subarray(SECTION_AT))
}
