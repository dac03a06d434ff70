/**
 * A job beside a checkpoint, part by part: what finds its owner again, what is new and starts
 * empty, what nobody claims, what does not fit. Compared are the plan in the manifest and the plan
 * of the code as it is now, by uid and name. Pure; `compatibility.ts` refuses by it, `millrace
 * check` shows it.
 */
import type { JobPlan, PlanNode, PlanOperatorState, PlanState } from '../graph/plan.ts'
import { compareKeys, compareSchemas, type SchemaComparison } from '../types/evolution.ts'
import type { TypeSchema } from '../types/type.ts'
import type { CheckpointLink } from './manifest.ts'

/** What of a checkpoint says whether a job fits it. */
export type PlannedCheckpoint = Pick<
  CheckpointLink,
  'checkpointId' | 'jobName' | 'maxParallelism' | 'plan'
>

/** `dropped` is what would be `lost` or `incompatible` if it were not given up by name. */
export type Verdict = 'fits' | 'new' | 'migrate' | 'dropped' | 'lost' | 'incompatible'

export interface Finding {
  /** Absent: of the whole job. */
  readonly uid?: string
  /** The name of the one state that is meant; absent: the operator, or something else of it. */
  readonly state?: string
  /** In a word or two: `count: value`, `key`, `timers`. */
  readonly what: string
  readonly verdict: Verdict
  /** A sentence about what is not as it was; absent for what fits. */
  readonly why?: string
  /** Naming this among the drops gives it up. */
  readonly drop?: string
}

/** What cures a change of keys. */
const REKEY = ' (write it anew with rekeyed() of millrace/savepoint)'

export interface ComparisonOptions {
  /** State that may be given up: the uid of an operator, or `uid.state`. */
  readonly drop?: readonly string[]
}

/** All parts: those of the checkpoint in its plan's order, then what is new. */
export function compareWithCheckpoint(
  link: PlannedCheckpoint,
  plan: JobPlan,
  options: ComparisonOptions = {},
): readonly Finding[] {
  const drop = new Set(options.drop)
  const now = new Map<string, PlanNode>()
  for (const node of plan.nodes) if (node.uid !== undefined) now.set(node.uid, node)
  const findings: Finding[] = []
  if (link.maxParallelism !== plan.maxParallelism) {
    const why = `maxParallelism was ${link.maxParallelism}, is ${plan.maxParallelism}`
    findings.push({ what: 'maxParallelism', verdict: 'incompatible', why })
  }
  const known = new Set<string>()
  for (const before of link.plan.nodes) {
    const { uid } = before
    if (uid === undefined || !holdsAnything(before)) continue
    known.add(uid)
    const node = now.get(uid)
    const found = node === undefined ? [goneNode(before, uid)] : nodeFindings(before, node, uid)
    findings.push(...givenUp(found, before, uid, drop))
  }
  for (const [uid, node] of now) {
    if (!known.has(uid) && holdsAnything(node)) findings.push(newNode(node, uid))
  }
  return findings
}

/** Where a drop of the operator meets a mismatch of the whole operator, all of it goes. */
function givenUp(
  found: readonly Finding[],
  before: PlanNode,
  uid: string,
  drop: ReadonlySet<string>,
): readonly Finding[] {
  const states = heldStates(before)
  // Of an operator that is gone each state may be named by itself, if states are all that it had.
  const isNamedApart =
    states.length > 0 &&
    !before.usesTimers &&
    before.kind === 'operator' &&
    states.every((name) => drop.has(`${uid}.${name}`))
  const isBad = ({ verdict }: Finding): boolean => verdict === 'lost' || verdict === 'incompatible'
  const goesWhole = found.some((each) => isBad(each) && each.state === undefined) && drop.has(uid)
  return found.map((each) => {
    if (goesWhole && each.verdict !== 'new') return { ...each, verdict: 'dropped' }
    const isApart = each.state === undefined && each.verdict === 'lost' && isNamedApart
    const isNamed = drop.has(uid) || drop.has(each.drop ?? '') || isApart
    return isBad(each) && isNamed ? { ...each, verdict: 'dropped' } : each
  })
}

