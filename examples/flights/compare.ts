// Compares what the job told with what DuckDB says: an hour and the flights that were too late for
// it make up the whole hour, and no flight is called late that cannot have been.
import type { Departure, HourOfAirport } from './departures.ts'
import { delays } from './departures.ts'
import type { Expected } from './prepare.ts'

const hourMs = 60 * 60 * 1000

/** Each difference as a line. */
export function compare(
  hours: readonly HourOfAirport[],
  late: readonly Departure[],
  expected: Expected,
): readonly string[] {
  const found: string[] = []
  const told = new Map(hours.map((each) => [`${each.airport} ${each.hour}`, each.delays]))
  if (told.size !== hours.length) found.push('an hour was told twice')
  for (const flight of late) {
    const hour = `${flight.airport} ${Math.floor(flight.due / hourMs) * hourMs}`
    const added = delays.add(flight, told.get(hour) ?? delays.createAccumulator())
    if ('flights' in added) told.set(hour, added)
  }
  for (const [airport, hour, flights, delayed, sum, worst] of expected.hours) {
    const key = `${airport} ${hour}`
    const has = told.get(key)
    told.delete(key)
    const shown = [has?.flights, has?.delayed, has?.sumMinutes, has?.worstMinutes].join(' ')
    const wanted = [flights, delayed, sum, worst].join(' ')
    if (shown !== wanted) found.push(`${key}: ${shown} instead of ${wanted}`)
  }
  for (const key of told.keys()) found.push(`${key}: not in DuckDB`)
  const mayBeLate = new Map<string, number>()
  for (const fields of expected.late) {
    mayBeLate.set(fields.join(), (mayBeLate.get(fields.join()) ?? 0) + 1)
  }
  for (const { flight, airport, due, delayMinutes } of late) {
    const key = [flight, airport, due, delayMinutes].join()
    const left = mayBeLate.get(key) ?? 0
    if (left === 0) found.push(`${key} was not late`)
    mayBeLate.set(key, left - 1)
  }
  return found
}
