// A source fed by its test, and a head that reads it, with the clock, outputs and notes around it.
import type { SplitRecord } from '../../src/checkpoint/manifest.ts'
import type { SourceNode, TimeStrategy } from '../../src/graph/job-graph.ts'
import { sourceBrand, type Source, type SourceBatch } from '../../src/operators/source.ts'
import { SourceHead } from '../../src/runtime/source-head.ts'
import { t } from '../../src/types/t.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { Gate, ManualClock, Recorder, turns } from './doubles.ts'

type NumberBatch = SourceBatch<number, number>

export interface Reading {
  readonly from: number | undefined
  readonly batches: NumberBatch[]
  wake: () => void
  ended: boolean
  error: Error | undefined
  /** How many batches were asked for, and whether the generator came to its end. */
  pulled: number
  closed: boolean
}

/** A source whose splits are fed by the test. */
export class FedSource implements Source<number, number> {
  readonly [sourceBrand] = true as const
  readonly name = 'fed'
  readonly type = t.float64
  readonly position = t.float64
  readonly replayable = true
  readonly bounded = true
  readonly readings = new Map<string, Reading>()
  readonly completed: (readonly (readonly [string, number])[])[] = []

  async discover(): Promise<[]> {
    return []
  }

  async *read({ id }: { readonly id: string }, from: number | undefined) {
    const reading = this.of(id, from)
    try {
      for (;;) {
        reading.pulled++
        for (;;) {
          const batch = reading.batches.shift()
          if (batch !== undefined) {
            yield batch
            break
          }
          if (reading.error !== undefined) throw reading.error
          if (reading.ended) return
          const gate = new Gate()
          reading.wake = gate.open
          await gate.passed
        }
      }
    } finally {
      reading.closed = true
    }
  }

  async checkpointComplete(positions: ReadonlyMap<string, number>): Promise<void> {
    this.completed.push([...positions])
  }

  of(id: string, from?: number): Reading {
    const known = this.readings.get(id)
    if (known !== undefined && (from === undefined || known.from === from)) return known
    const reading: Reading = {
      from,
      batches: known?.batches ?? [],
      wake: () => undefined,
      ended: false,
      error: undefined,
      pulled: 0,
      closed: false,
    }
    this.readings.set(id, reading)
    return reading
  }

  async feed(id: string, ...batches: readonly (readonly number[])[]): Promise<void> {
    const reading = this.of(id)
    for (const values of batches) {
      reading.batches.push({ values, position: values.at(-1) ?? -1 })
    }
    reading.wake()
    await turns()
  }

  async end(id: string, error?: Error): Promise<void> {
    const reading = this.of(id)
    reading.ended = error === undefined
    reading.error = error
    reading.wake()
    await turns()
  }
}

export function headOf(time?: Partial<TimeStrategy>) {
  const source = new FedSource()
  const clock = new ManualClock()
  const abort = new AbortController()
  const output = new Recorder()
  const malformed = new Recorder()
  const state = { blocked: false, wakes: 0, wants: 0, finished: [] as string[] }
  const node: SourceNode = {
    kind: 'source',
    id: 0,
    uid: 'numbers',
    label: 'numbers',
    location: undefined,
    outputType: t.float64,
    source,
    time: time === undefined ? undefined : { timestamp: Number, maxOutOfOrdernessMs: 0, ...time },
  }
  const head = new SourceHead(node, output, malformed, {
    context: { signal: abort.signal, clock, random: new SeededRandom(1), subtaskIndex: 0 },
    isBlocked: () => state.blocked,
    wake: () => void state.wakes++,
    finished: (id) => void state.finished.push(id),
    wantsSplits: () => void state.wants++,
    monotonic: () => clock.nowMs,
  })
  return { source, clock, abort, output, malformed, state, head }
}

export const ids = (...names: readonly string[]): SplitRecord[] => names.map((id) => ({ id }))
