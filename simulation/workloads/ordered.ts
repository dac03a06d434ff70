/** A keyed process function over the states that keep an order, and a counter. */
import { counterState, dequeState, setState, sortedMapState, t } from '../../src/index.ts'
import type { KeyedProcessFunction } from '../../src/index.ts'
import { isCounted } from './effects.ts'
import { DEQUE_MAX, foldOf, type Rec, SORTED_MAX } from './workload.ts'

function states(typed: boolean) {
  const number = typed ? t.float64 : t.dynamic<number>()
  return {
    byValue: sortedMapState(number, number),
    rests: setState(number),
    recent: dequeState(number),
    seen: counterState(),
  }
}

/** Emits a digest of all its states for each record; some values take something out of them. */
export function orderedProcess(
  typed: boolean,
): KeyedProcessFunction<
  number | string | readonly [number, string],
  Rec,
  Rec,
  ReturnType<typeof states>
> {
  return {
    state: states(typed),
    processElement({ k, v, at }, { state }, out) {
      const { byValue, rests, recent, seen } = state
      byValue.set(v, (byValue.get(v) ?? 0) + 1)
      for (const [key] of byValue.range({ from: v, fromExclusive: true, limit: 1 })) {
        if (v % 5 === 0) byValue.delete(key)
      }
      while ([...byValue.keys()].length > SORTED_MAX) byValue.delete(byValue.first()?.[0] ?? 0)
      if (v % 2 === 0) recent.pushLast(v)
      else recent.pushFirst(v)
      if (recent.length > DEQUE_MAX) recent.popFirst()
      if (v % 7 === 0) recent.popLast()
      if (rests.has(v % 10) && v % 3 === 0) rests.delete(v % 10)
      else rests.add(v % 10)
      let digest = (isCounted(v) ? seen.add(v) : seen.value()) % 1_000
      for (const [key, n] of byValue.range({ reverse: true })) digest = foldOf(digest, key * 9 + n)
      for (const value of recent) digest = foldOf(digest, value)
      for (const value of [...rests].toSorted((a, b) => a - b)) digest = foldOf(digest, value)
      if (v % 31 === 0) byValue.clear()
      if (v % 37 === 0) recent.clear()
      if (v % 41 === 0) seen.clear()
      out.collect({ k, v: digest, at, pad: '' })
    },
  }
}
