// Random records and watermarks for one windowed operator, and what comes of them.
import assert from 'node:assert/strict'
import { type DataStream, type KeyedStream, outputTag, t } from 'millrace'
import type { KeyedHarness } from 'millrace/testing'
import type { Random } from '../../../src/util/random.ts'
import { windowHarness } from './harness.ts'

export type Keyed = KeyedStream<string, number>
export type Harness = KeyedHarness<string, number, string, {}>
export const late = outputTag('late', t.float64)
export const types = { key: t.string, input: t.float64 }

export type Step = (harness: Harness) => void

/** Records out of order, and watermarks that stand still, creep and jump. */
export function randomSteps(random: Random, count: number): Step[] {
  let now = random.int(200) - 100
  let watermark = -Infinity
  return Array.from({ length: count }, (): Step => {
    now += random.int(20) === 0 ? random.int(150) : random.int(4)
    if (random.int(4) === 0) {
      watermark = Math.max(watermark, now - random.int(25))
      const time = watermark
      return (harness) => harness.processWatermark(time)
    }
    const key = 'abc'[random.int(3)] ?? ''
    const value = random.int(100)
    const timestamp = now - random.int(random.int(10) === 0 ? 80 : 15)
    return (harness) => harness.processElement(key, value, timestamp)
  })
}

type Options = Omit<NonNullable<Parameters<typeof windowHarness>[1]>, 'key' | 'input'>

export interface Seen {
  readonly output: readonly string[]
  readonly timestamps: readonly (number | undefined)[]
  readonly late: readonly number[]
}

export function seenOf(harness: Harness): Seen {
  return {
    output: [...harness.output],
    timestamps: [...harness.outputTimestamps],
    late: [...harness.sideOutput(late)],
  }
}

export async function run(
  chain: (keyed: Keyed) => DataStream<string>,
  steps: readonly Step[],
  options: Options,
): Promise<Seen> {
  await using harness = await windowHarness(chain, { ...types, ...options })
  for (const step of steps) step(harness)
  harness.processWatermark(Infinity)
  assert.deepEqual(harness.keys(), [], 'no state is left')
  assert.equal(harness.nextTimer('event-time'), undefined, 'no timer is left')
  return seenOf(harness)
}

/** What comes of the steps with a snapshot after so many of them, and a restore. */
export async function runOver(
  cut: number,
  chain: (keyed: Keyed) => DataStream<string>,
  steps: readonly Step[],
  options: Options,
): Promise<Seen> {
  await using before = await windowHarness(chain, { ...types, ...options })
  for (const step of steps.slice(0, cut)) step(before)
  const first = seenOf(before)
  const restore = await before.snapshot()
  for (const step of steps.slice(cut)) step(before) // which the other must not see
  const second = await run(chain, steps.slice(cut), { ...options, restore })
  return {
    output: [...first.output, ...second.output],
    timestamps: [...first.timestamps, ...second.timestamps],
    late: [...first.late, ...second.late],
  }
}
