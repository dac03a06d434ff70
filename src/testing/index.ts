/** The names of `millrace/testing`: a harness for functions, suites for authors of extensions. */

// Testing functions
export { keyedHarness } from './keyed-harness.ts'
export type { KeyedHarness, KeyedHarnessOptions } from './keyed-harness.ts'
export { processHarness } from './process-harness.ts'
export type { ProcessHarness } from './process-harness.ts'
export { broadcastHarness } from './broadcast-harness.ts'
export type { BroadcastHarness } from './broadcast-harness.ts'
export { twoInputHarness } from './two-input-harness.ts'
export type { TwoInputHarness } from './two-input-harness.ts'
export type { Harness, HarnessOptions } from './operator-harness.ts'
export type { HarnessSnapshot } from './harness-snapshots.ts'

// Testing jobs
export { jobHarness } from './job/job-harness.ts'
export type { JobHarness, JobHarnessOptions, JobSnapshot } from './job/harness-contract.ts'
export type { Recorded } from './job/recorded-sink.ts'
export type { ScriptedSource } from './job/scripted-source.ts'

// Testing connectors and storage
export { sourceConformance } from './conformance/source.ts'
export type { SourceConformanceOptions, TestFunction } from './conformance/source.ts'
export { sinkConformance } from './conformance/sink.ts'
export type { SinkConformanceOptions, SinkUnderTest } from './conformance/sink.ts'
export { blobStoreSuite } from './conformance/blob-store.ts'
export type { BlobStoreSuite } from './conformance/blob-store.ts'
export { FaultyBlobStore } from './faulty-store.ts'
export type { FaultyBlobStoreOptions, Faults } from './faulty-store.ts'

// Testing state backends
export { backendSuite } from './conformance/backend.ts'
export type { BackendSuite } from './conformance/backend.ts'
