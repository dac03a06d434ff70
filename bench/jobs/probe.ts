/**
 * How a job under measurement tells the program outside its worker what it sees: through a
 * broadcast channel, for they are threads of one process and share nothing else.
 */
import { BroadcastChannel, threadId } from 'node:worker_threads'
import type { Source } from '../../src/operators/source.ts'

/** A stretch of records, and how long the worker's thread was busy with it. */
export interface Span {
  readonly name: string
  readonly thread: number
  readonly records: number
  readonly start: Moment
  readonly end: Moment
}

export interface Moment {
  /** Milliseconds since 1970, fractional: the same for all threads. */
  readonly atMs: number
  /** CPU time of this thread. */
  readonly cpuMs: number
  /** CPU time of all threads of the process. */
  readonly processMs: number
}

export function moment(): Moment {
  const { user, system } = process.threadCpuUsage()
  const all = process.cpuUsage()
  return {
    atMs: performance.timeOrigin + performance.now(),
    cpuMs: (user + system) / 1000,
    processMs: (all.user + all.system) / 1000,
  }
}

export function spanSince(start: Moment, name: string, records: number): Span {
  return { name, thread: threadId, records, start, end: moment() }
}

/** The source, telling of each split how long reading it took; batches read ahead are few. */
export function measured<T, P>(source: Source<T, P>, channel: string): Source<T, P> {
  return {
    ...source,
    async *read(split, from, context) {
      const start = moment()
      let records = 0
      for await (const batch of source.read(split, from, context)) {
        records += batch.values.length
        yield batch
      }
      tell(channel, spanSince(start, 'read', records))
    },
  }
}

/** Tells whoever listens. */
export function tell(channel: string, message: unknown): void {
  const out = new BroadcastChannel(channel)
  out.postMessage(message)
  out.close()
}

/** Keeps what is told until `close`; does not keep the process alive. */
export class Listener<T> {
  readonly messages: T[] = []
  readonly #channel: BroadcastChannel

  constructor(channel: string) {
    this.#channel = new BroadcastChannel(channel)
    // Only the job that belongs to this listener uses the name.
    this.#channel.onmessage = (event) => this.messages.push((event as { data: T }).data)
    this.#channel.unref()
  }

  close(): void {
    this.#channel.close()
  }
}

export interface Rate {
  readonly seconds: number
  /** Busy time of all threads together. */
  readonly cpuSeconds: number
  /** That of the whole process, native threads included. */
  readonly processSeconds: number
  readonly records: number
}

/** Spans that may overlap, as one. */
export function total(spans: readonly Span[]): Rate {
  const threads = new Set(spans.map((span) => span.thread))
  const extent = (of: readonly Span[], time: keyof Moment): number =>
    (Math.max(...of.map(({ end }) => end[time])) -
      Math.min(...of.map(({ start }) => start[time]))) /
    1000
  let cpuSeconds = 0
  for (const thread of threads) {
    const own = spans.filter((span) => span.thread === thread)
    cpuSeconds += extent(own, 'cpuMs')
  }
  const records = spans.reduce((sum, span) => sum + span.records, 0)
  const processSeconds = extent(spans, 'processMs')
  return { seconds: extent(spans, 'atMs'), cpuSeconds, processSeconds, records }
}
