/** Event time as its author gives it, checked and parsed. */
import type { TimeStrategy } from '../graph/job-graph.ts'
import type { WatermarkStrategy } from '../operators/watermarks.ts'
import { parseDurationMs } from '../util/duration.ts'
import { type Call, invalid, requireFunction } from './site.ts'
import type { EventTime, TimestampAssignment, WatermarkAlignment } from './streams/event-time.ts'
import { unary } from './untyped.ts'

export function timestampsOf<T>(time: TimestampAssignment<T>, call: Call): WatermarkStrategy {
  requireFunction(time?.timestamp, call, 'a timestamp function')
  const { maxOutOfOrderness, watermarks } = time
  if (watermarks !== undefined) {
    requireFunction(watermarks, call, 'a function that makes a generator as watermarks')
    if (maxOutOfOrderness !== undefined) {
      const problem = 'has both maxOutOfOrderness and watermarks'
      throw invalid(call, problem, 'give one: a generator allows for disorder itself')
    }
  }
  const what = `${call.what}: maxOutOfOrderness`
  return {
    timestamp: unary(time.timestamp),
    maxOutOfOrdernessMs: parseDurationMs(maxOutOfOrderness ?? 0, what),
    ...(watermarks === undefined ? {} : { watermarks }),
  }
}

export function eventTimeOf<T>(time: EventTime<T>, call: Call): TimeStrategy {
  const { idleness, splitsInOrder = false, alignment } = time
  return {
    ...timestampsOf(time, call),
    splitsInOrder,
    ...(alignment === undefined ? {} : { alignment: alignmentOf(alignment, call) }),
    ...(idleness === undefined
      ? {}
      : { idlenessMs: parseDurationMs(idleness, `${call.what}: idleness`) }),
  }
}

function alignmentOf({ group, maxDrift }: WatermarkAlignment, call: Call) {
  if (typeof group !== 'string' || group === '') {
    throw invalid(call, 'has an alignment without group', 'name the group of sources')
  }
  return { group, maxDriftMs: parseDurationMs(maxDrift, `${call.what}: alignment.maxDrift`) }
}
