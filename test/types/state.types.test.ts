// What must and what must not compile about the kinds of state and their time to live: checked by
// the compiler, never run.
import { it } from 'node:test'
import { counterState, dequeState, setState, sortedMapState, t, valueState } from 'millrace'
import type { StateOf } from 'millrace'

const states = {
  byTime: sortedMapState(t.tuple(t.timestamp, t.string), t.float64),
  byName: sortedMapState(t.string, t.int32, { ttl: { after: '1 h', time: 'event-time' } }),
  byNumber: sortedMapState(t.float64, t.string),
  ids: setState(t.string, { ttl: '7 d' }),
  queue: dequeState(t.float64),
  clicks: counterState(),
}

function use({ byTime, byName, byNumber, ids, queue, clicks }: StateOf<typeof states>): void {
  byTime.range({ prefix: [5] })
  byTime.range({ from: [5, 'a'], to: [6, ''], toInclusive: true, reverse: true, limit: 3 })
  byName.range({ prefix: 'a' })
  const first: readonly [string, number] | undefined = byName.first()
  const last: number | undefined = queue.popLast()
  const sum: number = clicks.add(2)
  // @ts-expect-error the first part of the key is a number
  byTime.range({ prefix: ['a'] })
  // @ts-expect-error a number has no beginning
  byNumber.range({ prefix: 1 })
  // @ts-expect-error keys are strings
  byName.range({ from: 1 })
  // @ts-expect-error elements are strings
  ids.add(1)
  // @ts-expect-error elements are numbers
  queue.pushFirst('a')
  // @ts-expect-error a counter takes numbers
  clicks.add(1n)
  void [first, last, sum]
}

function declare(): void {
  valueState(t.string, { ttl: { after: '1 h', onExpire: (value) => value.length } })
  valueState(t.int32, { initial: 0, ttl: '1 h' })
  // @ts-expect-error no such unit
  valueState(t.string, { ttl: '1 year' })
  // @ts-expect-error no such rule
  valueState(t.string, { ttl: { after: '1 h', update: 'never' } })
  // @ts-expect-error onExpire gets a string
  valueState(t.string, { ttl: { after: '1 h', onExpire: (value: number) => value } })
}

it('states are typed', () => void [use, declare])
