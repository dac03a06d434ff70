/** The kinds of faults, and how often each strikes at its usual strength. */

/** Every kind of fault that the simulator knows, with the chance that it strikes where it can. */
export interface FaultChances {
  /** At a named point: the whole process is gone. */
  readonly crashAtPoint: number
  /** At a named point of a worker: that worker is gone. */
  readonly workerCrashAtPoint: number
  /** At a named point: the process or worker stands still for a while. */
  readonly stallAtPoint: number
  /** The same of a process that deletes the checkpoints of its job, which was cancelled. */
  readonly stallInGivingUp: number
  /** The same of one that is about to delete what is not kept any more. */
  readonly stallInCollecting: number
  /** It takes long from when a leader has read the chain to when it puts its fence. */
  readonly fenceSlow: number
  /** A storage operation fails and did nothing. */
  readonly storeErrorBefore: number
  /** A storage operation fails although it was done. */
  readonly storeErrorAfter: number
  /** A worker cannot write a run: its checkpoint is given up, and nobody goes down. */
  readonly runError: number
  /** A storage operation takes long. */
  readonly storeSlow: number
  /** One bit of what is read is another one; read again, it is right. */
  readonly readFlip: number
  /** A request to a store far away is refused, and so are all others for a while (503). */
  readonly storeUnavailable: number
  /** A request to a store far away is given up after long; it was not done. */
  readonly storeTimeoutBefore: number
  /** The same, and it was done. */
  readonly storeTimeoutAfter: number
  /** A list of a store far away lacks what was just put, and has what was just deleted. */
  readonly staleList: number
  /** A machine loses its power: all its processes end, and what was not synced may be gone. */
  readonly powerLost: number
  /** A change of a name that was not synced is lost with the power. */
  readonly nameLost: number
  /** What was written and not synced is lost with the power, in whole or from somewhere on. */
  readonly writeLost: number
  /** Of what was written and not synced some sectors are lost with the power. */
  readonly writeTorn: number
  /** A write does less than it was given. */
  readonly shortWrite: number
  /** A read gives less than there is. */
  readonly shortRead: number
  /** A disk is full for a while (ENOSPC). */
  readonly diskFull: number
  /** No file can be opened for a while (EMFILE). */
  readonly tooManyFiles: number
  /** An operation of a disk fails (EIO). */
  readonly diskError: number
  /** A disk is slow for a while. */
  readonly diskSlow: number
  /** A sync is said to be done and is not. */
  readonly lostSync: number
  /** A bit of a file turns over, for good. */
  readonly bitRot: number
  /** A write is said to be done and is not. */
  readonly lostWrite: number
  /** A write is done elsewhere, over what another file holds. */
  readonly misdirectedWrite: number
  /** What a crashed process had asked of the storage is done all the same. */
  readonly landsAfterCrash: number
  /** A message between master and worker, or a doorbell, takes long. */
  readonly messageSlow: number
  readonly sourceError: number
  readonly callError: number
  readonly callSlow: number
  readonly sourceSlow: number
  readonly discoverError: number
  readonly sinkWriteError: number
  readonly sinkPrepareError: number
  readonly commitErrorBefore: number
  readonly commitErrorAfter: number
  readonly commitRetry: number
  readonly withdrawError: number
  readonly sinkSlow: number
  /** A write takes a while: with a chance so high, tasks before the sink have no room. */
  readonly sinkCongested: number
  /** The user's function throws, once. */
  readonly functionError: number
  /** The wall clock is set forward or back. */
  readonly clockJump: number
  /** Between any two events of a process: it is gone. */
  readonly crashAnywhere: number
  /** Between any two events of a worker: that worker is gone. */
  readonly workerCrashAnywhere: number
  /** A worker stands still for a while, and ends as Node ends one whose heap is full. */
  readonly workerOutOfMemory: number
  /** The clock of a process goes fast or slow. */
  readonly clockDrift: number
  /** A timer rings later than it is due. */
  readonly timerLate: number
  /** The process is gone when it has told some workers to begin a checkpoint. */
  readonly coordinatorLostInInit: number
  /** The process is gone when a task has acknowledged. */
  readonly coordinatorLostInPrepare: number
  /** The process is gone just before or after the manifest is written. */
  readonly coordinatorLostInConfirm: number
  /** The process is gone when it has told some workers that the checkpoint is complete. */
  readonly coordinatorLostInComplete: number
  /** A merge takes long, and checkpoints go on meanwhile. */
  readonly mergeSlow: number
  /** A worker is gone soon after it was told that a checkpoint is complete. */
  readonly workerLostInComplete: number
  /** A process or worker is gone right after a checkpoint that was not like most is complete. */
  readonly lostWhenNeeded: number
  /** The process is gone while it restores state of an older version of its types. */
  readonly crashInMigration: number
  /** The process is gone while it makes a savepoint its own. */
  readonly crashInImport: number
  /** A source finds its splits in another order, or not all of them again. */
  readonly discoverRepeats: number
  /** A source that was connected anew gives what it gave, in other batches and some empty. */
  readonly sourceRebatches: number
  /** A record for which the function throws each time, until another version is deployed. */
  readonly poisonRecord: number
  /** A sink's writer takes nothing for a second or more. */
  readonly slowConsumer: number
  /** Savepoint, checkpoints, stop and cancel are asked for at once. */
  readonly requestStorm: number
  /** A request to a table on a server is refused, and is to be tried again. */
  readonly tableErrorBefore: number
  /** A request to a table on a server fails although it was done. */
  readonly tableErrorAfter: number
  /** A request to a table on a server is never answered; it was not done. */
  readonly tableTimeoutBefore: number
  /** The same, and it is done, perhaps when newer requests have long been. */
  readonly tableTimeoutAfter: number
  /** An answer of a table takes most of the time that it may take. */
  readonly tableSlow: number
  /** No node of the server is there for a while, which may be too long. */
  readonly tableUnreachable: number
  /** The server restarts: what is under way breaks off, done or not. */
  readonly tableRestart: number
  /** The thread is gone that talks to the server for a task. */
  readonly helperLost: number
  /** A request to a bucket is refused (503), and is to be tried again. */
  readonly objectErrorBefore: number
  /** A request to a bucket fails although it was done. */
  readonly objectErrorAfter: number
  /** A request to a bucket is never answered; it was not done. */
  readonly objectTimeoutBefore: number
  /** The same, and it is done, perhaps when newer requests have long been. */
  readonly objectTimeoutAfter: number
  /** An answer of a bucket takes most of the time that it may take. */
  readonly objectSlow: number
  /** The servers of a bucket are gone for a while, which may be too long. */
  readonly objectUnreachable: number
  /** All connections to a bucket break off, what was asked for done or not. */
  readonly objectRestart: number
  /** A bit of what is read from a bucket is another one, this time. */
  readonly objectFlip: number
  /** The disk that blocks of a bucket are cached on fails, or gives other bits. */
  readonly cacheError: number
  readonly cacheFlip: number
  /** A region of HBase cannot be read: what is not scanned seems to be missing. */
  readonly regionUnread: number
}

