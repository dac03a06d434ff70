/**
 * Lifecycle events: the moments of a job that monitoring wants to know. Each is published on a
 * `node:diagnostics_channel` of its name and written to the job's logger. Names and fields are API
 * (docs/reference/events.md is generated from this table).
 */
import { channel } from 'node:diagnostics_channel'
import type { ErrorData } from '../errors.ts'
import { CHECKPOINT_EVENTS, type CheckpointEvents, type EventText } from './checkpoint-events.ts'
import type { Logger } from './log.ts'

/** What subscribers of each channel receive. */
export interface LifecycleEvents extends CheckpointEvents {
  'millrace:job:started': { readonly job: string; readonly parallelism: number }
  'millrace:job:restored': {
    readonly job: string
    readonly checkpoint: number
    readonly location: string
    readonly durationMs: number
  }
  'millrace:state:loaded': {
    readonly job: string
    readonly checkpoint: number
    readonly durationMs: number
    readonly erasedEntries: number
  }
  'millrace:job:standing-by': { readonly job: string }
  'millrace:job:taking-over': {
    readonly job: string
    readonly reason: string
    readonly leaderEpoch: number
  }
  'millrace:job:handed-over': { readonly job: string }
  'millrace:control:open': { readonly job: string; readonly url: string }
  'millrace:job:failed': { readonly job: string; readonly error: ErrorData }
  'millrace:job:restarting': {
    readonly job: string
    readonly attempt: number
    readonly delayMs: number
    readonly error: ErrorData
  }
  'millrace:region:failed': {
    readonly job: string
    readonly tasks: string
    readonly task: string | undefined
    readonly delayMs: number
    readonly error: ErrorData
  }
  'millrace:region:restarted': {
    readonly job: string
    readonly tasks: string
    readonly checkpoint: number | undefined
    readonly durationMs: number
  }
  'millrace:job:stopped': { readonly job: string; readonly checkpoint: number | undefined }
  'millrace:job:cancelled': { readonly job: string }
  'millrace:job:finished': { readonly job: string; readonly checkpoint: number | undefined }
  'millrace:savepoint:completed': {
    readonly job: string
    readonly checkpoint: number
    readonly location: string
  }
  'millrace:worker:stuck': {
    readonly job: string
    readonly worker: number
    readonly where: string
    readonly silentMs: number
    readonly operator?: string
    readonly key?: string
    readonly place?: string
    readonly code?: string
  }
  'millrace:worker:lost': {
    readonly job: string
    readonly worker: number
    readonly error: ErrorData
  }
}

export type LifecycleEventName = keyof LifecycleEvents

const job = 'name of the job'
const error = 'the error as data: code, message, cure, details, cause'

