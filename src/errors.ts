/**
 * The one error class of Millrace and the table of its codes. Codes are API: test by code, not by
 * class or wording, for errors cross threads as data. Each code has a remedy that is shown when
 * the place that throws has no better one.
 */

interface CodeEntry {
  /** What the user should do, when the thrower says nothing more exact. */
  readonly remedy: string
  /** Whether restarting from the last checkpoint may help. Default: no. */
  readonly retryable?: boolean
}

const CODES = {
  BACKEND_UNAVAILABLE: { remedy: 'install the package that the message names, or use hashmap()' },
  CHECKPOINT_FAILED: { remedy: 'see the cause; the job goes on and tries again', retryable: true },
  CHECKPOINT_NOT_FOUND: { remedy: 'list what there is with `millrace checkpoint ls <dir>`' },
  CHECKPOINT_INCOMPATIBLE: { remedy: 'undo the change, or start without the state with --fresh' },
  CHECKPOINT_DAMAGED: { remedy: 'restore the named files from a copy, or start with --fresh' },
  CLI_USAGE: { remedy: 'see `millrace --help`' },
  CONFIG_INVALID: { remedy: 'see `millrace config --help` for the options and their types' },
  CONFIG_UNKNOWN_OPTION: { remedy: 'see `millrace config` for all options' },
  CONNECTOR_FAILED: { remedy: 'see the cause', retryable: true },
  CONNECTOR_INPUT_CHANGED: { remedy: 'put the original file back, or start with --fresh' },
  CONNECTOR_INPUT_MISSING: { remedy: 'check the path; it is resolved from the working directory' },
  CONNECTOR_MALFORMED_RECORD: { remedy: "correct the input, or set onMalformed: 'skip'" },
  CONTROL_ADDRESS_UNUSABLE: { remedy: 'choose another control.port, or 0 for one that is free' },
  CONTROL_BAD_REQUEST: { remedy: 'use the same version of millrace as the running job' },
  CONTROL_DENIED: { remedy: 'send the token of a role that may do this: docs/guide/security.md' },
  CONTROL_TOKEN_UNSAFE: {
    remedy: 'give the file mode 0600, or delete it: the next start makes a new one',
  },
  CONTROL_UNREACHABLE: { remedy: 'is the job running? `millrace list` shows what is' },
  DECRYPTION_FAILED: {
    remedy: 'give the key that the data was encrypted under, by the id that the message names',
  },
  ENCRYPTION_UNSUPPORTED: {
    remedy: 'do as the message says, or run the job without encryption.keys',
  },
  FUNCTION_FAILED: {
    remedy: 'correct the function or the record that the message names',
    retryable: true,
  },
  FUNCTION_STUCK: {
    remedy: 'mend the loop, or raise callTimeout if the call is to take so long',
    retryable: true,
  },
  FUNCTION_TIMEOUT: {
    remedy: 'raise the timeout, or say with onTimeout what stands for the result',
    retryable: true,
  },
  JOB_ASYNC_FUNCTION: { remedy: 'make the function synchronous, or use asyncMap' },
  JOB_CANCELLED: { remedy: 'run it again: it resumes from the newest checkpoint' },
  JOB_DUPLICATE_PACKAGE: { remedy: 'keep one copy: `npm ls millrace` shows where they come from' },
  JOB_DUPLICATE_UID: { remedy: 'give each stateful operator, source and sink a uid of its own' },
  JOB_FINISHED: { remedy: 'run it with --fresh to process the input again' },
  JOB_GRAPH_INVALID: { remedy: 'see the message' },
  JOB_MODULE_INVALID: { remedy: 'see the message' },
  JOB_NEEDS_MODULE: { remedy: 'pass the URL of the module to run(), or use parallelism 1' },
  JOB_NOT_RUNNING: { remedy: 'ask again when it runs; `millrace list` shows its state' },
  JOB_OWNED: { remedy: 'stop the running owner first: `millrace stop <job>`' },
  JOB_PARAM_INVALID: { remedy: 'give it as --param name=value or run(…, { params })' },
  JOB_PARAM_MISSING: { remedy: 'give it as --param name=value or run(…, { params })' },
  JOB_PARAM_UNKNOWN: { remedy: 'declare it in the job, or leave it out' },
  KEY_INVALID: {
    remedy: 'give 32 random bytes as base64 or hex, such as `openssl rand -base64 32` prints',
  },
  KEY_NOT_FOUND: { remedy: 'check the place where the keys are: encryption.keys or signing.keys' },
  KEY_UNAVAILABLE: { remedy: 'see the cause', retryable: true },
  LEADER_FAILED: { remedy: 'see the reason; start the job again when it is removed' },
  LEADERSHIP_LOST: { remedy: 'another process leads this job now; end this one' },
  NODE_UNSUPPORTED: { remedy: 'use Node.js 24 or newer' },
  OUTPUT_MAY_REPEAT: { remedy: 'accept repeated output with --accept-duplicates' },
  OUTPUT_TAKEN_BACK: {
    remedy: 'copy it with `millrace checkpoint convert`, for a job with other output to go on from',
  },
  PARKED_KEY_UNKNOWN: { remedy: '`millrace status` names some of the keys that are parked' },
  PARKED_KEYS_LEFT: {
    remedy:
      'correct the function and run the job again: it goes on from its newest checkpoint, and ' +
      'tries them again',
  },
  PARKED_TOO_MANY: {
    remedy: 'correct the function and run the job again, or raise the limits of onError',
  },
  OPERATOR_PARKS_NOTHING: {
    remedy: "only operators with onError('park') have keys that can be released",
  },
  OPERATOR_UNKNOWN: { remedy: 'see the uids of the job with `millrace plan`' },
  PACKAGE_UNAVAILABLE: { remedy: 'install the package that the message names' },
  PROFILE_UNWRITABLE: { remedy: 'name a file in a folder that can be written: --profile=<file>' },
  SIGNATURE_INVALID: {
    remedy: 'put the file back that was there: this one was not written under your key',
  },
  SIGNATURE_MISSING: {
    remedy:
      'if you trust it: `millrace checkpoint convert … --accept-unsigned`, then run --from that',
  },
  SNAPSHOT_CLAIMED: { remedy: 'start from another snapshot; the owner of this one may delete it' },
  SNAPSHOT_IN_USE: {
    remedy:
      'stop what uses it, or start without --claim; a reader that died is forgotten in 10 min',
  },
  STANDBY_MISSING: { remedy: 'start one with `millrace run <job.ts> --standby`' },
  STATE_CLOSED: { remedy: 'use state only while its backend is open' },
  STATE_KEYS_COLLIDE: { remedy: 'give `merge`, or keys that stay apart' },
  STATE_MIGRATION_FAILED: {
    remedy: 'correct the function of t.versioned for the value that the message names',
  },
  STATE_NO_KEY: {
    remedy: 'use keyed state only in a function that is processing a record or timer',
  },
  STATE_UNKNOWN: { remedy: 'declare the state beside the function' },
  STATE_VALUE_TOO_LARGE: { remedy: 'split the value: map and list state hold many small entries' },
  STORAGE_BUCKET_MISSING: { remedy: 'create the bucket, or correct its name in the URL' },
  STORAGE_CONFLICT: { remedy: 'another process writes to the same folder; stop one of them' },
  STORAGE_CORRUPT: {
    remedy: 'restore the file from a copy; `millrace checkpoint verify` lists damage',
  },
  STORAGE_DENIED: { remedy: 'check the credentials, and what they allow' },
  STORAGE_ENCRYPTED: {
    remedy: 'say with encryption.keys (`--encryption-keys`) where the keys are',
  },
  STORAGE_FAILED: { remedy: 'see the cause', retryable: true },
  STORAGE_NOT_ENCRYPTED: {
    remedy: 'begin in another folder --from this one, or run without encryption.keys',
  },
  STORAGE_NOT_FOUND: { remedy: 'check the path', retryable: true },
  STORAGE_SIGNED: {
    remedy: 'say with signing.keys (`--signing-keys`) where the keys are',
  },
  STORAGE_UNSUITABLE: { remedy: 'use a server, or a version of it, that can do what is missing' },
  STORAGE_URL_UNKNOWN: {
    remedy: 'use file:, s3:, hdfs:, hbase:, cassandra:, memory: or a plain path',
  },
  SUBJECT_KEYS_MISSING: {
    remedy: 'give encryption.subjects, and put the vault back from where it was last',
  },
  TYPE_INVALID: { remedy: 'see the message; `t` lists the types and what they take' },
  TYPE_MISMATCH: { remedy: 'make the value fit its declared type, or change the type' },
  WORKER_LOST: {
    remedy: 'see the cause; the job is restored from the last checkpoint',
    retryable: true,
  },
  WORKER_OUT_OF_MEMORY: {
    remedy: 'keep less in variables: state lies in declared state, which may leave memory',
    retryable: true,
  },
} as const satisfies Record<string, CodeEntry>