export type FaultKind = keyof FaultChances

/** Chances at which a job still gets on; a plan has each at its own strength. */
export const USUAL: FaultChances = {
  crashAtPoint: 0.02,
  workerCrashAtPoint: 0.015,
  stallAtPoint: 0.015,
  stallInGivingUp: 0.03,
  stallInCollecting: 0.003,
  fenceSlow: 0.03,
  storeErrorBefore: 0.015,
  storeErrorAfter: 0.015,
  runError: 0.004,
  storeSlow: 0.03,
  readFlip: 0.006,
  storeUnavailable: 0.005,
  storeTimeoutBefore: 0.005,
  storeTimeoutAfter: 0.005,
  staleList: 0.1,
  powerLost: 0.001,
  nameLost: 0.5,
  writeLost: 0.5,
  writeTorn: 0.5,
  shortWrite: 0.05,
  shortRead: 0.05,
  diskFull: 0.003,
  tooManyFiles: 0.003,
  diskError: 0.004,
  diskSlow: 0.002,
  lostSync: 0.02,
  bitRot: 0.01,
  lostWrite: 0.02,
  misdirectedWrite: 0.02,
  landsAfterCrash: 0.5,
  messageSlow: 0.04,
  sourceError: 0.02,
  callError: 0.05,
  callSlow: 0.02,
  sourceSlow: 0.05,
  discoverError: 0.05,
  sinkWriteError: 0.01,
  sinkPrepareError: 0.05,
  commitErrorBefore: 0.08,
  commitErrorAfter: 0.08,
  commitRetry: 0.1,
  withdrawError: 0.1,
  sinkSlow: 0.05,
  sinkCongested: 0.3,
  functionError: 0.003,
  clockJump: 0.02,
  crashAnywhere: 0.12,
  workerCrashAnywhere: 0.06,
  workerOutOfMemory: 0.04,
  clockDrift: 0.3,
  timerLate: 0.01,
  coordinatorLostInInit: 0.003,
  coordinatorLostInPrepare: 0.003,
  coordinatorLostInConfirm: 0.005,
  coordinatorLostInComplete: 0.003,
  mergeSlow: 0.1,
  workerLostInComplete: 0.003,
  lostWhenNeeded: 0.1,
  crashInMigration: 0.2,
  crashInImport: 0.03,
  discoverRepeats: 0.3,
  sourceRebatches: 0.1,
  poisonRecord: 0.001,
  slowConsumer: 0.002,
  requestStorm: 0.15,
  tableErrorBefore: 0.01,
  tableErrorAfter: 0.01,
  tableTimeoutBefore: 0.002,
  tableTimeoutAfter: 0.004,
  tableSlow: 0.004,
  tableUnreachable: 0.002,
  tableRestart: 0.001,
  helperLost: 0.006,
  objectErrorBefore: 0.02,
  objectErrorAfter: 0.02,
  objectTimeoutBefore: 0.004,
  objectTimeoutAfter: 0.008,
  objectSlow: 0.01,
  objectUnreachable: 0.003,
  objectRestart: 0.003,
  objectFlip: 0.02,
  cacheError: 0.05,
  cacheFlip: 0.05,
  regionUnread: 0.02,
}

