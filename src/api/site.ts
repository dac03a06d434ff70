/**
 * What all streams of one `build` share: the graph they grow, and how they make each other (a
 * stream makes keyed streams and back, without the files importing one another).
 */
import { MillraceError } from '../errors.ts'
import type { Edge, KeySelector } from '../graph/job-graph.ts'
import type { GraphBuilder } from '../graph/stream-graph.ts'
import { refuseAsyncFunction } from '../operators/synchronous.ts'
import { dynamicType } from '../types/dynamic.ts'
import type { Type } from '../types/type.ts'
import { callSite } from './location.ts'
import type { DataStream } from './streams/data.ts'
import type { KeyedStream, UpdateStream } from './streams/keyed.ts'

/** An output that a stream stands for; a union has several. */
export interface Upstream {
  readonly from: number
  readonly tag: string | undefined
  readonly type: Type<unknown>
}

/** How records find their subtask on the way into a keyed operator. */
export type KeyedPartitioning = 'hash' | 'forward'

export interface Site {
  readonly builder: GraphBuilder
  stream<O>(upstreams: readonly Upstream[]): DataStream<O>
  updates<K, V>(upstream: Upstream, types: UpdateTypes): UpdateStream<K, V>
  keyed<K, T>(
    upstreams: readonly Upstream[],
    key: KeySelector,
    partitioning: KeyedPartitioning,
  ): KeyedStream<K, T>
}

export interface UpdateTypes {
  readonly key: Type<unknown>
  readonly value: Type<unknown>
}

/** A call of a stream's method: what it is, for messages. */
export interface Call {
  readonly operation: string
  readonly uid: string | undefined
  readonly location: string | undefined
  /** `count "visits"`, or `map (/app/job.ts:12:5)`. */
  readonly what: string
}

/** To be called by the method itself, so that the next frame outside is the user's. */
export function callOf(operation: string, uid?: string): Call {
  const location = callSite()
  const name = uid === undefined ? operation : `${operation} "${uid}"`
  const what = uid === undefined && location !== undefined ? `${operation} (${location})` : name
  return { operation, uid, location, what }
}

/** Checks that the user gave a function, and none that is asynchronous. */
export function requireFunction(fn: unknown, call: Call, name = 'a function'): void {
  if (typeof fn !== 'function') {
    throw invalid(call, `needs ${name}, and got ${fn === null ? 'null' : typeof fn}`, 'pass one')
  }
  refuseAsyncFunction(fn, call.what)
}

/** A complaint about a call, with the place of the call. */
export function invalid(call: Call, problem: string, cure: string): MillraceError {
  const place = call.uid === undefined || call.location === undefined ? '' : ` (${call.location})`
  return new MillraceError('JOB_GRAPH_INVALID', `${call.what}${place} ${problem}`, { cure })
}

export function forwardEdges(upstreams: readonly Upstream[]): Edge[] {
  return upstreams.map(({ from, tag, type }) => {
    return { from, tag, input: 0, partitioning: 'forward', key: undefined, type }
  })
}

export function isDynamic(type: Type<unknown>): boolean {
  return type.schema.kind === 'dynamic'
}

/** The type that all these outputs have; dynamic if they differ. */
export function commonType(upstreams: readonly Upstream[]): Type<unknown> {
  const [first, ...others] = upstreams.map((upstream) => upstream.type)
  if (first === undefined) return dynamicType()
  const text = JSON.stringify(first.schema)
  const isSame = others.every((type) => type === first || JSON.stringify(type.schema) === text)
  return isSame ? first : dynamicType()
}
