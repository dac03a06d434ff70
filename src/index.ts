/** What a job author uses, grouped by what it is for. Backends and connectors have subpaths. */

// Describing a job
export { job } from './api/job.ts'
export type { Job, JobOptions } from './graph/job.ts'
export type { ParamSchema, ParamsOf } from './graph/params.ts'
export type { RestartOptions } from './config/job-options.ts'
export type {
  DataStream,
  PrimitiveKey,
  SelectedKey,
  StreamEnvironment,
} from './api/streams/data.ts'
export type { KeyedStream, Update, UpdateStream } from './api/streams/keyed.ts'
export type { MergingWindowedStream, WindowedStream } from './api/streams/windowed.ts'

// Helpers of keyed streams
export type {
  AggregatedSessionizeOptions,
  DeduplicateOptions,
  KeyedHelperMethods,
  Rankable,
  RankUpdate,
  Session,
  SessionizeOptions,
  TopNOptions,
} from './api/streams/helpers.ts'

// Joins
export type {
  BoundedIntervalJoin,
  CoGroup,
  CoGroupOptions,
  CoGroupWindows,
  IntervalBounds,
  IntervalJoin,
  IntervalJoined,
  KeyedJoinMethods,
  LateOutputs,
  TemporalJoin,
  TemporalJoined,
  TemporalJoinOptions,
  WindowJoin,
  WindowJoined,
  WindowJoinWindows,
} from './api/streams/joined.ts'
export type {
  CoGroupContext,
  IntervalJoinContext,
  TemporalJoinContext,
} from './operators/joins/functions.ts'

// Running it
export { type Erasure, type JobHandle, run, type Subject } from './runtime/run.ts'
export type { RunOptions } from './runtime/run-options.ts'
export type { JobResult } from './runtime/job-result.ts'
export type {
  JobProfile,
  OperatorProfile,
  ProfileOptions,
  WorkerProfile,
} from './runtime/profile/job-profile.ts'
export type {
  CheckpointSummary,
  JobState,
  JobStatus,
  LeadershipStatus,
} from './runtime/job-status.ts'
export type { StuckWorker } from './runtime/worker-watch.ts'
export type { OperatorTime, TimeHold } from './checkpoint/messages.ts'
export type { LogFields, Logger } from './metrics/log.ts'

// Writing functions
export { keyedProcess, processFunction } from './api/functions.ts'
export { outputTag } from './operators/output-tag.ts'
export { fields, jsonField, splitBy, type TextFunction, words } from './operators/text/functions.ts'
export { deadLetterTag } from './operators/failures/policy.ts'
export type { ParkedKeyStatus, ReleaseOutcome } from './operators/failures/parked-keys.ts'
export type { DeadLetter, ErrorPolicy, ParkLimits } from './operators/failures/policy.ts'
export type { OutputTag } from './operators/output-tag.ts'
export type {
  AggregateFunction,
  AsyncFunctionError,
  Collector,
  CompileError,
  Context,
  KeyedContext,
  KeyedProcess,
  KeyedProcessFunction,
  OnTimerContext,
  OpenContext,
  ProcessFunction,
  Synchronous,
  Timestamp,
} from './operators/functions.ts'

// Timers
export { eventTimer, processingTimer } from './time/descriptors.ts'
export type {
  EventTimerOptions,
  PayloadOf,
  ProcessingTimerOptions,
  TimerDescriptor,
  TimerSchema,
} from './time/descriptors.ts'
export type {
  FiredTimer,
  ListedTimer,
  NamedTimer,
  TimerService,
  TimersOf,
} from './operators/timer-functions.ts'

// Functions over two streams
export { keyedBroadcastProcess, keyedCoProcess } from './api/functions.ts'
export type {
  BroadcastConnectedStreams,
  BroadcastStream,
  ConnectedStreams,
  KeyedBroadcastConnectedStreams,
  KeyedConnectedStreams,
} from './api/streams/connected.ts'
export type {
  BroadcastContext,
  BroadcastProcessFunction,
  KeyedBroadcastContext,
  KeyedBroadcastProcess,
  KeyedBroadcastProcessFunction,
  ReadonlyBroadcast,
} from './operators/broadcast-functions.ts'
export type {
  CoProcessFunction,
  ConnectedFunction,
  KeyedCoProcess,
  KeyedCoProcessFunction,
} from './operators/connected-functions.ts'

