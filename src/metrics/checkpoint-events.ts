/** The lifecycle events of checkpoints: part of the table in `events.ts`. */
import type { ErrorData } from '../errors.ts'
import type { LogLevel } from './levels.ts'

/** What the reference and the log say of an event. */
export interface EventText<F> {
  /** When it is published. */
  readonly summary: string
  readonly level: LogLevel
  /** The log line, with fields in braces. */
  readonly line: string
  readonly fields: Readonly<Record<keyof F, string>>
}

/** What subscribers of each channel receive. */
export interface CheckpointEvents {
  'millrace:checkpoint:triggered': { readonly job: string; readonly checkpoint: number }
  'millrace:checkpoint:completed': {
    readonly job: string
    readonly checkpoint: number
    readonly bytes: number
    readonly dirtyEntries: number
    readonly initMs: number
    readonly prepareMs: number
    readonly confirmMs: number
    readonly completeMs: number
  }
  'millrace:checkpoint:failed': {
    readonly job: string
    readonly checkpoint: number
    readonly error: ErrorData
  }
  'millrace:checkpoint:interval': {
    readonly job: string
    readonly intervalMs: number
    readonly reason: string
    readonly explanation: string
  }
  'millrace:checkpoint:slow': {
    readonly job: string
    readonly checkpoint: number
    readonly phase: 'init' | 'prepare' | 'confirm'
    readonly runningMs: number
    readonly reasons: readonly string[]
    readonly cure: string
  }
}

const job = 'name of the job'
const error = 'the error as data: code, message, cure, details, cause'

export const CHECKPOINT_EVENTS: {
  readonly [N in keyof CheckpointEvents]: EventText<CheckpointEvents[N]>
} = {
  'millrace:checkpoint:triggered': {
    summary: 'A checkpoint begins: its barriers are sent.',
    level: 'debug',
    line: 'checkpoint {checkpoint} triggered',
    fields: { job, checkpoint: 'id of the checkpoint' },
  },
  'millrace:checkpoint:completed': {
    summary: 'A checkpoint is durable and its output is being committed.',
    level: 'info',
    line: 'checkpoint {checkpoint} completed',
    fields: {
      job,
      checkpoint: 'id of the checkpoint',
      bytes: 'what it wrote',
      dirtyEntries: 'changed entries in it',
      initMs: 'deciding and allotting an id',
      prepareMs: 'barriers travel, tasks cut and write, sinks pre-commit',
      confirmMs: 'the manifest is written',
      completeMs: 'tasks and sinks are told; old files are released',
    },
  },
  'millrace:checkpoint:failed': {
    summary: 'A checkpoint was given up; the job goes on and nothing is lost.',
    level: 'warn',
    line: 'checkpoint {checkpoint} failed',
    fields: { job, checkpoint: 'id of the checkpoint', error },
  },
  'millrace:checkpoint:interval': {
    summary: 'The interval was worked out anew from the recovery target and what was measured.',
    level: 'info',
    line: 'checkpoints every {intervalMs} ms: {explanation}',
    fields: {
      job,
      intervalMs: 'from the start of one to the start of the next',
      reason: 'target, cheapest, least, most or missed',
      explanation: 'the same in words',
    },
  },
  'millrace:checkpoint:slow': {
    summary:
      'A checkpoint takes over 10 s and its interval, or half its timeout; again when doubled.',
    level: 'warn',
    line: 'checkpoint {checkpoint} is slow, in phase {phase}',
    fields: {
      job,
      checkpoint: 'id of the checkpoint',
      phase: 'init, prepare or confirm',
      runningMs: 'time since it was begun',
      reasons: 'what it waits for, a sentence per task, those that hold it up first',
      cure: 'what to do',
    },
  },
}
