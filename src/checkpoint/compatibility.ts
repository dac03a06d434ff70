/**
 * Does a job fit a checkpoint? Compared are the plan in the manifest and the plan of the code as it
 * is now, uid by uid. State must find its owner again, with the same kind and type; nothing is ever
 * dropped silently.
 */
import { MillraceError } from '../errors.ts'
import type { JobPlan, PlanNode, PlanOperatorState, PlanState } from '../graph/plan.ts'
import { compareSchemas } from '../types/evolution.ts'
import type { TypeSchema } from '../types/type.ts'
import type { CheckpointLink } from './manifest.ts'

/** What of a checkpoint says whether a job fits it. */
export type PlannedCheckpoint = Pick<
  CheckpointLink,
  'checkpointId' | 'jobName' | 'maxParallelism' | 'plan'
>

export interface CompatibilityOptions {
  /** State given up on purpose: the uid of an operator, or `uid/state`. */
  readonly drop?: readonly string[]
}

/**
 * Throws `CHECKPOINT_INCOMPATIBLE`, one line per difference, if the plan cannot go on from the
 * checkpoint.
 */
export function requireCompatible(
  link: PlannedCheckpoint,
  plan: JobPlan,
  options: CompatibilityOptions = {},
): void {
  const differences = compatibilityDifferences(link, plan, options)
  if (differences.length === 0) return
  const { checkpointId, jobName } = link
  const lines = differences.map((difference) => `\n  - ${difference}`).join('')
  throw new MillraceError(
    'CHECKPOINT_INCOMPATIBLE',
    `checkpoint ${checkpointId} of job "${jobName}" does not fit the job as it is now:${lines}\n`,
    {
      cure: 'undo these changes, or start without the state with --fresh',
      details: { checkpointId, differences: differences.length },
    },
  )
}

/** What differs, one sentence each, in the order of the former plan; empty if the job fits. */
export function compatibilityDifferences(
  link: PlannedCheckpoint,
  plan: JobPlan,
  options: CompatibilityOptions = {},
): readonly string[] {
  const drop = new Set(options.drop)
  const now = new Map<string, PlanNode>()
  for (const node of plan.nodes) if (node.uid !== undefined) now.set(node.uid, node)
  const differences: string[] = []
  if (link.maxParallelism !== plan.maxParallelism) {
    differences.push(`maxParallelism was ${link.maxParallelism}, is ${plan.maxParallelism}`)
  }
  for (const before of link.plan.nodes) {
    const { uid } = before
    if (uid === undefined || drop.has(uid)) continue
    const node = now.get(uid)
    if (node === undefined) differences.push(...goneNode(before, uid))
    else differences.push(...nodeDifferences(before, node, uid, drop))
  }
  return differences
}

/** Only what holds something is missed. */
function goneNode(before: PlanNode, uid: string): readonly string[] {
  const what = `${before.kind} "${uid}" (${before.operation})`
  if (before.kind === 'source') return [`${what} is gone, and with it how far it has read`]
  if (before.kind === 'sink') {
    return before.guarantee === 'exactly-once'
      ? [`${what} is gone, and with it output that may not be committed yet`]
      : []
  }
  const held = [...before.states, ...(before.operatorStates ?? [])].map(
    (state) => `"${state.name}"`,
  )
  if (before.usesTimers) held.push('its timers')
  return held.length === 0 ? [] : [`${what} is gone, and with it the state ${held.join(', ')}`]
}

function nodeDifferences(
  before: PlanNode,
  node: PlanNode,
  uid: string,
  drop: ReadonlySet<string>,
): readonly string[] {
  if (!holdsAnything(before)) return []
  if (before.kind !== node.kind || kindOf(before) !== kindOf(node)) {
    const was = `${before.kind} ${before.operation}`
    return [`"${uid}" was ${was}, is ${node.kind} ${node.operation}`]
  }
  const differences: string[] = []
  const key = typeDifference(before.keyType, node.keyType)
  if (key !== undefined) differences.push(`the key of "${uid}": ${key}`)
  if (before.usesTimers && !node.usesTimers) {
    differences.push(`"${uid}" has no timers any more, but the checkpoint may hold some`)
  }
  differences.push(...timerDifferences(before, node, uid))
  differences.push(
    ...stateDifferences(before.states, node.states, uid, drop),
    ...stateDifferences(before.operatorStates ?? [], node.operatorStates ?? [], uid, drop),
  )
  return differences
}

function stateDifferences(
  before: readonly (PlanState | PlanOperatorState)[],
  now: readonly (PlanState | PlanOperatorState)[],
  uid: string,
  drop: ReadonlySet<string>,
): readonly string[] {
  const differences: string[] = []
  const states = new Map(now.map((state) => [state.name, state]))
  for (const state of before) {
    if (drop.has(`${uid}/${state.name}`)) continue
    const found = states.get(state.name)
    const difference = found === undefined ? 'is gone' : stateDifference(state, found)
    if (difference === undefined) continue
    differences.push(`state "${state.name}" of "${uid}" ${difference}`)
  }
  return differences
}

/** Declared timers must be declared alike: the checkpoint may hold some. */
function timerDifferences(before: PlanNode, node: PlanNode, uid: string): readonly string[] {
  const timers = new Map(node.timers?.map((timer) => [timer.name, timer]))
  return (before.timers ?? []).flatMap(({ name, domain, payload }) => {
    const now = timers.get(name)
    if (now === undefined) return [`timer "${name}" of "${uid}" is gone`]
    const type = typeDifference(payload, now.payload)
    return [
      ...(domain === now.domain ? [] : [`timer "${name}" of "${uid}" was of ${domain}`]),
      ...(type === undefined ? [] : [`timer "${name}" of "${uid}" has another payload: ${type}`]),
    ]
  })
}

/** Without what stands in brackets after a connector: folders and hosts may move. */
function kindOf({ operation }: PlanNode): string {
  return operation.replace(/\(.*$/s, '')
}

function holdsAnything(node: PlanNode): boolean {
  if (node.kind === 'source') return true
  if (node.kind === 'sink') return node.guarantee === 'exactly-once'
  return node.states.length > 0 || node.operatorStates !== undefined || node.usesTimers
}

function stateDifference(
  before: PlanState | PlanOperatorState,
  now: PlanState | PlanOperatorState,
): string | undefined {
  if (before.kind !== now.kind) return `was of kind ${before.kind}, is of kind ${now.kind}`
  const mapKey = typeDifference(before.keyType, now.keyType)
  if (mapKey !== undefined) return `has another map key: ${mapKey}`
  const type = typeDifference(before.type, now.type)
  return type === undefined ? undefined : `has another type: ${type}`
}

function typeDifference(
  before: TypeSchema | undefined,
  now: TypeSchema | undefined,
): string | undefined {
  if (before === undefined || now === undefined) {
    if (before === now) return undefined
    return before === undefined ? 'there was none' : 'there is none any more'
  }
  const comparison = compareSchemas(before, now)
  return comparison.verdict === 'same' ? undefined : comparison.why
}
