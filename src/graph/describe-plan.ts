/** The plan as text, for `millrace plan`: tasks, what is chained in them, and who reads whom. */
import { describeSchema } from '../types/describe.ts'
import type { JobPlan, PlanEdge, PlanNode, PlanVertex } from './plan.ts'

/**
 * @example
 * word-count: 2 tasks × parallelism 2, 128 key groups
 *
 * 0  lines → flatMap → counts
 *      source    lines                 fileSource, bounded, replayable
 *      flatMap   flatMap (job.ts:7)
 * 1  counts → out   ⇐ 0 by key
 *      count     counts                key string; count: value float64
 *      sink      out                   print, at-least-once
 */
export function describePlan(plan: JobPlan): string {
  const { jobName, vertices, parallelism, maxParallelism } = plan
  const tasks = vertices.length === 1 ? '1 task' : `${vertices.length} tasks`
  const head = `${jobName}: ${tasks} × parallelism ${parallelism}, ${maxParallelism} key groups`
  return [head, '', ...vertices.flatMap((vertex) => vertexLines(plan, vertex))].join('\n')
}

function vertexLines(plan: JobPlan, vertex: PlanVertex): string[] {
  const edges = plan.edges.filter((edge) => edge.toVertex === vertex.id)
  const inputs = [undefined, 1].map((input) => edges.filter((edge) => edge.input === input))
  const shownInputs = inputs.map((each) => each.map(edgeText).join(', ')).filter(Boolean)
  const from = shownInputs.length === 0 ? '' : `   ⇐ ${shownInputs.join(' & ')}`
  const nodes = vertex.nodes.map((id) => plan.nodes.find((node) => node.id === id))
  const shown = nodes.filter((node) => node !== undefined)
  const width = (text: (node: PlanNode) => string) =>
    Math.max(0, ...shown.map((node) => text(node).length))
  const [whats, labels] = [width(operationOf), width(labelOf)]
  const lines = shown.map((node) => {
    const columns = [operationOf(node).padEnd(whats), labelOf(node).padEnd(labels), facts(node)]
    return `     ${columns.join('   ')}`.trimEnd()
  })
  return [`${String(vertex.id).padEnd(3)}${vertex.name}${from}`, ...lines]
}

function edgeText({ fromVertex, partitioning }: PlanEdge): string {
  const how: string = { hash: ' by key', broadcast: ' to all' }[partitioning as string] ?? ''
  return `${fromVertex}${how}`
}

function operationOf(node: PlanNode): string {
  return node.kind === 'operator' ? node.operation : node.kind
}

function labelOf(node: PlanNode): string {
  return node.label
}

function facts(node: PlanNode): string {
  const found: string[] = []
  if (node.kind !== 'operator') found.push(node.operation)
  if (node.bounded !== undefined) found.push(node.bounded ? 'bounded' : 'unbounded')
  if (node.replayable !== undefined) found.push(node.replayable ? 'replayable' : 'not replayable')
  if (node.guarantee !== undefined) found.push(node.guarantee)
  if (node.keyType !== undefined) found.push(`key ${describeSchema(node.keyType)}`)
  if (node.shredded === true) found.push('sealed by subject')
  if (node.usesTimers) found.push('timers')
  const all = [...node.states, ...(node.operatorStates ?? [])]
  const states = all.map(({ name, kind, type, keyType }) => {
    const key = keyType === undefined ? '' : `${describeSchema(keyType)} → `
    return `${name}: ${kind} ${key}${describeSchema(type)}`
  })
  const timers = (node.timers ?? []).map(({ name, domain, payload }) => {
    const carries = payload === undefined ? '' : ` with ${describeSchema(payload)}`
    return `${name}: ${domain.replace('-', ' ')} timer${carries}`
  })
  return [found.join(', '), ...states, ...timers].filter((part) => part !== '').join('; ')
}
