/** `onError`: what is checked of it, and where it is kept. */
import { ERROR_POLICIES, type ErrorPolicy } from '../operators/failures/policy.ts'
import { type Call, invalid, type Site, type Upstream } from './site.ts'

/** @throws `JOB_GRAPH_INVALID` where the stream is not that of an operator that may have one. */
export function setErrorPolicy(
  { builder }: Site,
  upstreams: readonly Upstream[],
  policy: ErrorPolicy,
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
    const cure = 'chain it to map, flatMap, filter or process itself'
    throw invalid(call, 'comes after something that calls no function', cure)
  }
  if (node.isUndoable !== true) {
    const cure = 'guard what may throw in a map or process before it'
    throw invalid(call, `cannot be chained to ${node.operation}`, cure)
  }
  const [state] = Object.keys(node.operatorStates ?? {})
  if (state !== undefined && policy !== 'fail') {
    const cure = 'keep the state by key, or handle errors in the function itself'
    throw invalid(call, `cannot undo changes of the operator state "${state}"`, cure)
  }
  builder.setErrorPolicy(node.id, policy)
}
