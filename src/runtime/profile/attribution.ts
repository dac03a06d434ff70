/**
 * From the samples of a worker to the time of each operator. While the thread does not run, it is
 * not sampled; so each sample stands for an equal part of its CPU time, however busy the machine
 * is. Garbage is collected on the account of the operator that ran just before.
 */
import type { CpuProfile, WatchedTime } from './cpu-profile.ts'
import type { MarkCount } from './marks.ts'
import { OUTSIDE, type Place, placeOf, type ProfiledJob, type Work, WORKS } from './places.ts'

/** Milliseconds by what they were spent on: `idle` of wall time, all else of CPU time. */
export type WorkTimes = Readonly<Record<Work, number>>

/** What is counted exactly, whatever the samples say. */
export interface OperatorCounts {
  readonly records: number
  readonly rows: number
  readonly reads: number
  readonly updates: number
  readonly collections: number
  readonly timers: number
}

/** One operator in one worker; `node` is undefined for what belongs to none. */
export interface OperatorTimes {
  readonly node: number | undefined
  readonly times: WorkTimes
  readonly counts: OperatorCounts
}

export const NO_COUNTS: OperatorCounts = {
  records: 0,
  rows: 0,
  reads: 0,
  updates: 0,
  collections: 0,
  timers: 0,
}

const COUNTED = {
  record: 'records',
  rows: 'rows',
  read: 'reads',
  update: 'updates',
  collections: 'collections',
  timers: 'timers',
} as const satisfies Partial<Record<MarkCount['kind'], keyof OperatorCounts>>

/** By operator, in the order of their numbers; what belongs to none comes last. */
export function attribute(
  watched: WatchedTime,
  counts: readonly MarkCount[],
  job: ProfiledJob,
): readonly OperatorTimes[] {
  const times = timesOf(watched, job)
  const counted = countsOf(counts)
  const nodes = new Set([...counted.keys(), ...times.keys()])
  return [...nodes]
    .toSorted((a, b) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY))
    .map((node) => ({
      node,
      times: times.get(node) ?? noTimes(),
      counts: (node === undefined ? undefined : counted.get(node)) ?? NO_COUNTS,
    }))
}

export function noTimes(): Record<Work, number> {
  // Each work is a key, by construction.
  return Object.fromEntries(WORKS.map((work) => [work, 0])) as Record<Work, number>
}

function timesOf(
  { profile, beginMs, wallMs, cpuMs }: WatchedTime,
  job: ProfiledJob,
): Map<number | undefined, WorkTimes> {
  const { samples = [], timeDeltas = [] } = profile
  const places = placesOf(profile, job)
  const times = new Map<number | undefined, Record<Work, number>>([[undefined, noTimes()]])
  let before = OUTSIDE
  let atMs = 0
  let running = 0
  for (const [index, id] of samples.entries()) {
    atMs += (timeDeltas[index] ?? 0) / 1000
    const { node, work } = placeOfSample(places.get(id) ?? OUTSIDE, before, atMs < beginMs)
    if (work === 'idle') continue
    const own = times.get(node) ?? noTimes()
    times.set(node, own)
    own[work]++
    running++
    if (work !== 'gc') before = { node, work }
  }
  const msPerSample = cpuMs / Math.max(1, running)
  for (const own of times.values()) for (const work of WORKS) own[work] *= msPerSample
  const none = times.get(undefined) ?? noTimes()
  none.idle = Math.max(0, wallMs - cpuMs)
  return times
}

function placeOfSample(place: Place, before: Place, isStarting: boolean): Place {
  const { node, work } = place
  if (work === 'idle') return place
  if (isStarting) return { node: undefined, work: 'start' }
  return { node: work === 'gc' ? before.node : node, work }
}

/** The place of each node of the tree. */
function placesOf({ nodes }: CpuProfile, job: ProfiledJob): ReadonlyMap<number, Place> {
  const places = new Map<number, Place>()
  const above = new Map<number, Place>()
  for (const { id, callFrame, children = [] } of nodes) {
    const place = placeOf(callFrame, above.get(id) ?? OUTSIDE, job)
    places.set(id, place)
    for (const child of children) above.set(child, place)
  }
  return places
}

function countsOf(all: readonly MarkCount[]): ReadonlyMap<number, OperatorCounts> {
  const counted = new Map<number, Record<keyof OperatorCounts, number>>()
  for (const { node, kind, calls } of all) {
    const own = counted.get(node) ?? { ...NO_COUNTS }
    counted.set(node, own)
    if (kind in COUNTED) own[COUNTED[kind as keyof typeof COUNTED]] += calls // it is a key
  }
  return counted
}
