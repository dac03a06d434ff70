/** What the library has for two keyed streams, and state of subtasks without key. */
import {
  operatorListState,
  processFunction,
  t,
  tumblingWindow,
  unionListState,
} from '../../src/index.ts'
import type { DataStream, KeyedStream } from '../../src/index.ts'
import { HELD_MAX, type PairKind, type Rec } from './workload.ts'

type Key = number | string | readonly [number, string]

export interface PairParts {
  readonly uid: string
  readonly what: PairKind
  readonly sizeMs: number
}

export function together(
  left: KeyedStream<Key, Rec>,
  right: KeyedStream<Key, Rec>,
  { uid, what, sizeMs }: PairParts,
): DataStream<Rec> {
  switch (what) {
    case 'window':
      return left
        .join(right)
        .window(tumblingWindow(sizeMs))
        .apply(uid, (l, r) => ({ k: l.k, v: l.v * 1_000 + r.v, at: 0, pad: '' }))
    case 'group':
      return left
        .coGroup(right)
        .window(tumblingWindow(sizeMs))
        .apply<Rec>(uid, (ls, rs, _ctx, out) => {
          const k = ls[0]?.k ?? rs[0]?.k ?? -1
          const sum = (all: readonly Rec[]) => all.reduce((total, { v }) => total + v, 0)
          out.collect({ k, v: sum(ls) * 7 + sum(rs) + rs.length, at: 0, pad: '' })
        })
    case 'version':
      return (
        left
          .temporalJoin(right)
          .leftOuter()
          // Of two versions of one moment the one that came last holds, which is not certain.
          .process(uid, ({ k, v }, version) => ({ k, v: v * 10, at: version?.at ?? -1, pad: '' }))
      )
  }
}

/** Holds records in state of the subtask, and lets them go when there are some more. */
export function held(
  uid: string,
  stream: DataStream<Rec>,
  isUnion: boolean,
  typed: boolean,
): DataStream<Rec> {
  const element = typed ? heldType : t.dynamic<Held>()
  const operatorState = { held: isUnion ? unionListState(element) : operatorListState(element) }
  return stream.process(
    uid,
    processFunction<Rec, Rec, Owner, typeof operatorState>({
      operatorState,
      open({ operatorState: { held }, parallelism: of, subtaskIndex: owner }) {
        // What another one holds is its own, unless their number has changed.
        const own = [...held].filter(
          (each) => (each.of === of ? each.owner : each.owner % of) === owner,
        )
        if (isUnion) held.update(own.map((each) => ({ ...each, owner, of })))
        return { owner, of }
      },
      processElement({ k, v }, { operatorState: { held }, resources }, out) {
        held.add({ k, v, ...resources })
        if (held.length <= HELD_MAX) return
        for (const each of held) out.collect({ k: each.k, v: each.v, at: 0, pad: '' })
        held.clear()
      },
    }),
  )
}

interface Owner {
  readonly owner: number
  /** So many subtasks there were. */
  readonly of: number
}

interface Held extends Owner {
  readonly k: number
  readonly v: number
}

const heldType = t.struct({ k: t.float64, v: t.float64, owner: t.float64, of: t.float64 })
