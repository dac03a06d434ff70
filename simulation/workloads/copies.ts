/** What a `flatMap` of a workload gives: an array or something else that is iterated. */
import { type Rec, restOf } from './workload.ts'

export function copies(record: Rec, copiesMax: number): Iterable<Rec> {
  const all = copiesOf(record, restOf(record, copiesMax + 1))
  return copiesMax % 2 === 0 ? [...all] : all
}

function* copiesOf(record: Rec, count: number): Generator<Rec> {
  for (let at = 1; at <= count; at++) yield { ...record, v: record.v * at }
}
