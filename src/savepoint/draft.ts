/**
 * What a savepoint that is made is to say: plan, operators with their ids, and what becomes of the
 * entries of each. Pure decisions; what can be refused is refused here, before a byte is written.
 */
import { requireNothingInFlight } from '../checkpoint/in-flight-plan.ts'
import type { CheckpointLink, SourceRecord } from '../checkpoint/manifest.ts'
import { MillraceError } from '../errors.ts'
import type { JobPlan, PlanNode, PlanVertex } from '../graph/plan.ts'
import type { DeclaredTypes } from '../state/runs/state-decoder.ts'
import { beforeDeclared, ownType } from '../state/schema-history.ts'
import type { OperatorRecord } from '../state/snapshot.ts'
import type { ChangedOperator, NewOperator, OperatorChange } from './changes.ts'
import { recordOf, typesOf } from './operator-snapshot.ts'
import { liveOperators } from './raw-rows.ts'
import { declarationOf, requireDeclared } from './new-operator.ts'
import { OperatorRewriter, type Rewrite } from './rewritten.ts'
import type { Snapshot } from './snapshot.ts'
import { requireOwner } from './state-values.ts'

/** An operator in a vertex of its own. */
export type Addition =
  | {
      readonly vertex: number
      readonly record: OperatorRecord
      readonly change: NewOperator
      readonly from?: never
    }
  | {
      readonly vertex: number
      readonly record: OperatorRecord
      readonly change: ChangedOperator
      readonly from: {
        readonly snapshot: Snapshot
        readonly id: number
        readonly rewriter: OperatorRewriter
      }
    }

export interface Draft {
  readonly plan: JobPlan
  readonly operators: readonly OperatorRecord[]
  readonly sources: readonly SourceRecord[]
  /** What becomes of the entries of the snapshot, by operator id. */
  readonly rewrites: ReadonlyMap<number, Rewrite>
  /** Sources that stay: their former and their new uids. */
  readonly sourceUids: ReadonlyMap<string, string>
  readonly droppedVertices: ReadonlySet<number>
  /** Vertices whose files cannot be copied. */
  readonly changedVertices: ReadonlySet<number>
  readonly additions: readonly Addition[]
}

export function draftOf(
  from: Snapshot | undefined,
  jobName: string,
  maxParallelism: number,
  changes: Readonly<Record<string, OperatorChange>>,
): Draft {
  requireKeyGroups(from, maxParallelism)
  const drafting = new Drafting(from?.link, maxParallelism)
  for (const [uid, change] of Object.entries(changes)) {
    if (change.change === 'new') drafting.replace(uid, change)
    else if (change.change === 'dropped') drafting.drop(uid)
    else if (change.from === undefined) drafting.change(uid, change)
    else drafting.join(uid, change, change.from)
  }
  return drafting.result(jobName)
}

class Drafting {
  readonly #maxParallelism: number
  readonly #link: CheckpointLink | undefined
  #operators: OperatorRecord[]
  #nodes: PlanNode[]
  #vertices: PlanVertex[]
  readonly #rewrites = new Map<number, Rewrite>()
  readonly #changedVertices = new Set<number>()
  readonly #additions: Addition[] = []
  readonly #sourceUids = new Map<string, string>()

  constructor(link: CheckpointLink | undefined, maxParallelism: number) {
    this.#maxParallelism = maxParallelism
    this.#link = link
    this.#operators = [...(link?.operators ?? [])]
    this.#nodes = [...(link?.plan.nodes ?? [])]
    this.#vertices = [...(link?.plan.vertices ?? [])]
    for (const { kind, uid } of this.#nodes) {
      if (kind === 'source' && uid !== undefined) this.#sourceUids.set(uid, uid)
    }
  }

