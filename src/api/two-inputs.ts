/** What nodes with two inputs are made of: the edges of both, and the keys if they are keyed. */
import type { Edge, KeySelector } from '../graph/job-graph.ts'
import { describeSchema } from '../types/describe.ts'
import type { Type } from '../types/type.ts'
import { type Call, invalid, isDynamic, type KeyedPartitioning, type Upstream } from './site.ts'

/** A keyed stream as an input. */
export interface KeyedInput {
  readonly upstreams: readonly Upstream[]
  readonly key: KeySelector
  readonly partitioning: KeyedPartitioning
}

/** Types that a function declares, for where its streams declare none. */
export interface DeclaredTypes {
  readonly key?: Type<unknown>
  readonly input1?: Type<unknown>
  readonly input2?: Type<unknown>
}

/** Edges of one input; its records are of type `declared` where the stream has none. */
export function edgesInto(
  input: 0 | 1,
  upstreams: readonly Upstream[],
  how: Pick<Edge, 'partitioning' | 'key'>,
  declared?: Type<unknown>,
): Edge[] {
  return upstreams.map(({ from, tag, type }) => {
    const ofRecords = declared !== undefined && isDynamic(type) ? declared : type
    return { from, tag, input, ...how, type: ofRecords }
  })
}

/** Inputs and keys of a node over two keyed streams. */
export function keyedPair(
  call: Call,
  first: KeyedInput,
  second: KeyedInput,
  declared: DeclaredTypes = {},
): { readonly inputs: Edge[]; readonly key: KeySelector; readonly secondKey: KeySelector } {
  const type = commonKeyType(call, first.key.type, second.key.type, declared.key)
  if ((first.key.shredBy === undefined) !== (second.key.shredBy === undefined)) {
    const cure = 'chain shredBy to both streams, with the same function: they share one state'
    throw invalid(call, 'connects a stream with shredBy to one without', cure)
  }
  const key = { ...first.key, type }
  const secondKey = { ...second.key, type }
  const { partitioning } = first
  const inputs = [
    ...edgesInto(0, first.upstreams, { partitioning, key }, declared.input1),
    ...edgesInto(
      1,
      second.upstreams,
      { partitioning: second.partitioning, key: secondKey },
      declared.input2,
    ),
  ]
  return { inputs, key, secondKey }
}

/** The type that all of them are that are declared. */
export function commonKeyType(
  call: Call,
  first: Type<unknown>,
  ...others: readonly (Type<unknown> | undefined)[]
): Type<unknown> {
  let common = first
  for (const type of others) {
    if (type === undefined || isDynamic(type)) continue
    if (isDynamic(common)) common = type
    const [one, other] = [common, type].map(({ schema }) => describeSchema(schema))
    if (one === other) continue
    const cure = 'key both streams, and declare the function, by the same type'
    throw invalid(call, `connects keys of different types, ${one} and ${other}`, cure)
  }
  return common
}