// Windows
export {
  cumulativeWindow,
  globalWindow,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
} from './operators/windows/assigners.ts'
export type {
  AlignedWindowOptions,
  MergingWindowAssigner,
  WindowAssigner,
  WindowTime,
  WindowTimeOptions,
} from './operators/windows/assigners.ts'
export { early, late } from './operators/windows/combinators.ts'
export { countEvictor, deltaEvictor, timeEvictor } from './operators/windows/evictors.ts'
export type {
  Eviction,
  Evictor,
  EvictorContext,
  EvictorOptions,
  WindowElement,
} from './operators/windows/evictors.ts'
export {
  continuousEventTimeTrigger,
  continuousProcessingTimeTrigger,
  countTrigger,
  deltaTrigger,
  eventTimeTrigger,
  neverTrigger,
  processingTimeTrigger,
  purgingTrigger,
} from './operators/windows/triggers.ts'
export type {
  MergingTrigger,
  Trigger,
  TriggerContext,
  TriggerResult,
} from './operators/windows/triggers.ts'
export type {
  MergingAggregateFunction,
  MergingWindowProcessFunction,
  TimeWindow,
  WindowContext,
  WindowCount,
  WindowProcessContext,
  WindowProcessFunction,
  WindowStateSchema,
} from './operators/windows/functions.ts'

// Event time
export type {
  EventTime,
  TimestampAssignment,
  WatermarkAlignment,
} from './api/streams/event-time.ts'
export type { WatermarkGenerator, WatermarkGeneratorFactory } from './operators/watermarks.ts'

// Calling the outside world
export type {
  AsyncFunction,
  AsyncMapOptions,
  AsyncOptions,
  AsyncRetryOptions,
} from './operators/async/options.ts'
export type { LookupCache, LookupJoin } from './api/streams/async.ts'

// Patterns
export { pattern } from './operators/patterns/builder.ts'
export {
  noSkip,
  skipPastLastEvent,
  skipToFirst,
  skipToLast,
  skipToNext,
} from './operators/patterns/skip.ts'
export type { SkipStrategy, SkipToOptions } from './operators/patterns/skip.ts'
export type {
  Pattern,
  PatternGroup,
  PatternNot,
  PatternStart,
  PatternStep,
} from './operators/patterns/types.ts'
export type {
  ConditionContext,
  Events,
  Match,
  MatchContext,
  PartialMatchOf,
  PatternCondition,
  PatternGuard,
  PatternProcessContext,
  PatternProcessFunction,
} from './operators/patterns/functions.ts'
export type { PatternStream } from './api/streams/pattern.ts'

// Declaring types
export { t } from './types/t.ts'
export type { FieldOptions, OptionalType, Struct, Tuple, Types, Versioned } from './types/t.ts'
export type { Infer, Type } from './types/type.ts'

// Declaring state
export {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from './state/descriptors.ts'
export type {
  Aggregate,
  ReadonlyStateOf,
  StateDescriptor,
  StateOf,
  StateSchema,
} from './state/descriptors.ts'
export {
  counterState,
  dequeState,
  setState,
  sortedMapState,
} from './state/collection-descriptors.ts'
export type { ExpiryContext, StateOptions, StateTtl } from './state/ttl.ts'
export type {
  CounterState,
  DequeState,
  KeyPrefix,
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

// Declaring state that belongs to no key
export { operatorListState, unionListState } from './state/operator-descriptors.ts'
export type {
  BroadcastStateSchema,
  OperatorStateDescriptor,
  OperatorStateOf,
  OperatorStateSchema,
} from './state/operator-descriptors.ts'

// Values of options
export type { Duration, Size } from './util/duration.ts'

// Handling errors
export { isMillraceError, MillraceError } from './errors.ts'
export type { ErrorCode, ErrorData, ErrorDetails } from './errors.ts'
