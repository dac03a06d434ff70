/** Exit codes of the CLI, and which error ends with which. Part of the contract: docs/reference. */
import { type ErrorCode, isMillraceError } from '../errors.ts'

export const EXIT_CODES = {
  ok: [0, 'done; also when a job was stopped by a signal, or had finished before'],
  failed: [1, 'the job failed, or a check found damage or a problem'],
  usage: [
    2,
    'the command line, an option, a parameter or the job module is wrong; nothing was done',
  ],
  absent: [3, 'what was asked for is not there, or does not answer'],
  owned: [4, 'another process runs this job'],
  wouldLose: [5, 'a check: the job would lose state that is not named among its drops'],
  incompatible: [6, 'a check: state does not fit the job, whether some would be lost or not'],
  unlocked: [7, 'a check: uids, states or their types differ from state.lock.json'],
  interrupted: [130, 'ended at once by a second SIGINT'],
  terminated: [143, 'ended at once by a second SIGTERM or SIGHUP'],
} as const satisfies Readonly<Record<string, readonly [code: number, meaning: string]>>

export type ExitName = keyof typeof EXIT_CODES

export function exitCode(name: ExitName): number {
  return EXIT_CODES[name][0]
}

/** Errors that are neither a failure of the job nor of a check. */
const EXITS: Partial<Readonly<Record<ErrorCode, ExitName>>> = {
  CLI_USAGE: 'usage',
  CONFIG_INVALID: 'usage',
  CONFIG_UNKNOWN_OPTION: 'usage',
  CONTROL_ADDRESS_UNUSABLE: 'usage',
  CONTROL_TOKEN_UNSAFE: 'usage',
  JOB_ASYNC_FUNCTION: 'usage',
  JOB_DUPLICATE_PACKAGE: 'usage',
  JOB_DUPLICATE_UID: 'usage',
  JOB_GRAPH_INVALID: 'usage',
  JOB_MODULE_INVALID: 'usage',
  JOB_PARAM_INVALID: 'usage',
  JOB_PARAM_MISSING: 'usage',
  JOB_PARAM_UNKNOWN: 'usage',
  NODE_UNSUPPORTED: 'usage',
  STORAGE_URL_UNKNOWN: 'usage',
  CHECKPOINT_NOT_FOUND: 'absent',
  CONTROL_UNREACHABLE: 'absent',
  STORAGE_NOT_FOUND: 'absent',
  JOB_OWNED: 'owned',
}

export function exitCodeOf(error: unknown): number {
  return exitCode((isMillraceError(error) ? EXITS[error.code] : undefined) ?? 'failed')
}
