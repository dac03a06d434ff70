// A join without a window: both sides are kept for ever, and every pair with the same key is made
// once, when the later of the two arrives. So the pairs do not depend on the order of arrival.
import { type DataStream, keyedProcess, listState, t, type Type } from 'millrace'

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

/** A record of one side, under the key of both. */
interface Either<L, R> {
  readonly key: number
  readonly left?: L | undefined
  readonly right?: R | undefined
}

/** @param uid under which the state of both sides is kept. */
export function innerJoin<L, R, O>(
  uid: string,
  { left, right, result }: InnerJoin<L, R, O>,
): DataStream<O> {
  const Either: Type<Either<L, R>> = t.struct({
    key: t.float64,
    left: t.optional(left.type),
    right: t.optional(right.type),
  })
  const lefts = left.stream.map((value): Either<L, R> => ({ key: left.key(value), left: value }))
  const rights = right.stream.map((value): Either<L, R> => ({
    key: right.key(value),
    right: value,
  }))
  return lefts
    .returns(Either)
    .union(rights.returns(Either))
    .keyBy(({ key }) => key)
    .process(uid, pairs(left.type, right.type, result))
}

function pairs<L, R, O>(left: Type<L>, right: Type<R>, result: (left: L, right: R) => O) {
  return keyedProcess<number, Either<L, R>, O, PairState<L, R>>({
    state: { lefts: listState(left), rights: listState(right) },
    processElement(either, { state: { lefts, rights } }, out) {
      if (either.left !== undefined) {
        lefts.add(either.left)
        for (const other of rights) out.collect(result(either.left, other))
      }
      if (either.right !== undefined) {
        rights.add(either.right)
        for (const other of lefts) out.collect(result(other, either.right))
      }
    },
  })
}

type PairState<L, R> = {
  readonly lefts: ReturnType<typeof listState<L>>
  readonly rights: ReturnType<typeof listState<R>>
}
