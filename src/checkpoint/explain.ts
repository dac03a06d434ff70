/**
 * Why a checkpoint is not acknowledged yet, from what the tasks say of themselves: which of them,
 * in which step, waiting for whom; and what to do. Tasks that only wait for the barriers of others
 * are not to blame, so those that hold it up are named first.
 */
import type { TaskProgress } from './messages.ts'
import type { HeardProgress, TaskName } from './protocol.ts'

/** A task that has not acknowledged. */
export interface MissingTask {
  readonly task: TaskName
  /** Absent: it has said nothing of this checkpoint. */
  readonly heard: HeardProgress | undefined
  /** When its worker was last heard of, in any matter; at least since the checkpoint began. */
  readonly workerHeardAtMs: number
}

export interface Explanation {
  /** One sentence per task, those that hold the others up first. */
  readonly reasons: readonly string[]
  readonly cure: string
}

/** A worker that runs says how it is several times a second. */
const SILENT_MS = 3_000
const SHOWN_MAX = 5

/** How much a task is to blame: the higher, the more. */
type Blame = 3 | 2 | 1 | 0

interface Reason {
  readonly text: string
  readonly cure: string
  readonly blame: Blame
}

/** @returns nothing to say for no missing task. */
export function explain(missing: readonly MissingTask[], atMs: number): Explanation {
  const reasons = missing.map((each) => reasonOf(each, atMs)).toSorted((a, b) => b.blame - a.blame)
  const shown = reasons.slice(0, SHOWN_MAX).map(({ text }) => text)
  const more = reasons.length - shown.length
  return {
    reasons: more === 0 ? shown : [...shown, `and ${more} more`],
    cure: reasons[0]?.cure ?? 'wait',
  }
}

function taskLabel({ name, subtaskIndex }: TaskName): string {
  return `${name}[${subtaskIndex}]`
}

function reasonOf({ task, heard, workerHeardAtMs }: MissingTask, atMs: number): Reason {
  const name = taskLabel(task)
  const silentMs = atMs - workerHeardAtMs
  if (silentMs >= SILENT_MS) {
    return {
      text: `${name}: its worker has said nothing for ${seconds(silentMs)}`,
      cure: 'look for a function that computes or waits for long: it stops its whole worker',
      blame: 3,
    }
  }
  if (heard === undefined) {
    const cure = 'see in `millrace status` what the job is doing, or raise checkpointing.timeout'
    return { text: `${name} has not said where it is`, cure, blame: 1 }
  }
  const { progress } = heard
  const since = `for ${seconds(progress.forMs + atMs - heard.atMs)}`
  switch (progress.step) {
    case 'write':
      return {
        text: `${name} has been writing its state ${since}`,
        cure: 'check that the checkpoint storage is fast enough, or raise checkpointing.timeout',
        blame: 3,
      }
    case 'sinks':
      return {
        text: `${name} waits ${since} until ${sinks(progress.waitsFor)} has made its output safe`,
        cure: 'see why the sink is slow: what it writes to may not answer',
        blame: 3,
      }
    case 'former':
      return {
        text: `${name} waits ${since} for the end of the checkpoint before`,
        cure: 'raise checkpointing.interval or checkpointing.minPause',
        blame: 1,
      }
    case 'barrier':
      return waiting(name, since, progress)
  }
}

function waiting(name: string, since: string, { waitsFor, blockedBy }: TaskProgress): Reason {
  const barrier =
    waitsFor.length === 0
      ? `${name} has not reached its barrier ${since}`
      : `${name} waits ${since} for the barrier of ${list(waitsFor)}`
  if (blockedBy === undefined) {
    const cure = 'see in `millrace status` what the job is doing, or raise checkpointing.timeout'
    return { text: barrier, cure, blame: waitsFor.length === 0 ? 1 : 0 }
  }
  const { kind, name: by } = blockedBy
  const held = `${barrier}: it is held up by`
  switch (kind) {
    case 'sink':
      return {
        text: `${held} sink "${by}", which takes no more`,
        cure: `make sink "${by}" faster, or raise the parallelism`,
        blame: 3,
      }
    case 'calls':
      return {
        text: `${held} the calls of "${by}" that have not returned`,
        cure: `see why the calls of "${by}" are slow, or raise its capacity`,
        blame: 3,
      }
    case 'timers':
      return {
        text: `${held} timers of "${by}" that are due`,
        cure: `spread or coalesce the timers of "${by}", or raise the parallelism`,
        blame: 2,
      }
    case 'task':
      return {
        text: `${held} ${by}, which takes no more`,
        cure: `${by} is slower than what feeds it: raise the parallelism, or see what it waits for`,
        blame: 1,
      }
  }
}

function sinks(uids: readonly string[]): string {
  return uids.length === 0 ? 'its sink' : `sink ${uids.map((uid) => `"${uid}"`).join(' and ')}`
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 2).join(', ')
  return names.length <= 2 ? shown : `${shown} and ${names.length - 2} more`
}

function seconds(durationMs: number): string {
  return durationMs < 10_000
    ? `${(Math.max(0, durationMs) / 1000).toFixed(1)} s`
    : `${Math.round(durationMs / 1000)} s`
}
