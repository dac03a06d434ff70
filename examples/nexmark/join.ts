// A join without a window: both sides are kept for ever, and every pair with the same key is made
// once, when the later of the two arrives. So the pairs do not depend on the order of arrival.
import { type DataStream, listState, type Type } from 'millrace'

interface Side<T> {
  readonly stream: DataStream<T>
  readonly type: Type<T>
  readonly key: (value: T) => number
}

export interface InnerJoin<L, R, O> {
  readonly left: Side<L>
  readonly right: Side<R>
  readonly result: (left: L, right: R) => O
}

/** @param uid under which the state of both sides is kept. */
export function innerJoin<L, R, O>(
  uid: string,
  { left, right, result }: InnerJoin<L, R, O>,
): DataStream<O> {
  return left.stream
    .keyBy(left.key)
    .connect(right.stream.keyBy(right.key))
    .process(uid, {
      state: { lefts: listState(left.type), rights: listState(right.type) },
      processElement1(value, { state: { lefts, rights } }, out) {
        lefts.add(value)
        for (const other of rights) out.collect(result(value, other))
      },
      processElement2(value, { state: { lefts, rights } }, out) {
        rights.add(value)
        for (const other of lefts) out.collect(result(other, value))
      },
    })
}