function goneNode(before: PlanNode, uid: string): Finding {
  const name = `${before.kind} "${uid}" (${before.operation})`
  const gone = (what: string, lost: string): Finding => ({
    uid,
    what,
    verdict: 'lost',
    why: `${name} is gone, and with it ${lost}`,
    drop: uid,
  })
  if (before.kind === 'source') return gone('positions', 'how far it has read')
  if (before.kind === 'sink') return gone('output', 'output that may not be committed yet')
  const states = heldStates(before)
  const held = states.map((state) => `"${state}"`)
  if (before.usesTimers) held.push('its timers')
  return gone(
    [...states, ...(before.usesTimers ? ['timers'] : [])].join(', '),
    `the state ${held.join(', ')}`,
  )
}

function newNode(node: PlanNode, uid: string): Finding {
  const all = [...heldStates(node), ...(node.usesTimers ? ['timers'] : [])].join(', ')
  const [what, why] = {
    source: ['positions', 'reads from the beginning'],
    sink: ['output', 'begins anew'],
    operator: [all, 'starts empty'],
  }[node.kind] as [string, string] // each entry above is a pair of texts
  return { uid, what, verdict: 'new', why }
}

function nodeFindings(before: PlanNode, node: PlanNode, uid: string): readonly Finding[] {
  if (before.kind !== node.kind || kindOf(before) !== kindOf(node)) {
    const was = `${before.kind} ${before.operation}`
    const why = `"${uid}" was ${was}, is ${node.kind} ${node.operation}`
    return [{ uid, what: before.kind, verdict: 'incompatible', why, drop: uid }]
  }
  if (before.kind === 'source') return [{ uid, what: 'positions', verdict: 'fits' }]
  if (before.kind === 'sink') return [{ uid, what: 'output', verdict: 'fits' }]
  const findings: Finding[] = []
  const key = compareTypes(before.keyType, node.keyType, compareKeys)
  if (key.verdict === 'fits') {
    if (before.keyType !== undefined) findings.push({ uid, what: 'key', verdict: 'fits' })
  } else {
    const why = `the key of "${uid}"${key.why}${key.verdict === 'migrate' ? '' : REKEY}`
    findings.push({ uid, what: 'key', verdict: key.verdict, why, drop: uid })
  }
  if (before.usesTimers && !node.usesTimers) {
    const why = `"${uid}" has no timers any more, but the checkpoint may hold some`
    findings.push({ uid, what: 'timers', verdict: 'lost', why, drop: uid })
  }
  if (before.shredded !== node.shredded) {
    const is = node.shredded === true ? 'is sealed by subject now' : 'was sealed by subject'
    const why = `"${uid}" ${is} (shredBy): what it holds stays as it was written`
    findings.push({ uid, what: 'shredBy', verdict: 'incompatible', why, drop: uid })
  }
  findings.push(
    ...timerFindings(before, node, uid),
    ...stateFindings(before.states, node.states, uid, true),
    ...stateFindings(before.operatorStates ?? [], node.operatorStates ?? [], uid, false),
  )
  return findings
}

type AnyState = PlanState | PlanOperatorState

/** Keyed states are found by ids, so that one can be left behind while its name goes on. */
function stateFindings(
  before: readonly AnyState[],
  now: readonly AnyState[],
  uid: string,
  isKeyed: boolean,
): readonly Finding[] {
  const states = new Map(now.map((state) => [state.name, state]))
  const findings: Finding[] = []
  for (const state of before) {
    const { name } = state
    const found = states.get(name)
    states.delete(name)
    const base = { uid, state: name, what: `${name}: ${state.kind}` }
    const drop = `${uid}.${name}`
    if (found === undefined) {
      const why = `state "${name}" of "${uid}" is gone`
      findings.push({ ...base, verdict: 'lost', why, drop })
      continue
    }
    const { verdict, why: difference } = compareStates(state, found)
    const why = `state "${name}" of "${uid}"${difference}`
    if (verdict === 'fits') findings.push({ ...base, verdict })
    else if (isKeyed) findings.push({ ...base, verdict, why, drop })
    else findings.push({ uid, what: base.what, verdict, why, drop: uid })
  }
  for (const { name, kind } of states.values()) {
    const why = 'starts empty'
    findings.push({ uid, state: name, what: `${name}: ${kind}`, verdict: 'new', why })
  }
  return findings
}

