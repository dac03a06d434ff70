/** Nodes that call the outside world: `asyncMap`, `asyncFlatMap` and `lookupJoin`. */
import type { OperatorNode } from '../graph/job-graph.ts'
import { isMillraceError, messageOf, MillraceError } from '../errors.ts'
import { inFlightState, inFlightType, type InFlightType } from '../operators/async/in-flight.ts'
import { Lookups } from '../operators/async/lookup.ts'
import {
  type AsyncParts,
  AsyncOperator,
  type Deliver,
  deliverAll,
  deliverOne,
} from '../operators/async/operator.ts'
import type {
  AsyncFunction,
  AsyncMapOptions,
  AsyncOptions,
  AsyncSettings,
} from '../operators/async/options.ts'
import type { OperatorContext } from '../operators/operator.ts'
import { refuseAsyncResult } from '../operators/synchronous.ts'
import { dynamicType } from '../types/dynamic.ts'
import { describeKey } from '../types/keys.ts'
import type { Type } from '../types/type.ts'
import { required } from '../util/assert.ts'
import { parseDurationMs } from '../util/duration.ts'
import { type Call, commonType, forwardEdges, invalid, requireFunction } from './site.ts'
import type { Site, Upstream } from './site.ts'
import type { DataStream } from './streams/data.ts'
import type { LookupCache, LookupJoin } from './streams/async.ts'
import { unary } from './untyped.ts'

const CAPACITY_DEFAULT = 100
const CAPACITY_MAX = 100_000
const BACKOFF_DEFAULT = 100
const BACKOFF_MAX_DEFAULT = 10_000
/** The longest that timers of the platform take. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/** Where a node is added. */
export interface Place {
  readonly site: Site
  readonly upstreams: readonly Upstream[]
  readonly call: Call
}

export function asyncMap<I, O, R>(
  place: Place,
  options: AsyncMapOptions<I, O, R>,
  fn: AsyncFunction<I, R>,
  results: 'one' | 'all',
): DataStream<O> {
  const { call, upstreams } = place
  const settings = asyncSettings(options, call)
  if (typeof fn !== 'function') throw invalid(call, `needs a function, and got ${typeof fn}`, 'add')
  const inFlight = inFlightType(commonType(upstreams))
  const parts: AsyncParts = {
    settings,
    inFlight,
    fn: anyAsync(fn),
    deliver: results === 'one' ? deliverOne : deliverAll,
  }
  return add(place, options.output, inFlight, (context) => new AsyncOperator(context, parts))
}

export function lookupJoin<T, K, R, O, Kind extends 'inner' | 'left'>(
  place: Place,
  options: LookupJoin<T, K, R, O, Kind>,
): DataStream<O> {
  const { call, upstreams } = place
  const settings = asyncSettings(options, call)
  requireFunction(options.key, call, 'a key function')
  requireFunction(options.join, call, 'a join function')
  const { kind } = options
  if (typeof options.lookup !== 'function') throw invalid(call, 'needs a lookup function', 'add it')
  if (kind !== 'inner' && kind !== 'left') {
    throw invalid(call, `: ${describeKey(kind)} is no kind`, "write kind: 'inner' or 'left'")
  }
  const cache = options.cache === undefined ? undefined : cacheOf(options.cache, settings, call)
  const select = unary(options.key)
  const lookup = anyAsync(options.lookup)
  const deliver = joining(options, call)
  const inFlight = inFlightType(commonType(upstreams))
  return add(place, options.output, inFlight, (context) => {
    const lookups = new Lookups(lookup, cache, required(context.world, 'a host without world'))
    const fn = (value: unknown, signal: AbortSignal): unknown => {
      const key = select(value)
      return key === null || key === undefined ? undefined : lookups.get(key, signal)
    }
    return new AsyncOperator(context, { settings, inFlight, fn, deliver })
  })
}

function add<O>(
  { site, upstreams, call }: Place,
  output: Type<unknown> | undefined,
  inFlight: InFlightType,
  create: OperatorNode['create'],
): DataStream<O> {
  const outputType = output ?? dynamicType()
  const from = site.builder.add({
    kind: 'operator',
    operation: call.operation,
    uid: call.uid,
    location: call.location,
    outputType,
    inputs: forwardEdges(upstreams),
    key: undefined,
    states: {},
    operatorStates: inFlightState(inFlight),
    usesTimers: false,
    isUndoable: true,
    sideOutputs: new Map(),
    create: (context: OperatorContext) => create(context),
  })
  return site.stream([{ from, tag: undefined, type: outputType }])
}

