/** What workers need to know of the resolved options; plain data, sent to every thread. */

export interface WorkerSettings {
  readonly jobName: string
  readonly parallelism: number
  readonly maxParallelism: number
  /** `auto`, `hashmap`, `rocksdb`, or the name of the backend that the job brings along. */
  readonly backend: string
  readonly memoryBytes: number
  /** Location of the checkpoint storage. */
  readonly storage: string
  /** Where the keys are; undefined: nothing is encrypted. */
  readonly encryptionKeys: string | undefined
  /** Whether there are keys of subjects, for `shredBy`. */
  readonly hasSubjects: boolean
  /** Whether runs are written so that a signature of the manifest can cover them. */
  readonly isSigned: boolean
  /** Local folder for throw-away files. */
  readonly stateDirectory: string
  /** Records a task takes on before it looks at messages, timers and barriers. */
  readonly batchRecords: number
  /** A call that has not returned for so long ends its worker. */
  readonly callTimeoutMs: number
  /** Memory that the outboxes of one worker may use before they spill to disk. */
  readonly outboxBytes: number
  readonly ringBytes: number
  /** Values that wait for a sink's writer when its task stops taking records. */
  readonly sinkValues: number
  /** Longest slice of background work in the record loop. */
  readonly sliceMs: number
  /** Due event-time timers that a task fires before it looks at messages and barriers. */
  readonly timersPerStep: number
  readonly compression: 'zstd' | 'none'
  readonly snapshotPolicy: 'incremental' | 'full'
  /** False: at least once. */
  readonly exactlyOnce: boolean
  /** After so long barriers overtake; +∞: never. */
  readonly alignmentTimeoutMs: number
  /** Copies of runs on the local disk. */
  readonly localCopies: {
    readonly isOn: boolean
    readonly directory: string
    /** Of all workers together. */
    readonly bytesMax: number
    /** False after damage was found, which may be in a copy. */
    readonly isTrusted: boolean
  }
  readonly blockCacheBytes: number | undefined
  readonly writeBufferBytes: number | undefined
}
