/**
 * The contract of a table on a server that holds what memory has no room for: an ordered map from
 * bytes to bytes, of one subtask and one attempt. It is throw-away as every store below is: no
 * snapshot is read from it, so nothing in it is ever a checkpoint's, and what an attempt has left
 * behind is not looked at by the next. All of it happens in the helper thread (`serve.ts`).
 */
import type { Buffer } from 'node:buffer'

/** A range of keys: all of them begin with the same key group, operator and section. */
export interface RemoteRange {
  readonly lower: Buffer
  /** Exclusive. */
  readonly upper: Buffer
}

export interface RemoteScan extends RemoteRange {
  /** So many pairs at most. */
  readonly limit: number
  /** From the upper end downwards. */
  readonly isDown: boolean
}

/** A put has a value, a delete `undefined`. No key is twice in one write. */
export interface RemotePut {
  readonly key: Buffer
  readonly value: Buffer | undefined
}

export interface RemoteTable {
  /** So many requests have been sent to the server: they cost time, and with some of them money. */
  readonly requests: number
  /** In the order of the keys; undefined where there is no value. */
  getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]>
  /** Keys and values in turn. */
  scan(range: RemoteScan): Promise<readonly Buffer[]>
  /** In any order. When it has resolved, all reads see it. */
  write(puts: readonly RemotePut[]): Promise<void>
  deleteRange(range: RemoteRange): Promise<void>
  /** Deletes what it holds; may be called after a failure. */
  drop(): Promise<void>
  close(): Promise<void>
}

/**
 * What a module of a remote table has for its default export; it is loaded in the helper thread.
 *
 * @param options as the backend was given them; they have been cloned.
 * @param scope tells subtasks and attempts apart, for ever.
 */
export type OpenRemoteTable<O = unknown> = (options: O, scope: string) => Promise<RemoteTable>
