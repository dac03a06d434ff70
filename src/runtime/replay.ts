/**
 * Takes the records that were in flight into a chain again, before any new input: those for the
 * last of its operators first, so that what an operator then emits comes after what it had emitted.
 * It does not stop for lack of room: there is no more of it than channels held.
 */
import type { Vertex } from '../graph/job-graph.ts'
import { MIN_WATERMARK, type Output } from '../operators/operator.ts'
import { required } from '../util/assert.ts'
import type { Chain } from './chain.ts'
import { elementsFor, type RestoredChannel, type SubtaskPlace } from './in-flight-restore.ts'

interface Stand {
  watermark: number
  isIdle: boolean
}

export class Replay {
  readonly #chain: Chain
  readonly #vertex: Vertex
  readonly #place: SubtaskPlace
  readonly #channels: readonly RestoredChannel[]

  /** @param channels those that concern this subtask. */
  constructor(
    vertex: Vertex,
    chain: Chain,
    channels: readonly RestoredChannel[],
    place: SubtaskPlace,
  ) {
    this.#vertex = vertex
    this.#chain = chain
    // What waited in a sink is given to it when it is opened.
    this.#channels = channels.filter(({ part }) => part !== 'sink')
    this.#place = place
  }

  get isEmpty(): boolean {
    return this.#channels.length === 0
  }

  /** Starts the operators, the last one first, and gives each what was on its way to it. */
  run(): void {
    for (const node of this.#vertex.nodes.toReversed()) {
      this.#chain.operators.find((each) => each.node === node)?.stage.start()
      const channels = this.#channels.filter((channel) => channel.node === node.id)
      if (channels.length > 0) this.#replay(node, channels)
    }
  }

  #replay(node: Vertex['nodes'][number], channels: readonly RestoredChannel[]): void {
    const inputs = node.kind === 'source' ? [] : node.inputs
    const stands = channels.map(({ base }): Stand => ({ ...base }))
    const first = required(this.#chain.entries.get(node.id), `node ${node.label} has no entrance`)
    // Sinks are at the end of all operators.
    const at = this.#chain.operators.findIndex((each) => each.node === node)
    const operators = at < 0 ? [] : this.#chain.operators.slice(at)
    const stage = operators[0]?.stage
    let watermark = MIN_WATERMARK
    for (const [index, channel] of channels.entries()) {
      const edge = required(inputs[channel.edge], `${node.label} has no input ${channel.edge}`)
      const entrance: Output = edge.input === 1 ? (stage?.second ?? first) : first
      const stand = required(stands[index], 'a stand per channel')
      for (const element of elementsFor(channel, edge, this.#place, node.label)) {
        finishTimers(operators)
        if (element.kind === 'record') entrance.collect(element.value, element.timestamp)
        else {
          if (element.kind === 'idle') stand.isIdle = element.isIdle
          else stand.watermark = Math.max(stand.watermark, element.watermark)
          const least = leastOf(stands)
          if (least > watermark) first.watermark((watermark = least))
        }
      }
    }
    finishTimers(operators)
    for (const { stage: each } of operators) each.flush()
  }
}

/** Fires all timers that watermarks wait for, whether there is room for what they emit or not. */
export function finishTimers(operators: Chain['operators']): void {
  for (const { stage } of operators) while (stage.isBusy) stage.resume()
}

/** While all are idle, time stands. */
function leastOf(stands: readonly Stand[]): number {
  let least = Number.POSITIVE_INFINITY
  let isIdle = true
  for (const stand of stands) {
    if (stand.isIdle) continue
    isIdle = false
    least = Math.min(least, stand.watermark)
  }
  return isIdle ? MIN_WATERMARK : least
}
