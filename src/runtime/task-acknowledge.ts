/** What a task tells the master of its part of a checkpoint, once that is written: or why not. */
import type { BroadcastDigest } from '../checkpoint/broadcasts.ts'
import type { TaskRecord, TaskStatistics } from '../checkpoint/manifest.ts'
import type { FromWorker } from '../checkpoint/messages.ts'
import { errorToData } from '../errors.ts'
import type { StateCut } from '../state/backend.ts'
import type { CheckpointWatch } from './checkpoint-watch.ts'
import type { InFlight } from './exchange/in-flight.ts'
import type { SourceSnapshot } from './source-head.ts'
import type { TaskParts } from './task-parts.ts'
import type { TaskSnapshots } from './task-snapshots.ts'

/** A part of a checkpoint that is being written. */
export interface CutInProgress {
  readonly checkpointId: number
  readonly alignmentMs: number
  readonly syncMs: number
  readonly cut: StateCut | undefined
  readonly position: SourceSnapshot | undefined
  readonly digests: readonly BroadcastDigest[]
  readonly written: ReturnType<TaskSnapshots['write']>
  readonly captured: Promise<InFlight>
}

/** Awaits the part; resolves with the message for the master. */
export async function acknowledgement(
  { vertex, subtaskIndex, host, source }: TaskParts,
  part: CutInProgress,
  watch: CheckpointWatch,
): Promise<FromWorker> {
  const { checkpointId, alignmentMs, syncMs, position } = part
  const place = { vertex: vertex.id, subtaskIndex }
  const startMs = host.clock.monotonic()
  try {
    const snapshot = await part.written
    const read =
      source === undefined || position === undefined
        ? {}
        : { source: { uid: source.uid, pending: position.splits, finished: position.finished } }
    const { nodes, bytes: inFlightBytes } = await part.captured
    const inFlight = nodes.length === 0 ? {} : { inFlight: nodes }
    const task: TaskRecord = { ...snapshot, ...place, ...read, ...inFlight }
    const own = snapshot.runs.at(-1)
    const dirtyEntries = part.cut?.dirtyEntries ?? 0
    const statistics: TaskStatistics = {
      ...place,
      alignmentMs,
      syncMs,
      asyncMs: host.clock.monotonic() - startMs,
      // One run holds both; without either there is none, and the newest is of an older cut.
      bytes: snapshot.records?.lengthBytes ?? (dirtyEntries > 0 ? (own?.lengthBytes ?? 0) : 0),
      dirtyEntries,
      ...(inFlightBytes === 0 ? {} : { inFlightBytes }),
      ...watch.acknowledged(checkpointId),
    }
    return { kind: 'acknowledge', checkpointId, task, statistics, broadcasts: part.digests }
  } catch (error) {
    watch.ended(checkpointId)
    const data = errorToData(error, 'CHECKPOINT_FAILED')
    return { kind: 'decline', checkpointId, ...place, error: data }
  }
}