export type ErrorCode = keyof typeof CODES

/** Facts that a program may read: uid, subtask, checkpoint id, file, line, … Never secrets. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | undefined>>

export interface ErrorOptions {
  readonly cause?: unknown
  /** What to do; replaces the code's general remedy. */
  readonly cure?: string
  readonly details?: ErrorDetails
  readonly retryable?: boolean
}

/** An error as data: what crosses threads, sockets and manifests. */
export interface ErrorData {
  readonly code: ErrorCode
  readonly message: string
  readonly cure: string
  readonly retryable: boolean
  readonly details: ErrorDetails
  readonly stack?: string
  readonly cause?: ErrorData | { readonly message: string; readonly stack?: string }
}

const BRAND = Symbol.for('millrace.error')

/**
 * Every error that Millrace throws for a reason outside its own code.
 *
 * @example
 * try { await handle.finished } catch (error) {
 *   if (isMillraceError(error) && error.code === 'JOB_FINISHED') …
 * }
 */
export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  readonly [BRAND] = true
  readonly code: ErrorCode
  readonly cure: string
  readonly retryable: boolean
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    const entry: CodeEntry = CODES[code]
    this.code = code
    this.cure = options.cure ?? entry.remedy
    this.retryable = options.retryable ?? entry.retryable ?? false
    this.details = options.details ?? {}
  }

  /** One line for people: code, what happened, what to do. */
  get explanation(): string {
    return `${this.code}: ${this.message}. ${this.cure}`
  }
}

