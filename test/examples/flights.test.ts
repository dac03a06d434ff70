// The job of the flights example over a few departures by hand: an hour is told when it is
// complete, told anew for a late flight, and closed at last; the job is killed on the way.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { jobHarness } from 'millrace/testing'
import { compare } from '../../examples/flights/compare.ts'
import type { Departure } from '../../examples/flights/departures.ts'
import job from '../../examples/flights/job.ts'

const params = { departures: 'departures.csv', hours: 'hours', late: 'late' }
const hour = 60 * 60 * 1000

function departure(airport: string, dueHour: number, delayMinutes: number): Departure {
  return { flight: `X${dueHour * 60}`, airport, due: dueHour * hour, delayMinutes }
}

describe('hourly delays', () => {
  for (const parallelism of [1, 2]) {
    it(`count late flights until their hour is closed, at parallelism ${parallelism}`, async () => {
      await using harness = await jobHarness(job, { params, parallelism })
      const departures = harness.source<Departure>('departures')
      await departures.send(departure('JFK', 10, 0), departure('JFK', 10.5, 20))
      await departures.send(departure('LGA', 11.5, -4)) // the watermark is a quarter past eleven
      await departures.send(departure('JFK', 10.25, 80)) // late, but within the half hour
      await harness.checkpoint()
      await departures.send(departure('JFK', 15, 15)) // the hour of ten is closed
      await harness.crash()
      await departures.send(departure('JFK', 10.75, 290)) // too late
      await harness.rescale(3 - parallelism)
      await harness.finish()
      assert.deepEqual(
        harness.output('hours').toSorted((a, b) => text(a).localeCompare(text(b))),
        [
          row('JFK', 10, { flights: 3, delayed: 2, sumMinutes: 100, worstMinutes: 80 }),
          row('JFK', 15, { flights: 1, delayed: 0, sumMinutes: 15, worstMinutes: 15 }),
          row('LGA', 11, { flights: 1, delayed: 0, sumMinutes: -4, worstMinutes: -4 }),
        ],
      )
      assert.deepEqual(harness.output('late'), [departure('JFK', 10.75, 290)])
    })
  }
})

function text(value: unknown): string {
  return JSON.stringify(value)
}

function row(airport: string, startHour: number, delays: object): object {
  return { airport, hour: startHour * hour, delays }
}

describe('the comparison', () => {
  const late = departure('JFK', 10.75, 290)
  const delays = { flights: 1, delayed: 0, sumMinutes: 5, worstMinutes: 5 }
  const hours = [{ airport: 'JFK', hour: 10 * hour, delays }]
  const lateRow = [late.flight, late.airport, late.due, 290] as const

  it('adds late flights to their hours', () => {
    const expected = { hours: [['JFK', 10 * hour, 2, 1, 295, 290]], late: [lateRow] } as const
    assert.deepEqual(compare(hours, [late], expected), [])
  })

  it('finds what is missing, what differs, and what was not late', () => {
    const expected = { hours: [['EWR', 10 * hour, 1, 0, 5, 5]], late: [] } as const
    assert.deepEqual(compare(hours, [late], expected), [
      'EWR 36000000:     instead of 1 0 5 5',
      'JFK 36000000: not in DuckDB',
      'X645,JFK,38700000,290 was not late',
    ])
  })
})
