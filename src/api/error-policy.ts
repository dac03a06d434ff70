/** `onError`: what is checked of it, and where it is kept. */
import { describeKey } from '../types/keys.ts'
import { parseSizeBytes } from '../util/duration.ts'
import { ERROR_POLICIES, type ErrorPolicy, type ParkLimits } from '../operators/failures/policy.ts'
import { type Call, invalid, type Site, type Upstream } from './site.ts'

const RECORDS_MAX = 10_000
const SIZE_MAX = '64 MiB'

/** @throws `JOB_GRAPH_INVALID` where the stream is not that of an operator that may have one. */
export function setErrorPolicy(
  { builder }: Site,
  upstreams: readonly Upstream[],
  policy: ErrorPolicy,
  limits: ParkLimits | undefined,
  call: Call,
): void {
  if (!ERROR_POLICIES.has(policy)) {
    const known = [...ERROR_POLICIES].join(', ')
    throw invalid(call, `got ${JSON.stringify(policy)}`, `choose one of ${known}`)
  }
  const [upstream, ...others] = upstreams
  const node = upstream === undefined ? undefined : builder.nodeAt(upstream.from)
  const isOwn = upstream?.tag === undefined && others.length === 0
  if (!isOwn || node?.kind !== 'operator') {
    const cure = 'chain it to the operator itself: map, process, aggregate, join, …'
    throw invalid(call, 'comes after something that calls no function', cure)
  }
  if (node.isUndoable !== true) {
    const why = 'what its function has seen of time cannot be taken back'
    const cure = 'guard what may throw in a map before it'
    throw invalid(call, `cannot be chained to ${node.operation}: ${why}`, cure)
  }
  if (policy !== 'park') {
    if (limits !== undefined) throw invalid(call, `got limits for ${policy}`, 'leave them out')
    return builder.setErrorPolicy(node.id, { onError: policy })
  }
  if (node.key === undefined) {
    const cure = "chain it behind keyBy(…), or choose 'dead-letter'"
    throw invalid(call, `: the records of ${node.operation} have no key to park`, cure)
  }
  builder.setErrorPolicy(node.id, { onError: 'park', limits: limitsOf(limits, call) })
}

function limitsOf({ records = RECORDS_MAX, size = SIZE_MAX }: ParkLimits = {}, call: Call) {
  if (!Number.isSafeInteger(records) || records < 1) {
    const cure = 'give the number of records that may wait in a subtask, at least 1'
    throw invalid(call, `: ${describeKey(records)} is no number of records`, cure)
  }
  return { recordsMax: records, bytesMax: parseSizeBytes(size, `${call.what}: size`) }
}
