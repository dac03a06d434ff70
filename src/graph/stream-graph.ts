/**
 * The graph as it grows while the user's `build` runs: nodes in order of creation, so that every
 * worker that builds the same job gets the same numbers. It closes when `build` returns; whoever
 * chains a stream later (from a promise, a timer) is told so.
 */
import { MillraceError } from '../errors.ts'
import type { GraphNode, OperatorNode, SinkNode, SourceNode, StreamGraph } from './job-graph.ts'
import type { ParkingLimits } from '../operators/failures/parking.ts'
import { deadLetterTag, type ErrorPolicy } from '../operators/failures/policy.ts'
import type { Type } from '../types/type.ts'
import { PARKED_OUTPUT, parkingNode } from './parking.ts'

/** More nodes than this are surely a loop in `build`. */
const NODES_MAX = 10_000

/** A node without what the graph adds. */
export type NewNode =
  | Omit<SourceNode, 'id' | 'label'>
  | Omit<OperatorNode, 'id' | 'label'>
  | Omit<SinkNode, 'id' | 'label'>

/** What becomes of records at which a function throws. */
export type ChosenPolicy =
  | { readonly onError: Exclude<ErrorPolicy, 'park'> }
  | { readonly onError: 'park'; readonly limits: ParkingLimits }

export class GraphBuilder {
  readonly jobName: string
  readonly #nodes: GraphNode[] = []
  /** Side outputs of operators that did not list theirs: those that are read. */
  readonly #openSideOutputs = new Map<number, Map<string, Type<unknown>>>()
  readonly #policies = new Map<number, ChosenPolicy>()
  #prints = 0
  #isClosed = false

  constructor(jobName: string) {
    this.jobName = jobName
  }

  /** Adds a node and returns its id. */
  add(node: NewNode): number {
    if (this.#isClosed) {
      const what = `job "${this.jobName}": ${labelOf(node)} is added after build has returned`
      throw new MillraceError('JOB_GRAPH_INVALID', what, {
        cure: 'chain all streams in build itself, not in a callback or promise',
      })
    }
    const id = this.#nodes.length
    if (id === NODES_MAX) {
      const what = `job "${this.jobName}" has more than ${NODES_MAX} operators`
      throw new MillraceError('JOB_GRAPH_INVALID', what, { cure: 'look for a loop in build' })
    }
    this.#nodes.push(Object.freeze({ ...node, id, label: labelOf(node) }))
    return id
  }

  /** Adds an operator whose side outputs are those that will be read. */
  addWithOpenSideOutputs(node: Omit<OperatorNode, 'id' | 'label' | 'sideOutputs'>): number {
    const sideOutputs = new Map<string, Type<unknown>>()
    const id = this.add({ ...node, sideOutputs })
    this.#openSideOutputs.set(id, sideOutputs)
    return id
  }

  /** Notes that a side output of a node is read. */
  readSideOutput(from: number, tag: string, type: Type<unknown>): void {
    const open = this.#openSideOutputs.get(from)
    if (open?.has(tag) === false) open.set(tag, type)
  }

  /** The node, as it is so far. */
  nodeAt(id: number): GraphNode | undefined {
    return this.#nodes[id]
  }

  /** What becomes of the records at which the function of an operator throws. */
  setErrorPolicy(id: number, policy: ChosenPolicy): void {
    this.#policies.set(id, policy)
  }

  /** A uid for a print that was given none. */
  nextPrintUid(): string {
    this.#prints++
    return this.#prints === 1 ? 'print' : `print-${this.#prints}`
  }

  close(): StreamGraph {
    this.#isClosed = true
    const parking: OperatorNode[] = []
    const nodes = this.#nodes.map((node) => {
      const policy = this.#policies.get(node.id)
      if (node.kind !== 'operator' || policy === undefined) return node
      if (policy.onError !== 'park') return judged(node, policy.onError)
      const parked = parkingNode(this.#nodes.length + parking.length, node)
      parking.push(parked)
      const sideOutputs = new Map([
        ...node.sideOutputs,
        [PARKED_OUTPUT, parked.outputType] as const,
      ])
      const { limits } = policy
      return Object.freeze({
        ...node,
        onError: 'park' as const,
        parking: { ...limits, node: parked.id },
        sideOutputs,
      })
    })
    return Object.freeze({ nodes: Object.freeze([...nodes, ...parking]) })
  }
}

/** With its error policy. */
function judged(node: OperatorNode, onError: 'fail' | 'skip' | 'dead-letter'): GraphNode {
  if (onError === 'fail') return node
  if (onError === 'skip') return Object.freeze({ ...node, onError })
  const { name, type } = deadLetterTag
  return Object.freeze({
    ...node,
    onError,
    // A declared one of the same name stays, to be complained about.
    sideOutputs: new Map([[name, type] as const, ...node.sideOutputs]),
  })
}

/** How messages name a node: its uid, or what it does and where it was written. */
function labelOf(node: NewNode): string {
  if (node.uid !== undefined) return node.uid
  const operation = node.kind === 'operator' ? node.operation : node.kind
  return node.location === undefined ? operation : `${operation} (${shortLocation(node.location)})`
}

/** `job.ts:12` of `/app/src/job.ts:12:5`. */
function shortLocation(location: string): string {
  const [, path = location, line = ''] = /^(.*?):(\d+)(?::\d+)?$/.exec(location) ?? []
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  return line === '' ? name : `${name}:${line}`
}
