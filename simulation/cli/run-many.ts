/** Runs a range of seeds and tells what they came to. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommandLine } from './options.ts'
import { runInProcesses } from './pool.ts'
import { filesTable, type ProductionFile, productionFiles } from './production-files.ts'
import { Progress } from './progress.ts'
import { recordFiles, recordTotals } from './record.ts'
import { explainFailure, replay } from './replay.ts'
import { counted, firstLine, Totals, type TotalsJson, totalsTable } from './totals.ts'

const MS_PER_MINUTE = 60_000

/** @returns the exit code. */
export async function runMany(options: CommandLine): Promise<number> {
  const { first, last, processes, keepsGoing, json } = options
  const totals = new Totals()
  const startedMs = performance.now()
  const elapsedMs = (): number => performance.now() - startedMs
  let isInterrupted = false
  const onInterrupt = (): void => void (isInterrupted = true)
  process.once('SIGINT', onInterrupt)
  const progress = new Progress(() => {
    const { seeds, failed } = totals
    const rate = ((seeds / elapsedMs()) * 1_000).toFixed(1)
    return `${seeds} of ${last - first + 1} seeds, ${rate}/s, ${failed.length} failed`
  })
  progress.begin()
  const coverageFolder = options.countsFiles
    ? mkdtempSync(join(tmpdir(), 'millrace-simulation-'))
    : undefined
  await runInProcesses({
    first,
    last,
    processes,
    coverageFolder,
    mayBegin: () => !isInterrupted && elapsedMs() < options.minutes * MS_PER_MINUTE,
    onResult(result) {
      totals.add(result)
      const { seed, failure } = result
      if (failure === undefined) return true
      if (keepsGoing && !json) console.log(`seed ${seed} failed: ${firstLine(failure)}`)
      return keepsGoing
    },
  })
  progress.end()
  process.off('SIGINT', onInterrupt)
  const result = totals.json(elapsedMs(), processes)
  let files: readonly ProductionFile[] | undefined
  if (coverageFolder !== undefined) {
    files = productionFiles(coverageFolder)
    rmSync(coverageFolder, { recursive: true })
  }
  if (json) console.log(JSON.stringify({ ...result, files }, undefined, 2))
  else console.log(totalsTable(result) + (files === undefined ? '' : `\n${filesTable(files)}`))
  if (options.records) record(options, result, files)
  const [failed] = result.failed
  if (failed !== undefined && !json) {
    console.log(`\nthe first that failed, seed ${failed.seed}, once more`)
    await explainFailure(await replay(failed.seed, options), options)
    if (result.failed.length > 1)
      console.log(`${counted(result.failed.length - 1, 'other')} failed`)
  }
  if (isInterrupted) return 130
  return result.failed.length === 0 ? 0 : 1
}

function record(
  { first, last, minutes, processes }: CommandLine,
  totals: TotalsJson,
  files: readonly ProductionFile[] | undefined,
): void {
  const within = Number.isFinite(minutes) ? ` --minutes ${minutes}` : ''
  const range = `npm run simulate -- --seeds ${first}..${last}`
  // Counting makes it slower, so a run that counts files says nothing of how fast seeds are.
  if (files !== undefined) return recordFiles(files, totals, `${range} --files --record`)
  recordTotals(totals, `${range}${within} --processes ${processes} --record`)
}
