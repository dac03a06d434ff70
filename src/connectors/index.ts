/** The names of `millrace/connectors`: sources, sinks, and how to make more of them. */
export { collect, collectSink } from './collect.ts'
export type { Collected, CollectedPart, CollectOptions } from './collect.ts'
export { collection } from './collection.ts'
export { dataGenerator } from './datagen.ts'
export type { DataGeneratorOptions } from './datagen.ts'
export { sink, twoPhaseCommitSink } from './define-sink.ts'
export type {
  SinkDefinition,
  TwoPhaseCommitter,
  TwoPhaseDefinition,
  TwoPhaseWriter,
} from './define-sink.ts'
export { source } from './define-source.ts'
export type { SourceDefinition } from './define-source.ts'
export type { SourceItem, SourceRecord } from './batching.ts'
export { csv } from './file/csv.ts'
export type { CsvOptions } from './file/csv.ts'
export type { FileFormat } from './file/format.ts'
export { jsonLines, lines } from './file/lines.ts'
export type { MalformedPolicy } from './file/malformed.ts'
export type { FileSourceOptions } from './file/options.ts'
export type { FilePosition } from './file/reader.ts'
export type { FilePart } from './file/part.ts'
export type { FileSinkOptions, FileSinkPoint } from './file/sink-options.ts'
export { fileSink } from './file/sink.ts'
export { fileSource } from './file/source.ts'
export { journal } from './journal/journal.ts'
export type { JournalOptions } from './journal/journal.ts'
export { print } from './print.ts'
export type { PrintOptions } from './print.ts'
export { socketSource } from './socket.ts'
export type { SocketSourceOptions } from './socket.ts'
export { malformedTag } from '../operators/malformed.ts'