/** Declared timers must be declared alike: the checkpoint may hold some. */
function timerFindings(before: PlanNode, node: PlanNode, uid: string): readonly Finding[] {
  const timers = new Map(node.timers?.map((timer) => [timer.name, timer]))
  return (before.timers ?? []).flatMap(({ name, domain, payload }): readonly Finding[] => {
    const base = { uid, what: `timer ${name}`, drop: uid }
    const now = timers.get(name)
    if (now === undefined) {
      return [{ ...base, verdict: 'lost', why: `timer "${name}" of "${uid}" is gone` }]
    }
    const findings: Finding[] = []
    if (domain !== now.domain) {
      const why = `timer "${name}" of "${uid}" was of ${domain}`
      findings.push({ ...base, verdict: 'incompatible', why })
    }
    const type = compareTypes(payload, now.payload)
    if (type.verdict !== 'fits') {
      const has = type.verdict === 'migrate' ? '' : ' has another payload'
      const why = `timer "${name}" of "${uid}"${has}${type.why}`
      findings.push({ ...base, verdict: type.verdict, why })
    }
    return findings
  })
}

/** Without what stands in brackets after a connector: folders and hosts may move. */
export function kindOf({ operation }: PlanNode): string {
  return operation.replace(/\(.*$/s, '')
}

export function holdsAnything(node: PlanNode): boolean {
  if (node.kind === 'source') return true
  if (node.kind === 'sink') return node.guarantee === 'exactly-once'
  return heldStates(node).length > 0 || node.usesTimers
}

function heldStates(node: PlanNode): readonly string[] {
  return [...node.states, ...(node.operatorStates ?? [])].map((state) => state.name)
}

interface TypeFinding {
  readonly verdict: 'fits' | 'migrate' | 'incompatible'
  readonly why: string
}

function compareStates(before: AnyState, now: AnyState): TypeFinding {
  if (before.kind !== now.kind) {
    const why = ` was of kind ${before.kind}, is of kind ${now.kind}`
    return { verdict: 'incompatible', why }
  }
  const mapKey = compareTypes(before.keyType, now.keyType, compareKeys)
  if (mapKey.verdict === 'incompatible') {
    return { ...mapKey, why: ` has another map key${mapKey.why}${REKEY}` }
  }
  // The elements of a set are keys, too.
  const type = compareTypes(before.type, now.type, before.kind === 'set' ? compareKeys : undefined)
  if (type.verdict === 'incompatible') {
    const cure = before.kind === 'set' ? REKEY : ''
    return { ...type, why: ` has another type${type.why}${cure}` }
  }
  return type.verdict === 'fits' ? mapKey : type
}

/** `why` continues a sentence about what was compared. */
function compareTypes(
  before: TypeSchema | undefined,
  now: TypeSchema | undefined,
  compare: (stored: TypeSchema, declared: TypeSchema) => SchemaComparison = compareSchemas,
): TypeFinding {
  if (before === undefined || now === undefined) {
    if (before === now) return { verdict: 'fits', why: '' }
    const why = before === undefined ? ': there was none' : ': there is none any more'
    return { verdict: 'incompatible', why }
  }
  const comparison = compare(before, now)
  if (comparison.verdict === 'same') return { verdict: 'fits', why: '' }
  if (comparison.verdict === 'incompatible') return { ...comparison, why: `: ${comparison.why}` }
  const isTwoWay = comparison.isTwoWay ? ' (the code before can read it, too)' : ''
  return { verdict: 'migrate', why: ` is converted: ${comparison.why}${isTwoWay}` }
}