function asyncSettings<I, O>(options: AsyncOptions<I, O>, call: Call): AsyncSettings {
  const { capacity = CAPACITY_DEFAULT, ordered = true, retry } = options ?? {}
  if (!isCount(capacity, CAPACITY_MAX)) {
    const cure = `give the records that may be under way at once, 1 to ${CAPACITY_MAX}`
    throw invalid(call, `: ${describeKey(capacity)} is no capacity`, cure)
  }
  if (typeof ordered !== 'boolean') {
    throw invalid(call, `: ordered is ${describeKey(ordered)}`, 'write true or false')
  }
  const attemptsMax = retry?.attempts ?? 1
  if (!isCount(attemptsMax, Number.MAX_SAFE_INTEGER)) {
    const problem = `: retry.attempts is ${describeKey(attemptsMax)}`
    throw invalid(call, problem, 'give the number of calls in all, the first included')
  }
  const { backoff = BACKOFF_DEFAULT, maxBackoff = BACKOFF_MAX_DEFAULT } = retry ?? {}
  const backoffMs = parseDurationMs(backoff, `${call.what}: retry.backoff`)
  return {
    capacity,
    timeoutMs: timeoutOf(options?.timeout, call),
    ordered,
    attemptsMax,
    backoffMs,
    backoffMsMax: Math.max(backoffMs, parseDurationMs(maxBackoff, `${call.what}: maxBackoff`)),
    retryIf: predicate(retry?.retryIf, 'retryIf', call),
    retryResultIf: predicate(retry?.retryResultIf, 'retryResultIf', call),
    onTimeout: instead(options?.onTimeout, 'onTimeout', call),
    onError: instead(options?.onError, 'onError', call),
  }
}

function isCount(value: unknown, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max
}

function timeoutOf(timeout: unknown, call: Call): number {
  const timeoutMs = parseDurationMs(timeout, `${call.what}: timeout`)
  if (timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_MAX) return timeoutMs
  throw invalid(call, `: ${describeKey(timeout)} is no timeout`, 'give more than 0, and under 24 d')
}

function predicate(
  fn: ((value: never) => boolean) | undefined,
  name: string,
  call: Call,
): ((value: unknown) => boolean) | undefined {
  if (fn === undefined) return undefined
  requireFunction(fn, call, `a function as ${name}`)
  return unary(fn)
}

/** What stands for a result; undefined means that the job fails. */
function instead(
  fn: 'fail' | ((value: never, error: unknown) => unknown) | undefined,
  name: string,
  call: Call,
): ((value: unknown, error: unknown) => unknown) | undefined {
  if (fn === undefined || fn === 'fail') return undefined
  requireFunction(fn, call, `'fail' or a function as ${name}`)
  const untyped = fn as (value: unknown, error: unknown) => unknown // it gets records of the stream
  return (value, error) => {
    const result = untyped(value, error)
    refuseAsyncResult(result, `${call.what}: ${name}`)
    return result
  }
}

function cacheOf(cache: LookupCache, { retryResultIf }: AsyncSettings, call: Call) {
  const entriesMax = cache.entries
  if (!isCount(entriesMax, Number.MAX_SAFE_INTEGER)) {
    const problem = `: cache.entries is ${describeKey(entriesMax)}`
    throw invalid(call, problem, 'give the number of rows to keep, at least 1')
  }
  const ttlMs = parseDurationMs(cache.ttl, `${call.what}: cache.ttl`)
  return { entriesMax, ttlMs, keeps: (row: unknown) => retryResultIf?.(row) !== true }
}

/** Joins when the row is there, in the chain; what the user's function throws names the record. */
function joining<T, R, O, Kind extends 'inner' | 'left'>(
  { join, kind }: Pick<LookupJoin<T, unknown, R, O, Kind>, 'join' | 'kind'>,
  call: Call,
): Deliver {
  // It gets records of the stream, and rows of the look-up.
  const untyped = join as unknown as (left: unknown, row: unknown) => unknown
  return (output, left, row, timestamp) => {
    if (kind === 'inner' && (row === undefined || row === null)) return
    let joined: unknown
    try {
      joined = untyped(left, row)
      refuseAsyncResult(joined, call.what)
    } catch (error) {
      if (isMillraceError(error)) throw error
      const record = describeKey(left)
      const message = `record ${record}: ${messageOf(error)}`
      throw new MillraceError('FUNCTION_FAILED', message, { cause: error, details: { record } })
    }
    output.collect(joined, timestamp)
  }
}

function anyAsync<I, O>(fn: (value: I, signal: AbortSignal) => O): AsyncFunction<unknown, unknown> {
  return fn as AsyncFunction<unknown, unknown> // it gets records of the stream
}
