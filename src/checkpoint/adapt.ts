/**
 * A checkpoint as the job of now sees it: under the names that operators and states have today, and
 * without what it may give up. The rest of a restore works on the result and knows neither of
 * renames nor of drops. Nothing is written: the next checkpoint carries new names and ids.
 */
import { MillraceError } from '../errors.ts'
import type { JobPlan, PlanNode } from '../graph/plan.ts'
import type { OperatorRecord } from '../state/snapshot.ts'
import { compareWithCheckpoint, type Finding, type PlannedCheckpoint } from './comparison.ts'
import type { CheckpointLink, SourceRecord } from './manifest.ts'

export interface CodeChanges {
  /** State that may be given up: the uid of an operator, or `uid.state`. */
  readonly drop: readonly string[]
  /** Old names by new ones: uids, or `uid.state`. */
  readonly renamed: Readonly<Record<string, string>>
}

/** What of a checkpoint carries names. */
export type Named = PlannedCheckpoint & Pick<CheckpointLink, 'operators' | 'sources' | 'tasks'>

export interface Adapted<L> {
  readonly link: L
  /** How each part of the checkpoint fits, by today's names. */
  readonly findings: readonly Finding[]
}

/**
 * Applies what the job says of its changes. Renames that have been made already, and drops of what
 * fits, change nothing: both may stay in the code.
 *
 * @throws `CONFIG_INVALID` for a rename whose old name the job still has.
 */
export function adaptCheckpoint<L extends Named>(
  original: L,
  plan: JobPlan,
  { drop, renamed }: CodeChanges,
): Adapted<L> {
  const link = withNewNames(original, plan, renamed)
  const findings = compareWithCheckpoint(link, plan, { drop })
  return { link: withoutDropped(link, findings), findings }
}

function withNewNames<L extends Named>(link: L, plan: JobPlan, renamed: CodeChanges['renamed']): L {
  const former = new Set(link.plan.nodes.map((node) => node.uid))
  const present = new Set(plan.nodes.map((node) => node.uid))
  const uids = new Map<string, string>()
  for (const uid of present) {
    const before = uid === undefined ? undefined : renamed[uid]
    if (uid === undefined || before === undefined || former.has(uid)) continue
    if (!former.has(before)) continue
    if (present.has(before)) throw ambiguous(uid, before)
    if (uids.has(before)) throw ambiguous(uid, before)
    uids.set(before, uid)
  }
  const nodes = new Map(plan.nodes.map((node) => [node.uid, node]))
  const statesOf = (before: string, uid: string, names: readonly string[]) =>
    renamedStates(names, { before, uid, node: nodes.get(uid), renamed })
  const source = (record: SourceRecord) => ({ ...record, uid: uids.get(record.uid) ?? record.uid })
  return {
    ...link,
    plan: {
      ...link.plan,
      nodes: link.plan.nodes.map((node) => {
        if (node.uid === undefined) return node
        const uid = uids.get(node.uid) ?? node.uid
        const names = statesOf(node.uid, uid, namesOf(node))
        return { ...node, uid, states: withNames(node.states, names) }
      }),
    },
    operators: link.operators.map((record) => {
      if (record.dropped === true) return record
      const uid = uids.get(record.uid) ?? record.uid
      const names = statesOf(record.uid, uid, namesOf(record))
      return { ...record, uid, states: withNames(record.states, names) }
    }),
    sources: link.sources.map(source),
    tasks: link.tasks.map((task) => {
      return task.source === undefined ? task : { ...task, source: source(task.source) }
    }),
  }
}

interface StateRenaming {
  readonly before: string
  readonly uid: string
  readonly node: PlanNode | undefined
  readonly renamed: CodeChanges['renamed']
}

/** New names by old ones. The old name may be given under the operator's new uid or its old one. */
function renamedStates(
  names: readonly string[],
  { before, uid, node, renamed }: StateRenaming,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const present = namesOf(node)
  for (const name of present) {
    const given = renamed[`${uid}.${name}`]
    if (given === undefined || names.includes(name)) continue
    const old = names.find((each) => given === `${uid}.${each}` || given === `${before}.${each}`)
    if (old === undefined) continue
    if (present.includes(old) || found.has(old)) throw ambiguous(`${uid}.${name}`, given)
    found.set(old, name)
  }
  return found
}

function namesOf(holder: { readonly states: readonly Nameable[] } | undefined): readonly string[] {
  return holder?.states.map((state) => state.name) ?? []
}

interface Nameable {
  readonly name: string
}

function withNames<S extends Nameable>(
  states: readonly S[],
  names: ReadonlyMap<string, string>,
): readonly S[] {
  return states.map((state) => ({ ...state, name: names.get(state.name) ?? state.name }))
}

function ambiguous(now: string, before: string): MillraceError {
  return new MillraceError(
    'CONFIG_INVALID',
    `renamed: "${now}" cannot be what "${before}" was, because something else is called that`,
    { cure: 'each old name may have one new one, and must not be in use any more' },
  )
}

/**
 * Operators that are given up keep their place in the former plan under a uid that nobody can have,
 * so that the entries of their neighbours in the same runs are told from theirs.
 */
function withoutDropped<L extends Named>(link: L, findings: readonly Finding[]): L {
  const uids = new Set<string>()
  const states = new Set<string>()
  for (const { verdict, uid, state } of findings) {
    if (verdict !== 'dropped' || uid === undefined) continue
    if (state === undefined) uids.add(uid)
    else states.add(`${uid}.${state}`)
  }
  if (uids.size + states.size === 0) return link
  const stays = (record: SourceRecord): boolean => !uids.has(record.uid)
  return {
    ...link,
    plan: {
      ...link.plan,
      nodes: link.plan.nodes.map((node) => {
        const { uid } = node
        if (uid === undefined) return node
        if (uids.has(uid)) return { ...node, uid: droppedUid(uid) }
        return { ...node, states: node.states.filter(({ name }) => !states.has(`${uid}.${name}`)) }
      }),
    },
    operators: link.operators.map((record) => {
      if (record.dropped === true) return record
      if (uids.has(record.uid)) return { ...record, dropped: true }
      return withoutStates(record, states)
    }),
    sources: link.sources.filter(stays),
    tasks: link.tasks.map(({ source, ...task }) => {
      return source === undefined || !stays(source) ? task : { ...task, source }
    }),
  }
}

/** A uid that nobody can have, and that still says whose it was. */
function droppedUid(uid: string): string {
  return `\0dropped ${uid}`
}

/** The uid that an operator had before it was given up; undefined if it was not. */
export function uidBeforeDrop(uid: string): string | undefined {
  const mark = droppedUid('')
  return uid.startsWith(mark) ? uid.slice(mark.length) : undefined
}

/** Their ids stay taken. */
function withoutStates(record: OperatorRecord, dropped: ReadonlySet<string>): OperatorRecord {
  const states = record.states.filter(({ name }) => !dropped.has(`${record.uid}.${name}`))
  if (states.length === record.states.length) return record
  const ids = record.states.map((state) => state.id)
  return { ...record, states, highestStateId: Math.max(record.highestStateId ?? 0, ...ids) }
}
