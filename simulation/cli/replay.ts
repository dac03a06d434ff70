/** Runs one seed again with its trace, and tells what it was and what went wrong in it. */
import { createWriteStream, writeFileSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { simulatedBackends } from '../backends.ts'
import { historyEdn, historyJson, historyOperations } from '../checks/export-history.ts'
import type { BankEvent } from '../checks/history.ts'
import { runSeed } from '../run-seed.ts'
import type { SeedReport } from '../seed.ts'
import type { Workload } from '../workloads/workload.ts'
import type { CommandLine } from './options.ts'
import { failureText } from './seed-result.ts'

/** Runs a seed and prints the end of its trace, or all of it into a file. */
export async function replay(
  seed: number,
  { lines, traceFile, historyFile }: Pick<CommandLine, 'lines' | 'traceFile' | 'historyFile'>,
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
  const report = await runSeed({ seed, ...simulatedBackends, onTrace, onHistory })
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

/** What a seed that failed was, and how to see it again. */
export function describeFailure({ seed, violation, workload }: SeedReport): string {
  return [
    `seed ${seed} failed: ${violation === undefined ? 'not this time' : failureText(violation)}`,
    `workload: ${describeWorkload(workload)}`,
    `replay it with: npm run simulate -- --seed ${seed}`,
  ].join('\n')
}

/** The sources with how much is in them, and a line for each operation. */
function describeWorkload({ sources, nodes, typed, lastingWriters }: Workload): string {
  const lines = [`${typed ? 'typed' : 'untyped'}${lastingWriters ? ', lasting writers' : ''}`]
  for (const { splits, ...source } of sources) {
    const records = splits.map(({ id, records: { length } }) => `${id}: ${length} records`)
    lines.push(`  ${JSON.stringify(source)} ${records.join(', ')}`)
  }
  for (const [index, node] of nodes.entries()) lines.push(`  ${index}: ${JSON.stringify(node)}`)
  return lines.join('\n')
}