  drop(uid: string): void {
    const record = recordOf(liveOperators(this.#operators), uid)
    this.#rewrites.set(record.id, 'drop')
    this.#operators = this.#operators.map((each) =>
      each.id === record.id ? { ...each, dropped: true } : each,
    )
    const node = this.#nodes.find((each) => each.uid === uid)
    this.#touch(node)
    this.#sourceUids.delete(uid)
    this.#nodes = this.#nodes
      .filter((each) => each !== node)
      .map((each) => ({ ...each, inputs: each.inputs.filter((id) => id !== node?.id) }))
    this.#vertices = this.#vertices.map((vertex) => ({
      ...vertex,
      nodes: vertex.nodes.filter((id) => id !== node?.id),
    }))
  }

  change(uid: string, { owner, options }: ChangedOperator): void {
    const record = recordOf(liveOperators(this.#operators), uid)
    if (owner !== undefined) requireOwner(record, owner)
    const { rename = uid, drop = [] } = options
    if (options.rows !== undefined || drop.length > 0) requireUnsealed(record)
    if (rename !== uid) this.#requireFree(rename)
    const types = owner?.state === undefined ? undefined : typesOf(owner.state)
    const kept = withoutStates(declaredAs(record, types), drop)
    const after = { ...kept, uid: rename }
    const rewriter = new OperatorRewriter(record, after, options, this.#maxParallelism, types)
    this.#rewrites.set(record.id, rewriter)
    this.#operators = this.#operators.map((each) => (each.id === record.id ? after : each))
    const node = this.#nodes.find((each) => each.uid === uid)
    this.#touch(node)
    if (this.#sourceUids.has(uid)) this.#sourceUids.set(uid, rename)
    this.#nodes = this.#nodes.map((each) => (each === node ? changedNode(each, after) : each))
  }

  /** An operator of entries; one of that uid that was there goes. */
  replace(uid: string, change: NewOperator): void {
    requireDeclared(uid, change)
    const former = liveOperators(this.#operators).find((record) => record.uid === uid)
    if (former !== undefined) {
      requireUnsealed(former)
      this.drop(uid)
    }
    const { record, plan } = declarationOf(this.#nextId(), uid, change)
    this.#additions.push({ vertex: this.#add(record, plan), record, change })
  }

  /** An operator of another snapshot; one of that uid must not be there. */
  join(
    uid: string,
    change: ChangedOperator,
    { snapshot, uid: theirs }: NonNullable<ChangedOperator['from']>,
  ): void {
    requireKeyGroups(snapshot, this.#maxParallelism)
    requireNothingInFlight(snapshot.link)
    this.#requireFree(uid)
    const before = recordOf(liveOperators(snapshot.operators), theirs)
    const node = snapshot.nodeOf(theirs)
    if (node?.kind !== 'operator') {
      throw new MillraceError('STATE_UNKNOWN', `"${theirs}" is a source or sink, no operator`, {
        cure: 'sources and sinks stay with their job; name operators',
      })
    }
    requireUnsealed(before)
    const kept = withoutStates(before, change.options.drop ?? [])
    const record = { ...kept, id: this.#nextId(), uid }
    const rewriter = new OperatorRewriter(before, record, change.options, this.#maxParallelism)
    const { id: _id, ...plan } = changedNode({ ...node, inputs: [] }, record)
    const vertex = this.#add(record, plan)
    this.#additions.push({ vertex, record, change, from: { snapshot, id: before.id, rewriter } })
  }

  result(jobName: string): Draft {
    const plan = this.#link?.plan
    const empty = this.#vertices.filter((vertex) => vertex.nodes.length === 0)
    const droppedVertices = new Set(empty.map((vertex) => vertex.id))
    const isThere = (id: number) => !droppedVertices.has(id)
    return {
      plan: {
        jobName,
        parallelism: plan?.parallelism ?? 1,
        maxParallelism: this.#maxParallelism,
        nodes: this.#nodes,
        vertices: this.#vertices
          .filter((vertex) => isThere(vertex.id))
          .map((vertex) => ({ ...vertex, inputs: vertex.inputs.filter(isThere) })),
        edges: (plan?.edges ?? []).filter(
          ({ fromVertex, toVertex }) => isThere(fromVertex) && isThere(toVertex),
        ),
      },
      operators: this.#operators,
      sources: (this.#link?.sources ?? []).flatMap((source) => {
        const uid = this.#sourceUids.get(source.uid)
        return uid === undefined ? [] : [{ ...source, uid }]
      }),
      rewrites: this.#rewrites,
      sourceUids: this.#sourceUids,
      droppedVertices,
      changedVertices: this.#changedVertices,
      additions: this.#additions,
    }
  }

  #touch(node: PlanNode | undefined): void {
    for (const { id, nodes } of this.#vertices) {
      if (node !== undefined && nodes.includes(node.id)) this.#changedVertices.add(id)
    }
  }

  #add(record: OperatorRecord, plan: Omit<PlanNode, 'id'>): number {
    const nodeId = Math.max(-1, ...this.#nodes.map(idOf)) + 1
    const id = Math.max(-1, ...this.#vertices.map(idOf)) + 1
    this.#operators = [...this.#operators, record]
    this.#nodes = [...this.#nodes, { ...plan, id: nodeId }]
    const vertex = { id, name: record.uid, nodes: [nodeId], parallelism: 1, inputs: [] }
    this.#vertices = [...this.#vertices, vertex]
    return id
  }

  #nextId(): number {
    return Math.max(0, ...this.#operators.map(idOf)) + 1
  }

  #requireFree(uid: string): void {
    if (!liveOperators(this.#operators).some((record) => record.uid === uid)) return
    throw new MillraceError('JOB_DUPLICATE_UID', `the snapshot has a "${uid}" already`, {
      cure: 'choose another uid, or drop that one first: changes are made in their order',
    })
  }
}

/**
 * Whose a key is only the job's code says, and entries stay under the keys of their vault: what is
 * written anew would lie there plain.
 */
function requireUnsealed({ uid, shredded }: OperatorRecord): void {
  if (shredded !== true) return
  const message = `the entries of "${uid}" are sealed by subject (shredBy)`
  throw new MillraceError('CHECKPOINT_INCOMPATIBLE', message, {
    cure: 'take it over as it is, or under another uid, or drop it; the job itself can change it',
    details: { uid },
  })
}

const idOf = ({ id }: { readonly id: number }): number => id

function changedNode(node: PlanNode, { uid, states }: OperatorRecord): PlanNode {
  const types = new Map(states.map((state) => [state.name, state.type]))
  return {
    ...node,
    uid,
    label: node.label === node.uid ? uid : node.label,
    states: node.states
      .filter((state) => types.has(state.name))
      .map((state) => ({ ...state, type: types.get(state.name) ?? state.type })),
  }
}

/** With the types of the function that owns it: what it has in another one is of an older age. */
function declaredAs(record: OperatorRecord, types: DeclaredTypes | undefined): OperatorRecord {
  const aged = beforeDeclared(record, types)
  if (aged === record) return record
  const states = record.states.map((state) => {
    return { ...state, type: ownType(types, state.name)?.schema ?? state.type }
  })
  return { ...aged, states }
}

/** Ids of states that are left out are never given to others. */
function withoutStates(record: OperatorRecord, drop: readonly string[]): OperatorRecord {
  if (drop.length === 0) return record
  const { uid, states, highestStateId = 0 } = record
  for (const name of drop) {
    if (states.some((state) => state.name === name)) continue
    throw new MillraceError('STATE_UNKNOWN', `"${uid}" has no state "${name}"`, {
      cure: `its states are: ${states.map((state) => state.name).join(', ')}`,
    })
  }
  return {
    ...record,
    states: states.filter((state) => !drop.includes(state.name)),
    highestStateId: Math.max(highestStateId, ...states.map(idOf)),
  }
}

function requireKeyGroups(snapshot: Snapshot | undefined, maxParallelism: number): void {
  if (snapshot === undefined || snapshot.maxParallelism === maxParallelism) return
  const { maxParallelism: theirs, jobName } = snapshot
  const message = `the snapshot of "${jobName}" has ${theirs} key groups, not ${maxParallelism}`
  throw new MillraceError('CHECKPOINT_INCOMPATIBLE', message, {
    cure: 'take snapshots of one maxParallelism',
  })
}
