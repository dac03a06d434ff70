/**
 * What do the assertions cost that stay on in production? The keyed sum and the exchange with them
 * and without: these jobs do least beside what is asserted. CPU time of the workers' threads.
 */
import { run } from 'millrace'
import { benchmark, type Figure, inFolder, type Measures, messagesOf, type Rounds } from './lib.ts'
import { Listener, type Span, total } from './jobs/probe.ts'

const KEYED_SUM = { params: { key: 'number', records: 20_000_000 }, parallelism: 1 }
const EXCHANGE = { params: {}, parallelism: 2 }
const JOBS = { 'keyed-sum': KEYED_SUM, exchange: EXCHANGE }
type JobName = keyof typeof JOBS

function measure(name: JobName): Promise<Measures> {
  return inFolder(async (directory) => {
    const spans = new Listener<Span>(name)
    const url = new URL(`./jobs/${name}.ts`, import.meta.url)
    const handle = await run(url, { ...JOBS[name], directory, backend: 'hashmap', memory: '4 GB' })
    await handle.finished
    spans.close()
    const read = spans.messages.filter((span) => span.name === 'read')
    const { records, cpuSeconds } = total(read)
    return { nsPerRecord: (cpuSeconds * 1e9) / records }
  })
}

/** The contender that keeps them, in a process that takes them out as it loads. */
async function measureWithout(name: JobName): Promise<Measures> {
  const preload = new URL('./without-assertions.ts', import.meta.url).href
  const execArgv = [...process.execArgv, `--import=${preload}`]
  const args = ['--contender', `${name}, with assertions`]
  const [measures] = await messagesOf(process.argv[1] ?? '', args, execArgv)
  // A contender sends what it measured.
  return measures as Measures
}

function figures(rounds: Rounds): readonly Figure[] {
  return names.flatMap((name): Figure[] => {
    const kept = rounds.values(`${name}, with assertions`, 'nsPerRecord')
    const removed = rounds.values(`${name}, without assertions`, 'nsPerRecord')
    const cost = kept.map((ns, round) => 100 * (ns / (removed[round] ?? Number.NaN) - 1))
    const unit = 'ns/record'
    return [
      { name: `${name}, with assertions`, values: kept, unit },
      { name: `${name}, without assertions`, values: removed, unit },
      { name: `${name}, cost of assertions`, values: cost, unit: '%', target: { atMost: 2 } },
    ]
  })
}

// Object.keys widens to string; the keys of the table are the names.
const names = Object.keys(JOBS) as JobName[]
const contenders = names.flatMap((name) => [
  [`${name}, with assertions`, () => measure(name)] as const,
  [`${name}, without assertions`, () => measureWithout(name)] as const,
])
await benchmark({ contenders: Object.fromEntries(contenders), figures })
