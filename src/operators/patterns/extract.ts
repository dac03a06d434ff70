/** From a match in the buffer to its events by step. */
import { type MatchBuffer, NO_NODE } from './buffer.ts'

/** The events of each step, in order; empty for steps without. */
export type MatchEvents = Readonly<Record<string, readonly unknown[]>>

export function eventsOf(buffer: MatchBuffer, node: number, names: readonly string[]): MatchEvents {
  const match: Record<string, unknown[]> = {}
  for (const name of names) match[name] = []
  for (let id = node; id !== NO_NODE;) {
    const { step, event, previous } = buffer.node(id)
    match[step]?.push(buffer.event(event))
    id = previous
  }
  for (const name of names) Object.freeze(match[name]?.reverse())
  return Object.freeze(match)
}
