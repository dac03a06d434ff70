// `npm run flights`: the job over all flights of 2013 from New York, on both backends, one of them
// with two workers; each hour must be what DuckDB says. The first run downloads 30 MB with pip.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from 'millrace'
import { rocksdbIsAvailable } from 'millrace/rocksdb'
import { compare } from './compare.ts'
import type { Departure, HourOfAirport } from './departures.ts'
import { askDuckDb, fetchPackages, pipCommand, writeDepartures } from './prepare.ts'

const cache = join(import.meta.dirname, '../../node_modules/.cache/flights')
/** Out-of-orderness and allowed lateness of the job together. */
const closedAfterMinutes = 45
const runs = [
  { backend: 'hashmap', parallelism: 1 },
  { backend: 'rocksdb', parallelism: 2 },
] as const

async function linesOf<T>(folder: string): Promise<T[]> {
  const records: T[] = []
  for (const name of await readdir(folder)) {
    if (name.startsWith('.')) continue
    const text = await readFile(join(folder, name), 'utf8')
    // The sinks of the job write records of this type.
    for (const line of text.split('\n').slice(0, -1)) records.push(JSON.parse(line) as T)
  }
  return records
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-flights-'))
  const departures = join(folder, 'departures.csv')
  const count = await writeDepartures(cache, departures)
  const expected = await askDuckDb(cache, closedAfterMinutes)
  for (const { backend, parallelism } of runs) {
    if (backend === 'rocksdb' && !rocksdbIsAvailable()) continue
    const directory = join(folder, backend)
    const [hours, late] = [join(directory, 'hours'), join(directory, 'late')]
    const params = { departures, hours, late }
    await using handle = await run(new URL('./job.ts', import.meta.url), {
      params,
      directory,
      backend,
      parallelism,
    })
    await handle.finished
    const lateOnes = await linesOf<Departure>(late)
    const differences = compare(await linesOf<HourOfAirport>(hours), lateOnes, expected)
    const told = differences.length === 0 ? 'as DuckDB has them' : `${differences.length} differ`
    console.log(
      `${backend} × ${parallelism}: ${count} departures, ${lateOnes.length} of them too late for ` +
        `their hour; ${expected.hours.length} hours of airports: ${told}`,
    )
    for (const difference of differences.slice(0, 10)) console.log(`  ${difference}`)
    if (differences.length > 0) process.exitCode = 1
  }
  await rm(folder, { recursive: true, force: true })
}

const reason = await fetchPackages(cache).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? error.message : 'pip failed'),
)
if (reason === undefined) await main()
else console.log(`skipped, because this needs a network and pip: ${pipCommand}\n${reason}`)