export const LIFECYCLE_EVENTS: {
  readonly [N in LifecycleEventName]: EventText<LifecycleEvents[N]>
} = {
  'millrace:job:started': {
    summary: 'All workers process records, for the first time in this run or after a restart.',
    level: 'info',
    line: 'job {job} runs',
    fields: { job, parallelism: 'number of workers' },
  },
  'millrace:job:restored': {
    summary: 'State was restored, before the job is started.',
    level: 'info',
    line: 'job {job} resumes from checkpoint {checkpoint}',
    fields: {
      job,
      checkpoint: 'id of the checkpoint',
      location: 'storage it was read from',
      durationMs: 'time it took to restore',
    },
  },
  'millrace:state:loaded': {
    summary:
      'The whole state of the checkpoint was read and verified; records were taken before, and ' +
      'older checkpoints may be deleted now.',
    level: 'info',
    line: 'job {job} has loaded all state of checkpoint {checkpoint}',
    fields: {
      job,
      checkpoint: 'id of the checkpoint',
      durationMs: 'time since the attempt began',
      erasedEntries: 'entries that were passed over because their subjects were erased',
    },
  },
  'millrace:job:failed': {
    summary: 'The job has ended by an error and is not restarted.',
    level: 'error',
    line: 'job {job} failed',
    fields: { job, error },
  },
  'millrace:job:restarting': {
    summary: 'After an error the job waits and is then restored from its newest checkpoint.',
    level: 'warn',
    line: 'job {job} restarts in {delayMs} ms, attempt {attempt}',
    fields: {
      job,
      attempt: 'how many restarts there have been since the last reset, this one included',
      delayMs: 'time before the restart',
      error,
    },
  },
  'millrace:region:failed': {
    summary: 'Some tasks of a job wait for their restart after an error; the others run on.',
    level: 'warn',
    line: 'job {job}: {tasks} restart in {delayMs} ms; the other tasks run on',
    fields: {
      job,
      tasks: 'names of the tasks that go back to the newest checkpoint together',
      task: 'the one that failed; absent if a worker was lost',
      delayMs: 'time before the restart',
      error,
    },
  },
  'millrace:region:restarted': {
    summary: 'The tasks of a region run again, from the newest checkpoint.',
    level: 'info',
    line: 'job {job}: {tasks} run again',
    fields: {
      job,
      tasks: 'names of the tasks',
      checkpoint: 'id of the checkpoint they went back to; absent if there was none',
      durationMs: 'from the failure until they run',
    },
  },
  'millrace:job:stopped': {
    summary: 'The job was stopped on request, after a last checkpoint.',
    level: 'info',
    line: 'job {job} stopped with checkpoint {checkpoint}',
    fields: { job, checkpoint: 'id of the last checkpoint' },
  },
  'millrace:job:standing-by': {
    summary: 'Another process runs the job, or did a moment ago; this one is ready to take over.',
    level: 'info',
    line: 'standing by for job {job}',
    fields: { job },
  },
  'millrace:job:taking-over': {
    summary: 'This process stood by and leads the job from now on.',
    level: 'warn',
    line: 'taking over job {job}: {reason}',
    fields: {
      job,
      reason: '`nobody leads`, `released`, `process gone` or `lease ended`',
      leaderEpoch: 'number of the leadership',
    },
  },
  'millrace:job:handed-over': {
    summary: 'This process gave the job to one that stood by.',
    level: 'info',
    line: 'job {job} handed over',
    fields: { job },
  },
  'millrace:control:open': {
    summary: 'The job can be asked over HTTP, by whoever has one of its tokens.',
    level: 'info',
    line: 'job {job} can be asked at {url}',
    fields: { job, url: 'where it listens' },
  },
  'millrace:job:cancelled': {
    summary: 'The job was cancelled on request, without a last checkpoint.',
    level: 'info',
    line: 'job {job} cancelled',
    fields: { job },
  },
  'millrace:job:finished': {
    summary: 'All input is processed and all output is committed.',
    level: 'info',
    line: 'job {job} finished',
    fields: { job, checkpoint: 'id of the final checkpoint' },
  },
  ...CHECKPOINT_EVENTS,
  'millrace:savepoint:completed': {
    summary: 'A savepoint is complete.',
    level: 'info',
    line: 'savepoint written to {location}',
    fields: { job, checkpoint: 'id of its checkpoint', location: 'its directory' },
  },
  'millrace:worker:stuck': {
    summary:
      'A call has not returned for more than a second, and nothing else goes on in its worker. ' +
      'After `callTimeout` the worker is ended.',
    level: 'warn',
    line: 'worker {worker} is stuck in {where}',
    fields: {
      job,
      worker: 'index of the worker',
      where: 'operator, key, function and place in words',
      silentMs: 'for how long nothing was heard of it',
      operator: 'uid of the operator, or what it does; absent if it is not known, as the others',
      key: 'that the call works on, described; not where state is encrypted',
      place: 'where the record was read',
      code: 'function, file and line of the job’s own code',
    },
  },
  'millrace:worker:lost': {
    summary: 'A worker threw, ran out of memory or ended; it is replaced if the job is restarted.',
    level: 'warn',
    line: 'worker {worker} lost',
    fields: { job, worker: 'index of the worker', error },
  },
}

/**
 * Publishes an event and logs it.
 *
 * @example
 * announce(logger, 'millrace:job:started', { job: 'words', parallelism: 2 })
 */
export function announce<N extends LifecycleEventName>(
  logger: Logger,
  name: N,
  event: LifecycleEvents[N],
): void {
  const { level, line } = LIFECYCLE_EVENTS[name]
  const fields: Readonly<Record<string, unknown>> = { ...event }
  const message = line.replace(/\{(\w+)\}/g, (_all, field: string) => String(fields[field]))
  logger[level]({ event: name, ...fields }, message)
  publish(name, event)
}

/** Publishes an event that somebody else has logged. */
export function publish<N extends LifecycleEventName>(name: N, event: LifecycleEvents[N]): void {
  const events = channel(name)
  if (events.hasSubscribers) events.publish(event)
}
