/** Situations that are counted beside the faults of `faults.ts`. */

/** What nobody brings about by itself, and has to be seen to have happened. */
export type Situation =
  /** A ring had no room, and what was to be sent waited. */
  | 'ringFull'
  /** A leader went on to write a manifest when another one had already fenced it off. */
  | 'twoCoordinators'
  /** A process ended, or was asked to, while a checkpoint was under way. */
  | 'endDuringCheckpoint'
  /** The next start after that had another parallelism. */
  | 'rescaleDuringCheckpoint'
  /** A process that stood by was given the lead. */
  | 'handOver'
  /** A key was parked, or has failed again; one that was went on by request. */
  | 'keyParked'
  | 'keyReleased'
  /** What people do with a job that does not run, or beside one that does. */
  | 'rollback'
  | 'sweep'
  | 'conversion'
  /** A job of its own went on from a savepoint, long after it was written. */
  | 'fork'
  /** The state of a task in a checkpoint was compared with what its functions had written. */
  | 'witnessed'
  /** A subject was erased for sure; a checkpoint of such a job was read. */
  | 'erasure'
  | 'erasedReading'
  /** A task waited for what lies in Cassandra, in segments in a bucket, in HBase. */
  | 'remoteRead'
  | 'objectRead'
  | 'regionRead'
