/** Parts of output: what one subtask of a sink has written for one checkpoint of one line. */
import type { Rec } from './workloads/workload.ts'

export interface Part {
  readonly uid: string
  readonly lineage: string
  readonly epoch: number
  readonly checkpointId: number
  readonly subtask: number
  readonly values: readonly Rec[]
}

/** Records of one sink in the order of their checkpoints; those of one subtask as written. */
export function inOrder(
  parts: readonly Part[],
  uid: string,
  lineages: readonly string[],
): readonly Rec[] {
  const place = ({ lineage }: Part) => lineages.indexOf(lineage)
  return parts
    .filter((part) => part.uid === uid && place(part) >= 0)
    .toSorted((a, b) => {
      return place(a) - place(b) || a.checkpointId - b.checkpointId || a.subtask - b.subtask
    })
    .flatMap((part) => part.values)
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