/** True for a `MillraceError` of this or another copy of the package. */
export function isMillraceError(error: unknown): error is MillraceError {
  return typeof error === 'object' && error !== null && BRAND in error
}

/** True for a `MillraceError` of one of these codes. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is MillraceError {
  return isMillraceError(error) && codes.includes(error.code)
}

/** The error as plain data; foreign errors become `fallback`, retryable as that code says. */
export function errorToData(error: unknown, fallback: ErrorCode = 'FUNCTION_FAILED'): ErrorData {
  const known = isMillraceError(error)
    ? error
    : new MillraceError(fallback, messageOf(error), {
        cause: error,
        ...(isAssertionError(error) ? { retryable: false } : {}),
      })
  return {
    code: known.code,
    message: known.message,
    cure: known.cure,
    retryable: known.retryable,
    details: known.details,
    ...(known.stack === undefined ? {} : { stack: known.stack }),
    ...(known.cause === undefined ? {} : { cause: causeToData(known.cause) }),
  }
}

/** True for a failed assertion of the engine (`util/assert.ts`): a restart does not mend it. */
export function isAssertionError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Symbol.for('millrace.assertion') in error
}

/** Builds the error again on the other side; the remote stack is kept. */
export function errorFromData(data: ErrorData): MillraceError {
  let cause: unknown
  if (data.cause !== undefined) {
    if ('code' in data.cause) cause = errorFromData(data.cause)
    else {
      const plain = new Error(data.cause.message)
      if (data.cause.stack !== undefined) plain.stack = data.cause.stack
      cause = plain
    }
  }
  const { code, message, cure, retryable, details } = data
  const error = new MillraceError(code, message, { cause, cure, retryable, details })
  if (data.stack !== undefined) error.stack = data.stack
  return error
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** All codes with their remedies, for the reference and for tests. */
export function errorCodes(): ReadonlyMap<ErrorCode, { readonly remedy: string }> {
  // Object.entries widens keys to string; CODES is `as const`, so the keys are the union.
  return new Map(Object.entries(CODES) as [ErrorCode, CodeEntry][])
}

function causeToData(cause: unknown): NonNullable<ErrorData['cause']> {
  if (isMillraceError(cause)) return errorToData(cause)
  if (!(cause instanceof Error)) return { message: String(cause) }
  return { message: cause.message, ...(cause.stack === undefined ? {} : { stack: cause.stack }) }
}