/** Of tables on servers, below state or checkpoints: their chance is drawn apart. */
const TABLE_FAULTS = [
  'tableErrorBefore',
  'tableErrorAfter',
  'tableTimeoutBefore',
  'tableTimeoutAfter',
  'tableSlow',
  'tableUnreachable',
  'tableRestart',
  'helperLost',
] as const satisfies readonly FaultKind[]

/** Of buckets below state, and of the disks before them: drawn apart from those, too. */
const OBJECT_FAULTS = [
  'objectErrorBefore',
  'objectErrorAfter',
  'objectTimeoutBefore',
  'objectTimeoutAfter',
  'objectSlow',
  'objectUnreachable',
  'objectRestart',
  'objectFlip',
  'cacheError',
  'cacheFlip',
] as const satisfies readonly FaultKind[]

export type ServerFault = (typeof TABLE_FAULTS | typeof OBJECT_FAULTS)[number] | 'regionUnread'

/** What a kind of fault is drawn with. */
export function groupOf(kind: FaultKind): 'tables' | 'objects' | 'regions' | undefined {
  if (kind === 'regionUnread') return 'regions'
  if (TABLE_FAULTS.some((each) => each === kind)) return 'tables'
  return OBJECT_FAULTS.some((each) => each === kind) ? 'objects' : undefined
}

// Object.keys widens to string; the keys of the table are the kinds.
export const FAULT_KINDS = Object.keys(USUAL) as readonly FaultKind[]
