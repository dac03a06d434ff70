import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { keyedHarness } from 'millrace/testing'
import { type Enriched, enrich, type Reading } from '../../examples/enrich/climate.ts'
import { backends, finish, linesOf, temporaryFolder } from './helpers.ts'

describe('an enriched reading', () => {
  it('knows the extremes and the mean of its station so far', async () => {
    await using harness = await keyedHarness(enrich)
    for (const celsius of [4, 8, -3]) harness.processElement('A', { station: 'A', celsius })
    harness.processElement('B', { station: 'B', celsius: 20 })
    const [, , third, other] = harness.output
    assert.deepEqual(third, {
      station: 'A',
      celsius: -3,
      coldest: -3,
      warmest: 8,
      mean: 3,
      readings: 3,
    })
    assert.equal(other?.coldest, 20)
    assert.equal(harness.state('A').warmest.get(), 8)
    assert.deepEqual(harness.state('A').mean.get(), { mean: 3, readings: 3 })
    assert.equal(harness.state('C').mean.get(), undefined)
  })
})

/** A plain loop that does the same. */
function computed(readings: readonly Reading[]): Enriched[] {
  const seen = new Map<string, number[]>()
  return readings.map(({ station, celsius }) => {
    const all = seen.get(station) ?? []
    seen.set(station, all)
    all.push(celsius)
    const sum = all.reduce((total, value) => total + value, 0)
    return {
      station,
      celsius,
      coldest: Math.min(...all),
      warmest: Math.max(...all),
      mean: sum / all.length,
      readings: all.length,
    }
  })
}

describe('the job', () => {
  const stations = ['Aachen', 'Bergen', 'Cairo, old town', '"Dover"']
  const readings = Array.from({ length: 2_000 }, (_, index) => ({
    station: stations[(index * 7 + (index >> 3)) % stations.length] ?? '',
    celsius: ((index * 37) % 600) / 8 - 20,
  }))

  for (const backend of backends) {
    it(`enriches a CSV file as a plain loop does, on ${backend}`, async () => {
      const folder = await temporaryFolder()
      const path = join(folder, 'readings.csv')
      const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
      const rows = readings.map(({ station, celsius }) => `${quoted(station)},${celsius}`)
      await writeFile(path, ['station,celsius', ...rows].join('\n'))
      const output = join(folder, 'output')
      await finish('enrich', { params: { readings: path, output }, directory: folder, backend })
      const expected = computed(readings).map((each) => {
        const station = /[",]/.test(each.station) ? quoted(each.station) : each.station
        return [station, each.celsius, each.coldest, each.warmest, each.mean, each.readings].join()
      })
      const lines = await linesOf(output)
      assert.equal(lines[0], 'station,celsius,coldest,warmest,mean,readings')
      assert.deepEqual(lines.filter((line) => line !== lines[0]).toSorted(), expected.toSorted())
    })
  }
})
