/**
 * What do operators and access to state cost, in nanoseconds of CPU time? As `run --profile` tells
 * it: by the profile of a job, beside the same job without one, which says what profiling costs.
 */
import { type OperatorProfile, run } from 'millrace'
import { benchmark, type Figure, inFolder, type Measures, type Rounds } from './lib.ts'
import { Listener, type Span, total } from './jobs/probe.ts'

const RECORDS = 3_000_000

/** The parts of the profile's work that are access to state, and how often there is each. */
const ACCESSES = {
  rows: 'rows',
  read: 'reads',
  update: 'updates',
  collections: 'collections',
  timers: 'timers',
} as const

const NAMES: Readonly<Record<keyof typeof ACCESSES, string>> = {
  rows: 'finding the row of a key',
  read: 'reading a value',
  update: 'updating a value',
  collections: 'a call of a map or list',
  timers: 'setting a timer',
}

function measure(isProfiled: boolean): Promise<Measures> {
  return inFolder(async (directory) => {
    const spans = new Listener<Span>('operators')
    const url = new URL('./jobs/operators.ts', import.meta.url)
    const params = { records: RECORDS }
    const options = { params, directory, backend: 'hashmap', memory: '4 GB' } as const
    const handle = await run(url, { ...options, profile: isProfiled })
    await handle.finished
    spans.close()
    const { cpuSeconds, records } = total(spans.messages)
    const all = (cpuSeconds * 1e9) / records
    return { all, ...Object.assign({}, ...(handle.profile?.operators ?? []).map(measuresOf)) }
  })
}

/** Nanoseconds a record by operator, and a call by kind of access. */
function measuresOf({ operator, times, counts }: OperatorProfile): Measures {
  if (operator === undefined || counts.records === 0) return {}
  const { idle: _idle, start: _start, ...busy } = times
  const ms = Object.values(busy).reduce((sum, each) => sum + each, 0)
  const name = operator.replace(/ \(.*/, '')
  const measures: Record<string, number> = { [name]: (ms * 1e6) / counts.records }
  for (const [work, counted] of Object.entries(ACCESSES)) {
    const calls = counts[counted]
    const kind = work as keyof typeof ACCESSES // its own keys
    if (calls > 0) measures[work] = (times[kind] * 1e6) / calls
  }
  return measures
}

function figures(rounds: Rounds): readonly Figure[] {
  const of = (measured: string): readonly number[] => rounds.values('profiled', measured)
  const operators = { numbers: 'a source', map: 'a map', states: 'a function with four states' }
  const unit = 'ns/record'
  const plain = rounds.values('plain', 'all')
  return [
    { name: 'operators: all, not profiled', values: plain, unit },
    {
      name: 'operators: all, profiled',
      values: of('all').map((ns, round) => (100 * ns) / (plain[round] ?? 0)),
      unit: '% of that',
    },
    ...Object.entries(operators).map(([measured, what]) => {
      return { name: `operators: ${what}`, values: of(measured), unit }
    }),
    ...Object.entries(NAMES).map(([work, what]) => {
      return { name: `state access: ${what}`, values: of(work), unit: 'ns/call' }
    }),
  ]
}

await benchmark({
  contenders: { plain: () => measure(false), profiled: () => measure(true) },
  figures,
})
