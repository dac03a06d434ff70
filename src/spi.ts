/** Contracts for those who extend Millrace: state backends, storage, sources and sinks. */

// State backends
export type {
  BackendContext,
  BackendStatistics,
  Entry,
  EntryStream,
  KeyedStateBackend,
  KeyedStateTable,
  OperatorStateSpec,
  PhaseTimings,
  StateBackend,
  StateCut,
  TimerTable,
} from './state/backend.ts'
export type { StateKind } from './state/descriptors.ts'
export type { KeyGroupRange } from './state/key-groups.ts'
export { keyGroupOf } from './state/key-groups.ts'
export type {
  OperatorRecord,
  OperatorStateEntry,
  RecordKind,
  RunReference,
  StateRecord,
  TaskSnapshot,
} from './state/snapshot.ts'

// Bytes of keys and values
export type { FieldSchema, SimpleKind, TypeSchema } from './types/type.ts'
export { keysEqual, readKey, routeHash, writeKey } from './types/keys.ts'
export { ByteReader, ByteWriter } from './util/bytes.ts'

// Storage
export type { BlobInfo, BlobStore, BlobWriter } from './storage/blob-store.ts'
export type { Scratch, ScratchFile } from './storage/scratch.ts'

// Sources and sinks
export type {
  MalformedRecord,
  Source,
  SourceBatch,
  SourceContext,
  Split,
} from './operators/source.ts'
export type {
  CommitOutcome,
  CommitRequest,
  CommitScope,
  Committer,
  DeliveryGuarantee,
  Sink,
  SinkWriter,
  WriterContext,
} from './operators/sink.ts'

// What the host lends
export type { Clock, TimerHandle } from './util/clock.ts'
export type { Random } from './util/random.ts'
