/**
 * The events of partial matches, each once per key, shared by all matches that hold it: after
 * Agrawal, Diao, Gyllstrom and Immerman, "Efficient Pattern Matching over Event Streams" (SIGMOD
 * 2008). There, versions tell which way back from a node belongs to a match. Here a node has one
 * predecessor, so that a match is the way from its last node to the first: nodes form a tree, and
 * what two matches have in common is there once. What nobody refers to is removed at once.
 */
import type { KeyedStateTable } from '../../state/backend.ts'
import { mapState, type StateSchema } from '../../state/descriptors.ts'
import type { MapState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'

/** Names of states are in every snapshot. */
const NODES_STATE = 'pattern-nodes'
const EVENTS_STATE = 'pattern-events'
const REFERENCES_STATE = 'pattern-references'

/** The predecessor of first nodes. */
export const NO_NODE = -1

/** An event in a match. */
export interface Node {
  readonly step: string
  readonly event: number
  readonly previous: number
}

const nodeType = t.struct({ step: t.string, event: t.float64, previous: t.float64 })

export function bufferStates(eventType: Type<unknown>): StateSchema {
  return {
    [NODES_STATE]: mapState(t.float64, nodeType),
    [EVENTS_STATE]: mapState(t.float64, eventType),
    // How many refer to a node or event; it has no entry if it is one.
    [REFERENCES_STATE]: mapState(t.float64, t.float64),
  }
}

export class MatchBuffer {
  readonly #nodes: MapState<number, Node>
  readonly #events: MapState<number, unknown>
  readonly #references: MapState<number, number>
  /** Made since the last `flush`: most are gone by then. */
  readonly #freshNodes = new Map<number, Node>()
  readonly #freshEvents = new Map<number, unknown>()

  constructor(table: KeyedStateTable) {
    // `bufferStates` declares them for this operator.
    this.#nodes = table.handles[NODES_STATE] as MapState<number, Node>
    this.#events = table.handles[EVENTS_STATE] as MapState<number, unknown>
    this.#references = table.handles[REFERENCES_STATE] as MapState<number, number>
  }

  /** Keeps an event; the first node that refers to it owns it. */
  addEvent(id: number, value: unknown): void {
    this.#freshEvents.set(id, value)
  }

  /** Keeps a node, to which one match refers. It takes over a reference to its predecessor. */
  addNode(id: number, node: Node): void {
    this.#freshNodes.set(id, node)
  }

  node(id: number): Node {
    const node = this.#freshNodes.get(id) ?? this.#nodes.get(id)
    return required(node, `the match refers to node ${id}, which is gone`)
  }

  event(id: number): unknown {
    return this.#freshEvents.has(id) ? this.#freshEvents.get(id) : this.#events.get(id)
  }

  /** One more refers to a node or event. */
  retain(id: number, count = 1): void {
    this.#references.set(id, (this.#references.get(id) ?? 1) + count)
  }

  /** One less refers to a node; without any it goes, and what only it refers to. */
  release(node: number): void {
    for (let id = node; id !== NO_NODE && this.#isLast(id);) {
      const { event, previous } = this.node(id)
      if (!this.#freshNodes.delete(id)) this.#nodes.delete(id)
      if (this.#isLast(event) && !this.#freshEvents.delete(event)) this.#events.delete(event)
      id = previous
    }
  }

  /** Writes what is new to the state of the current key. */
  flush(): void {
    if (this.#freshNodes.size === 0) return
    for (const [id, node] of this.#freshNodes) this.#nodes.set(id, node)
    for (const [id, value] of this.#freshEvents) this.#events.set(id, value)
    this.forget()
  }

  /** Forgets what was not written, after a failure. */
  forget(): void {
    if (this.#freshNodes.size > 0) this.#freshNodes.clear()
    if (this.#freshEvents.size > 0) this.#freshEvents.clear()
  }

  #isLast(id: number): boolean {
    const count = this.#references.get(id)
    if (count === undefined) return true
    if (count > 2) this.#references.set(id, count - 1)
    else this.#references.delete(id)
    return false
  }
}
