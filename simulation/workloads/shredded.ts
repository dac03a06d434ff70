/**
 * State that can be erased by subject: a keyed process function that keeps all that it has seen of
 * a key, several times over, and tells with each record how much that is. So whoever reads its
 * state, or its output, sees where a key began anew. Beside it an operator counts the records of
 * each key, in state that nobody erases: it tells how far a checkpoint is.
 */
import { listState, mapState, t, valueState } from '../../src/index.ts'
import type { DataStream, KeyedStream } from '../../src/index.ts'
import type { Subject } from '../../src/state/sealed/subject.ts'
import { eventTimer } from '../../src/time/descriptors.ts'
import type { Random } from '../../src/util/random.ts'
import { type Key, numberOf } from './keys.ts'
import { FAR_MS, foldOf, type KeyKind, type Rec, type Workload } from './workload.ts'

export const SHREDDED_UID = 'shredded'
export const SEEN_UID = 'seen'
/** In all that is told of a subject, and in nothing that is not sealed. */
export const CANARY = 'canary of '
/** Keys have so many subjects together. */
export const SUBJECTS = 4

/** Whose the key of a record is. */
export function subjectOf(k: number, kind: KeyKind): Subject {
  const subject = k % SUBJECTS
  return kind === 'string' ? `subject ${subject}` : subject
}

/** The same workload, with the two operators behind a source that keeps the order of keys. */
export function withShredded(workload: Workload, random: Random): Workload {
  const { sources, nodes, certain } = workload
  const input = nodes.findIndex((node) => {
    return node.kind === 'source' && sources[node.source]?.text === undefined
  })
  if (input < 0) return workload
  const key = (['number', 'string', 'tuple'] as const)[random.int(3)] ?? 'number'
  const from = nodes.length
  const compare = 'order per key'
  const added = [
    { kind: 'shredded', input, uid: SHREDDED_UID, key },
    { kind: 'sink', input: from, uid: 'sink-shredded', compare: 'begun anew' },
    { kind: 'count', input, uid: SEEN_UID, key: 'number' },
    { kind: 'sink', input: from + 2, uid: 'sink-seen', compare },
  ] as const
  const ofStreams = [{ compare, isTimed: false }, undefined] as const
  const known = certain === undefined ? {} : { certain: [...certain, ...ofStreams, ...ofStreams] }
  return { ...workload, nodes: [...nodes, ...added], ...known }
}

/** What a key's values come to. */
export function digestOf(values: readonly number[]): number {
  return values.reduce(foldOf, 0)
}

export interface ShreddedParts {
  readonly uid: string
  readonly kind: KeyKind
  readonly typed: boolean
  violated(what: string): void
}

export function shredded(keyed: KeyedStream<Key, Rec>, parts: ShreddedParts): DataStream<Rec> {
  const { uid, kind, typed } = parts
  const number = typed ? t.float64 : t.dynamic<number>()
  const text = typed ? t.string : t.dynamic<string>()
  const state = {
    values: listState(number),
    digest: valueState(number, { initial: 0 }),
    byValue: mapState(number, number),
    name: valueState(text),
  }
  return keyed
    .shredBy((key) => subjectOf(numberOf(key), kind))
    .process<Rec, typeof state, undefined, { far: ReturnType<typeof eventTimer<string>> }>(uid, {
      state,
      timers: { far: eventTimer(t.string) },
      processElement({ k, v }, { state: { values, digest, byValue, name }, timers }, out) {
        const all = values.get()
        const held = [...byValue.values()].reduce((former, n) => former + n, 0)
        const isWhole = held === all.length && digest.value() === digestOf(all)
        const isNamed = (name.value() !== undefined) === all.length > 0
        if (!isWhole || !isNamed) parts.violated(`of ${all.length} values ${held} are held`)
        const set = timers.far.list().length
        const isBefore = timers.currentWatermark < FAR_MS
        if (isBefore && set !== all.length) parts.violated(`${set} timers, of ${all.length}`)
        values.add(v)
        digest.update(foldOf(digest.value(), v))
        byValue.set(v, (byValue.get(v) ?? 0) + 1)
        name.update(`${CANARY}${k}`)
        timers.far.set(FAR_MS + all.length, `${CANARY}${k}`)
        out.collect({ k, v, at: all.length + 1, pad: `${digest.value()}` })
      },
      onTimer() {},
    })
}
