// Patterns in a whole job that is killed and rescaled in the middle, in virtual time: what comes
// out is what comes out of an undisturbed run.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, outputTag, pattern, skipToNext, t } from 'millrace'
import { fileSink, fileSource, jsonLines } from 'millrace/connectors'
import { type JobHarness, jobHarness } from 'millrace/testing'
import type { Random } from '../../../src/util/random.ts'
import { randomFor } from '../windows/harness.ts'

const Reading = t.struct({ sensor: t.string, level: t.float64, at: t.timestamp })
interface Reading {
  readonly sensor: string
  readonly level: number
  readonly at: number
}
const falling = outputTag('falling', t.string)

const rise = pattern<Reading>()
  .begin('low', ({ level }) => level < 4)
  .followedBy('up', ({ level }, { match }) => level > (match.up.at(-1) ?? match.low[0]).level)
  .oneOrMore()
  .consecutive()
  .followedBy('high', ({ level }) => level > 7)
  .within(40)
  .afterMatch(skipToNext())

const rises = job('rises', (env) => {
  const found = env
    .fromSource('readings', fileSource({ path: 'readings', format: jsonLines(Reading) }), {
      timestamp: ({ at }) => at,
      maxOutOfOrderness: 10,
    })
    .keyBy(({ sensor }) => sensor)
    .pattern(rise)
    .timedOut(falling, (match, { key, timestamp }) => `${key} ${match.low[0]?.at} ${timestamp}`)
    .select('find', ({ low, up, high }, { key }) => {
      return `${key} ${[...low, ...up, ...high].map(({ at }) => at).join(' ')}`
    })
  found.sinkTo('rises', fileSink({ path: 'rises' }))
  found.sideOutput(falling).sinkTo('falling', fileSink({ path: 'falling' }))
})

function randomReadings(random: Random, count: number): Reading[] {
  return Array.from({ length: count }, (_, index) => ({
    sensor: `sensor-${random.int(7)}`,
    level: random.int(10),
    // Never two of one time: their order must not depend on the way they come.
    at: index * 3 - random.int(3),
  }))
}

async function outputOf(
  readings: readonly Reading[],
  disturb: ((harness: JobHarness) => Promise<void>)[],
): Promise<readonly (readonly string[])[]> {
  await using harness = await jobHarness(rises)
  const source = harness.source<Reading>('readings')
  const size = Math.ceil(readings.length / (disturb.length + 1))
  for (let from = 0; from < readings.length; from += size) {
    await source.send(...readings.slice(from, from + size))
    await disturb[from / size]?.(harness)
  }
  await harness.finish()
  const [found, timedOut] = [harness.output<string>('rises'), harness.output<string>('falling')]
  return [found.toSorted(), timedOut.toSorted()]
}

describe('a job with patterns', () => {
  it('is not changed by being killed, rescaled and stopped in the middle', async (context) => {
    const readings = randomReadings(randomFor(context), 400)
    const quiet = async (): Promise<void> => {}
    const expected = await outputOf(readings, [quiet, quiet, quiet, quiet])
    assert.ok(expected.every((lines) => lines.length > 0))
    const disturbed = await outputOf(readings, [
      (harness) => harness.rescale(3),
      (harness) => harness.checkpoint(),
      (harness) => harness.crash(),
      (harness) => harness.rescale(1),
    ])
    assert.deepEqual(disturbed, expected)
  })
})
