/** Parts of output: what one subtask of a sink has written for one checkpoint of one line. */
import type { Rec } from './workloads/workload.ts'

export interface Part {
  readonly uid: string
  readonly lineage: string
  readonly epoch: number
  readonly checkpointId: number
  readonly values: readonly Rec[]
  /** Of each value: how many values the sinks of the job had been given before it. */
  readonly places: readonly number[]
}

/** What tells the order of parts. */
export interface PartOrder {
  /** Lines whose output counts, oldest first. */
  readonly lineages: readonly string[]
  /** The checkpoint that was confirmed with what is of this one, which may have been given up. */
  confirming(lineage: string, checkpointId: number): number
}

/**
 * Records of one sink in the order of the checkpoints they became visible with; those of one as
 * they were written: after a rescale what waited for a sink comes in one subtask, and what follows
 * it of the same key in another.
 */
export function inOrder(parts: readonly Part[], uid: string, order: PartOrder): readonly Rec[] {
  return parts
    .flatMap((part) => {
      const line = order.lineages.indexOf(part.lineage)
      if (part.uid !== uid || line < 0) return []
      const { values, places } = part
      const checkpointId = order.confirming(part.lineage, part.checkpointId)
      return values.map((value, index) => ({
        line,
        checkpointId,
        place: places[index] ?? 0,
        value,
      }))
    })
    .toSorted((a, b) => a.line - b.line || a.checkpointId - b.checkpointId || a.place - b.place)
    .map(({ value }) => value)
}

/**
 * Of the last of these lines up to a checkpoint, of those before it all: each line counts its
 * checkpoints anew, and ended where the next one began.
 */
export function idsUpTo(
  parts: ReadonlyMap<string, Part>,
  lineages: readonly string[],
  checkpointId: number,
): ReadonlySet<string> {
  const own = lineages.at(-1)
  const isIn = ({ lineage, checkpointId: of }: Part) =>
    lineages.includes(lineage) && (lineage !== own || of <= checkpointId)
  return new Set([...parts].flatMap(([id, part]) => (isIn(part) ? [id] : [])))
}
