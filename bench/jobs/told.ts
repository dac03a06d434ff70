/**
 * What jobs that are compared tell the program outside: splits when they begin and end, sinks when
 * their last record came and what the output was.
 */
import { sink } from 'millrace/connectors'
import type { Source } from '../../src/operators/source.ts'
import { textReadOf, withText } from '../../src/operators/text/line.ts'
import { Checksum, type Tally } from '../suite/checksum.ts'
import { tell } from './probe.ts'

/** A point in time, and the processor's time of the whole process until then. */
export interface Instant {
  /** Milliseconds since 1970, fractional: the same for all threads. */
  readonly atMs: number
  readonly cpuMs: number
}

/** What a split tells at its begin and end, and a sink at its end. */
export type Told =
  | { readonly kind: 'begin' | 'read'; readonly instant: Instant }
  | { readonly kind: 'end'; readonly instant: Instant; readonly tally: Tally }

export const CHANNEL = 'compared'
const CPU_EVERY_MS = 20

const now = (): number => performance.timeOrigin + performance.now()

function instant(): Instant {
  const { user, system } = process.cpuUsage()
  return { atMs: now(), cpuMs: (user + system) / 1000 }
}

export function tellOf(kind: 'begin' | 'read'): void {
  tell(CHANNEL, { kind, instant: instant() } satisfies Told)
}

/** The source, telling of each split when it begins and ends. */
export function timed<T, P>(of: Source<T, P>): Source<T, P> {
  const read = timedRead((...args: Parameters<typeof of.read>) => of.read(...args))
  const readText = textReadOf(of)
  return { ...of, read: readText === undefined ? read : withText(read, timedRead(readText)) }
}

function timedRead<A extends readonly unknown[], B>(read: (...args: A) => AsyncIterable<B>) {
  return async function* (...args: A): AsyncGenerator<B, void, undefined> {
    tellOf('begin')
    yield* read(...args)
    tellOf('read')
  }
}

/** Takes the checksum of what it is given. */
export function checked<T>(keyHash: (value: T) => number, number: (value: T) => number) {
  return sink<T, { tally: Checksum; last: Instant; cpuAtMs: number }>({
    open: () => ({ tally: new Checksum(), last: instant(), cpuAtMs: 0 }),
    write(values, resource) {
      for (const value of values) resource.tally.add(keyHash(value), number(value))
      const atMs = now()
      const { cpuAtMs, last } = resource
      // Now and then: asking for the time of all threads takes as long as hundreds of records.
      if (atMs - cpuAtMs < CPU_EVERY_MS) resource.last = { atMs, cpuMs: last.cpuMs }
      else Object.assign(resource, { last: instant(), cpuAtMs: atMs })
    },
    close({ tally: { count, sum, xor }, last }) {
      tell(CHANNEL, { kind: 'end', instant: last, tally: { count, sum, xor } } satisfies Told)
    },
  })
}
