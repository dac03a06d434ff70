/**
 * The non-keyed entries that a task itself adds to its checkpoint, and what it takes from those of
 * its predecessors: watermarks of operators and committables of sinks. After a rescale a subtask
 * takes the entries of the former subtasks whose index is its own modulo the new parallelism.
 */
import { createHash } from 'node:crypto'
import type { BroadcastDigest } from '../checkpoint/broadcasts.ts'
import type { TaskRestore } from '../checkpoint/messages.ts'
import type { OperatorNode } from '../graph/job-graph.ts'
import { MIN_WATERMARK } from '../operators/operator.ts'
import { redistribute } from '../state/redistribute.ts'
import { readRecords } from '../state/runs/snapshot-reader.ts'
import type { OperatorStateEntry } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { ByteReader, ByteWriter } from '../util/bytes.ts'
import type { ChainOperator } from './chain.ts'

/** What a task adds to a checkpoint besides keyed state. */
export interface Recorded {
  readonly records: readonly OperatorStateEntry[]
  readonly digests: readonly BroadcastDigest[]
}

/**
 * What the operators of a chain add to a checkpoint: their state, and the watermark each has
 * reached. Of broadcast maps, which are to be equal everywhere, the first subtask adds the one
 * copy, and all say by a digest what they have.
 */
export function recordsOf(
  operators: readonly Pick<ChainOperator, 'node' | 'operator' | 'stage'>[],
  operatorIds: ReadonlyMap<string, number>,
  subtaskIndex: number,
): Recorded {
  const records: OperatorStateEntry[] = []
  const digests: BroadcastDigest[] = []
  for (const { node, operator, stage } of operators) {
    for (const entry of operator.snapshotState?.() ?? []) {
      const isBroadcast = entry.kind === 'broadcast'
      if (isBroadcast) digests.push(digestOf(node, entry))
      if (!isBroadcast || subtaskIndex === 0) records.push(entry)
    }
    const operatorId = node.uid === undefined ? undefined : operatorIds.get(node.uid)
    if (operatorId === undefined || stage.currentWatermark === MIN_WATERMARK) continue
    records.push(encodeWatermark(operatorId, stage.currentWatermark))
  }
  return { records, digests }
}

function digestOf(node: OperatorNode, { name, value }: OperatorStateEntry): BroadcastDigest {
  const hash = createHash('sha256').update(value).digest('hex')
  return { uid: node.uid ?? node.label, name, hash }
}

export function encodeWatermark(operatorId: number, watermark: number): OperatorStateEntry {
  const out = new ByteWriter(8)
  out.float64LE(watermark)
  return { operatorId, kind: 'watermark', name: '', value: out.copy() }
}

/** Entries of a former subtask of a vertex. */
export interface FormerRecords {
  readonly subtaskIndex: number
  readonly entries: readonly OperatorStateEntry[]
}

/** Those of all that held any, and how many subtasks there were. */
export interface FormerTasks {
  readonly records: readonly FormerRecords[]
  readonly parallelism: number
}

export async function readFormerRecords(
  store: BlobStore,
  restore: TaskRestore | undefined,
): Promise<FormerTasks> {
  const records: FormerRecords[] = []
  for (const task of restore?.from ?? []) {
    if (task.records === undefined) continue
    const entries = await readRecords(store, task.records)
    records.push({ subtaskIndex: task.subtaskIndex, entries })
  }
  return { records, parallelism: restore?.formerParallelism ?? 0 }
}

/**
 * The least watermark that the former subtasks of the operator had reached. One that had reached
 * none has no entry: whatever it holds is as old as anything.
 */
export function restoredWatermark(former: FormerTasks, operatorId: number): number {
  let least = Number.POSITIVE_INFINITY
  let found = 0
  for (const { entries } of former.records) {
    for (const entry of entries) {
      if (entry.kind !== 'watermark' || entry.operatorId !== operatorId) continue
      found++
      least = Math.min(least, new ByteReader(entry.value).float64LE())
    }
  }
  return found > 0 && found >= former.parallelism ? least : MIN_WATERMARK
}

/** Committables of a sink that this subtask takes over: each goes to exactly one subtask. */
export function restoredCommittables(
  former: FormerTasks,
  operatorId: number,
  subtaskIndex: number,
  parallelism: number,
): readonly OperatorStateEntry[] {
  return former.records
    .filter((task) => task.subtaskIndex % parallelism === subtaskIndex)
    .flatMap((task) => task.entries)
    .filter((entry) => entry.kind === 'committable' && entry.operatorId === operatorId)
}

/** Operator state of this subtask, by the rules of `redistribute`. */
export function restoredOperatorState(
  former: FormerTasks,
  operatorId: number,
  subtaskIndex: number,
  parallelism: number,
): readonly OperatorStateEntry[] {
  // Subtasks that held nothing have no records.
  const own = Array.from({ length: former.parallelism }, (): OperatorStateEntry[] => [])
  for (const { subtaskIndex: from, entries } of former.records) {
    own[from]?.push(...entries.filter((entry) => entry.operatorId === operatorId))
  }
  const kinds = ['operator-list', 'union-list', 'broadcast'] as const
  return kinds.flatMap((kind) => redistribute(own, parallelism, kind)[subtaskIndex] ?? [])
}
