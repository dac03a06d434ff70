// What `npm start` shows at the end: the most frequent words, read from the output files, then how
// fast it went, what the checkpoints cost by phase, and where everything lies.
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { CheckpointSummary, JobStatus } from 'millrace'
import { bytes, count, milliseconds, short } from './numbers.ts'
import { durationMs, type Progress } from './progress.ts'
import type { Screen } from './screen.ts'

const topWords = 10

/** Word → count, from the visible files of the sink. */
export async function readCounts(folder: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  for (const name of (await readdir(folder)).toSorted()) {
    if (name.startsWith('.')) continue
    for (const line of (await readFile(join(folder, name), 'utf8')).split('\n')) {
      if (line === '') continue
      // The job writes updates of `count`, which are of this shape.
      const { key, value } = JSON.parse(line) as { readonly key: string; readonly value: number }
      counts.set(key, value)
    }
  }
  return counts
}

export interface Finished {
  readonly status: JobStatus
  readonly progress: Progress
  readonly output: string
  readonly passes: number
  readonly backend: string
}

export async function report(screen: Screen, finished: Finished): Promise<void> {
  const { status, progress, output, passes, backend } = finished
  const counts = await readCounts(output)
  const words = [...counts.values()].reduce((sum, value) => sum + value, 0)
  screen.line()
  screen.line(screen.style('bold', `The ${topWords} most frequent of ${count(counts.size)} words`))
  const top = [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  for (const [word, times] of top.slice(0, topWords)) {
    screen.line(`  ${word.padEnd(10)} ${count(times).padStart(12)}`)
  }
  const { elapsedMs } = progress
  const perSecond = (status.recordsIn * 1000) / elapsedMs
  screen.line()
  screen.line(screen.style('bold', 'Throughput'))
  screen.line(
    `  ${count(status.recordsIn)} lines in ${milliseconds(elapsedMs)}, ${short(perSecond)} lines/s`,
  )
  if (status.restoredFrom === undefined) {
    screen.line(`  ${count(words)} words, ${short((words * 1000) / elapsedMs)} words/s`)
  } else {
    screen.line(`  ${count(words)} words counted since the first start`)
  }
  checkpointTable(screen, progress.checkpoints)
  const here = (path: string): string => relative(process.cwd(), path.replace(/^file:\/\//, ''))
  screen.line()
  screen.line(screen.style('bold', 'Where it lies'))
  screen.line(`  checkpoints  ${here(status.checkpoints.location)}`)
  screen.line(`  output       ${here(output)}`)
  screen.line(
    `  state        ${count(progress.stateRows)} rows, ${backend}; opened in ` +
      milliseconds(total(status.stateOpen)),
  )
  screen.line(`  input        the book, ${count(passes)} times`)
}

const phases = ['initMs', 'prepareMs', 'confirmMs', 'completeMs'] as const

function checkpointTable(screen: Screen, all: readonly CheckpointSummary[]): void {
  screen.line()
  screen.line(screen.style('bold', `Checkpoints of this run: ${all.length}`))
  if (all.length === 0) return
  screen.line(`  ${'phase'.padEnd(10)} ${'median'.padStart(10)} ${'longest'.padStart(10)}`)
  const row = (name: string, values: readonly number[], show: (value: number) => string): void => {
    const sorted = values.toSorted((a, b) => a - b)
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0
    const [left, right] = [show(median), show(sorted.at(-1) ?? 0)]
    screen.line(`  ${name.padEnd(10)} ${left.padStart(10)} ${right.padStart(10)}`)
  }
  const statistics = all.map((checkpoint) => checkpoint.statistics)
  for (const phase of phases) {
    row(
      phase.replace('Ms', ''),
      statistics.map((each) => each[phase]),
      milliseconds,
    )
  }
  row('total', statistics.map(durationMs), milliseconds)
  row(
    'written',
    statistics.map((each) => each.bytes),
    bytes,
  )
}

function total(timings: JobStatus['stateOpen']): number {
  if (timings === undefined) return 0
  return phases.reduce((sum, phase) => sum + timings[phase], 0)
}
