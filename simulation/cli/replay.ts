/** Runs one seed again with its trace, and tells what it was and what went wrong in it. */
import { createWriteStream, writeFileSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { simulatedBackends } from '../backends.ts'
import { historyEdn, historyJson, historyOperations } from '../checks/export-history.ts'
import type { BankEvent } from '../checks/history.ts'
import { runSeed } from '../run-seed.ts'
import type { SeedReport } from '../seed.ts'
import { shrink } from '../shrink/shrink.ts'
import type { Shrunk } from '../shrink/shrunk.ts'
import { smaller } from '../shrink/workload.ts'
import type { Workload } from '../workloads/workload.ts'
import type { CommandLine } from './options.ts'
import { Progress } from './progress.ts'
import { failureText } from './seed-result.ts'

const SHRINK_MS_MAX = 60_000
/** A smaller case that takes so many times the events will not end. */
const EVENTS_FACTOR = 3
const EVENTS_LEAST = 20_000

/** Runs a seed and prints the end of its trace, or all of it into a file. */
export async function replay(
  seed: number,
  { lines, traceFile, historyFile, shrunk }: CommandLine,
): Promise<SeedReport> {
  const kept: string[] = []
  const file = traceFile === undefined ? undefined : createWriteStream(traceFile)
  let count = 0
  const onTrace = (line: string): void => {
    count++
    file?.write(`${line}\n`)
    kept.push(line)
    if (kept.length > 2 * lines) kept.splice(0, kept.length - lines)
  }
  const onHistory = historyFile === undefined ? undefined : historyWriter(historyFile)
  const report = await runSeed({ seed, ...simulatedBackends, shrunk, onTrace, onHistory })
  if (file !== undefined) await finished(file.end())
  const shown = lines === 0 ? [] : kept.slice(-lines)
  if (count > shown.length) {
    const where = traceFile === undefined ? '--trace FILE writes all' : `all are in ${traceFile}`
    console.log(`the last ${shown.length} of ${count} lines of its trace (${where}):`)
  }
  for (const line of shown) console.log(line)
  return report
}

/** Writes it as the name of the file says. */
function historyWriter(file: string): (history: readonly BankEvent[]) => void {
  return (history) => {
    const operations = historyOperations(history)
    writeFileSync(file, file.endsWith('.edn') ? historyEdn(operations) : historyJson(operations))
    console.log(`the history of ${history.length} events is in ${file}`)
  }
}

/** Tells what was wrong, makes the case smaller if that is wanted, and how to see both again. */
export async function explainFailure(
  report: SeedReport,
  { shrunk, shrinks, historyFile }: CommandLine,
): Promise<void> {
  const { violation, seed } = report
  if (violation === undefined) {
    console.log(`\nseed ${seed} went well this time: something outside of it decides`)
    return
  }
  console.log(`\nseed ${seed} failed: ${failureText(violation)}`)
  if (shrunk === undefined && historyFile === undefined && shrinks) await shrinkAndTell(report)
  else console.log(`workload: ${describeWorkload(report.workload)}`)
  console.log(`\nreplay it with: ${commandOf(seed, shrunk)}`)
}

async function shrinkAndTell(report: SeedReport): Promise<void> {
  const { seed } = report
  const startedMs = performance.now()
  const elapsedMs = (): number => performance.now() - startedMs
  let runsSoFar = 0
  const progress = new Progress(() => `making seed ${seed} smaller, ${runsSoFar} runs`)
  progress.begin()
  const isEndless = /no end after/.test(report.violation?.message ?? '')
  const eventsMax = isEndless ? undefined : report.events * EVENTS_FACTOR + EVENTS_LEAST
  const { shrunk, ...found } = await shrink(
    report,
    {},
    {
      mayGoOn: () => elapsedMs() < SHRINK_MS_MAX,
      async run(tried) {
        runsSoFar++
        if (smaller(report.workload, tried.cuts ?? []) === undefined) return undefined
        return runSeed({ seed, ...simulatedBackends, shrunk: tried, eventsMax })
      },
    },
  )
  progress.end()
  const seconds = (elapsedMs() / 1_000).toFixed(0)
  const how = found.isMinimal ? 'nothing more can be left away' : 'there may be smaller ones'
  console.log(`\nthe same in a smaller case (${found.runs} runs, ${seconds} s; ${how}):`)
  const { violation, workload, starts, events, virtualMs } = found.report
  console.log(violation === undefined ? '' : failureText(violation))
  console.log(`${starts} starts, ${events} events, ${(virtualMs / 1_000).toFixed(1)} virtual s`)
  const struck = [...found.report.faults.fired].map(([kind, count]) => `${kind} ${count}`)
  console.log(`faults: ${struck.length === 0 ? 'none' : struck.join(', ')}`)
  console.log(`workload: ${describeWorkload(workload)}`)
  console.log(`\nreplay the smaller case with: ${commandOf(seed, shrunk)}`)
}

function commandOf(seed: number, shrunk: Shrunk | undefined): string {
  const smallerBy = shrunk === undefined ? '' : ` --shrunk '${JSON.stringify(shrunk)}'`
  return `npm run simulate -- --seed ${seed}${smallerBy}`
}

const RECORDS_SHOWN_MAX = 6

/** The sources with what is in them, and a line for each operation. */
function describeWorkload({ sources, nodes, typed, lastingWriters }: Workload): string {
  const lines = [`${typed ? 'typed' : 'untyped'}${lastingWriters ? ', lasting writers' : ''}`]
  for (const { splits, ...source } of sources) {
    lines.push(`  ${JSON.stringify(source)}`)
    for (const { id, records } of splits) {
      const isFew = records.length <= RECORDS_SHOWN_MAX
      lines.push(`    ${id}: ${isFew ? JSON.stringify(records) : `${records.length} records`}`)
    }
  }
  for (const [index, node] of nodes.entries()) lines.push(`  ${index}: ${JSON.stringify(node)}`)
  return lines.join('\n')
}
