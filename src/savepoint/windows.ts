/**
 * What windows hold, out of the states in which their operators keep it; the names are those of
 * `docs/internals/windows.md`.
 */
import type { StateRecord } from '../state/snapshot.ts'

/** What a window holds for a key. */
export interface SnapshotWindow<K = unknown> {
  readonly key: K
  /** Of sessions; the end of other windows says which they are. */
  readonly start: number | undefined
  /** Infinite for the global window. */
  readonly end: number
  /**
   * `slice`: overlapping windows share slices; this is one, by its end, and every window that
   * reaches over it holds it.
   */
  readonly kind: 'window' | 'session' | 'slice'
  /** Of joined streams: whose records these are. */
  readonly side: 'left' | 'right' | undefined
  /** All values in order of arrival, where they are kept. */
  readonly values: readonly unknown[] | undefined
  /** Else what they were folded into. */
  readonly accumulator: unknown
}

type States = Readonly<Record<string, unknown>>

const SIDES = [
  ['', undefined],
  ['left-', 'left'],
  ['right-', 'right'],
] as const

/** The windows of one key, by end. */
export function windowsOf<K>(
  key: K,
  states: States,
  declared: readonly StateRecord[],
): readonly SnapshotWindow<K>[] {
  const names = new Set(declared.map((state) => state.name))
  const windows: SnapshotWindow<K>[] = [...slicesOf(key, states)]
  const sessions = new Map<unknown, readonly [start: number, end: number]>()
  for (const [start, end, slot] of tuplesOf(states['session-windows'])) {
    sessions.set(slot, [numberOf(start), numberOf(end)])
  }
  for (const [prefix, side] of SIDES) {
    for (const kind of ['window', 'session'] as const) {
      const own = `${prefix}${kind}`
      const values = valuesOf(states, own)
      const isListed = names.has(`${own}-elements`) || names.has(`${own}-timed-elements`)
      const slots = mapOf(states[`${own}-contents`] ?? states[`${own}-spans`])
      for (const [slot, held] of slots) {
        const [start, end] = (kind === 'session' ? sessions.get(slot) : undefined) ?? []
        windows.push({
          key,
          start,
          end: end ?? numberOf(slot),
          kind,
          side,
          values: isListed ? (values.get(slot) ?? []) : undefined,
          accumulator: isListed ? undefined : held,
        })
      }
    }
  }
  return windows.sort((a, b) => a.end - b.end)
}

/** By slot; the entries of the map lie in the order of their numbers. */
function valuesOf(states: States, own: string): ReadonlyMap<unknown, readonly unknown[]> {
  const values = new Map<unknown, unknown[]>()
  const add = (slot: unknown, value: unknown): void => {
    const list = values.get(slot) ?? []
    list.push(value)
    values.set(slot, list)
  }
  for (const [key, value] of mapOf(states[`${own}-elements`])) add(firstOf(key), value)
  for (const [key, timed] of mapOf(states[`${own}-timed-elements`])) {
    add(firstOf(key), Array.isArray(timed) ? timed[1] : timed)
  }
  return values
}

function slicesOf<K>(key: K, states: States): readonly SnapshotWindow<K>[] {
  return [...mapOf(states['window-slices']).values()]
    .flatMap(tuplesOf)
    .map(([end, accumulator]) => {
      const place = { start: undefined, end: numberOf(end), side: undefined }
      return { key, ...place, kind: 'slice', values: undefined, accumulator }
    })
}

/** What is no number in a foreign snapshot has no place in time. */
function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN
}

function mapOf(state: unknown): ReadonlyMap<unknown, unknown> {
  return state instanceof Map ? state : new Map()
}

function tuplesOf(state: unknown): readonly (readonly unknown[])[] {
  return Array.isArray(state) ? state.filter((each) => Array.isArray(each)) : []
}

function firstOf(key: unknown): unknown {
  return Array.isArray(key) ? key[0] : key
}
