/** Contracts for those who extend Millrace: state backends, storage, sources and sinks. */

// State backends
export type {
  BackendContext,
  BackendStatistics,
  Entry,
  EntryStream,
  ExpiryOutput,
  KeyedStateBackend,
  KeyedStateTable,
  OperatorStateSpec,
  PhaseTimings,
  StateBackend,
  StateCut,
  TimerTable,
} from './state/backend.ts'
export type { StateKind } from './state/descriptors.ts'
export type { KeyTimer, PendingTimer, TimerDomain, TimerListener } from './time/timers.ts'
export type { ExpiryContext, StateTtl, TimeToLive } from './state/ttl.ts'
export type { KeyGroupRange } from './state/key-groups.ts'
export { keyGroupOf } from './state/key-groups.ts'
export { OperatorStateStore } from './state/operator-state.ts'
export type { OperatorStateKind } from './state/operator-state.ts'
export type {
  OperatorRecord,
  OperatorStateEntry,
  RecordKind,
  RunReference,
  StateRecord,
  TaskSnapshot,
} from './state/snapshot.ts'

// Handles, as functions get them and readers see them
export type {
  CounterState,
  DequeState,
  ReadonlyCounterState,
  ReadonlyDequeState,
  ReadonlySetState,
  ReadonlySortedMapState,
  SetState,
  SortedMapState,
  SortedRange,
} from './state/collection-handles.ts'
export type {
  FoldingState,
  ListState,
  MapState,
  ReadonlyFoldingState,
  ReadonlyListState,
  ReadonlyMapState,
  ReadonlyValueState,
  ValueState,
} from './state/handles.ts'

// Snapshots: opened, read, written
export { Snapshot } from './savepoint/snapshot.ts'
export { SnapshotReader } from './state/runs/snapshot-reader.ts'
export type { DecodedRow, SubtaskRecord, TimerEntry } from './state/runs/snapshot-reader.ts'
export { writeSnapshot } from './state/runs/snapshot-writer.ts'
export type { SnapshotOptions, WrittenSnapshot } from './state/runs/snapshot-writer.ts'
export type { Slice } from './state/runs/pace.ts'
export type { RunMetadata } from './state/runs/run-format.ts'
export { restoreStream } from './state/runs/run-set.ts'

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
