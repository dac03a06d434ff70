/** What many seeds came to together, as a table for people and as JSON. */
import type { Counts, SeedResult } from './seed-result.ts'

const MS_PER_DAY = 86_400_000
const COLUMNS = 4

export interface TotalsJson {
  readonly seeds: number
  readonly failed: readonly { readonly seed: number; readonly failure: string }[]
  readonly elapsedMs: number
  readonly processes: number
  readonly seedsPerSecond: number
  readonly events: number
  readonly starts: number
  readonly resumed: number
  readonly virtualDays: number
  readonly timesRealTime: number
  /** Of the histories of all seeds; equal whatever ran them, and wherever. */
  readonly traces: string
  readonly faults: Counts
  readonly points: Counts
  readonly crashes: Counts
}

export class Totals {
  readonly failed: { readonly seed: number; readonly failure: string }[] = []
  #seeds = 0
  #events = 0
  #starts = 0
  #resumed = 0
  #virtualMs = 0
  #traces = 0x811c9dc5
  readonly #faults: Record<string, number> = {}
  readonly #points: Record<string, number> = {}
  readonly #crashes: Record<string, number> = {}

  get seeds(): number {
    return this.#seeds
  }

  /** Seeds come in order. */
  add(result: SeedResult): void {
    const { seed, failure } = result
    this.#seeds++
    this.#events += result.events
    this.#starts += result.starts
    this.#resumed += result.resumed
    this.#virtualMs += result.virtualMs
    this.#traces = Math.imul(this.#traces ^ Number.parseInt(result.traceHash, 16), 0x01000193)
    addCounts(this.#faults, result.faults)
    addCounts(this.#points, result.points)
    addCounts(this.#crashes, result.crashes)
    if (failure !== undefined) this.failed.push({ seed, failure })
  }

  json(elapsedMs: number, processes: number): TotalsJson {
    return {
      seeds: this.#seeds,
      failed: this.failed,
      elapsedMs: Math.round(elapsedMs),
      processes,
      seedsPerSecond: rounded((this.#seeds / elapsedMs) * 1_000),
      events: this.#events,
      starts: this.#starts,
      resumed: this.#resumed,
      virtualDays: rounded(this.#virtualMs / MS_PER_DAY),
      timesRealTime: Math.round(this.#virtualMs / elapsedMs),
      traces: (this.#traces >>> 0).toString(16).padStart(8, '0'),
      faults: sorted(this.#faults),
      points: sorted(this.#points),
      crashes: sorted(this.#crashes),
    }
  }
}

/** Lines for people. */
export function totalsTable(totals: TotalsJson): string {
  const { seeds, elapsedMs, processes, seedsPerSecond, failed } = totals
  const seconds = (elapsedMs / 1_000).toFixed(1)
  const on = counted(processes, 'process', 'es')
  const lines = [
    `${seeds} seeds in ${seconds} s (${seedsPerSecond}/s, ${on}), ` +
      `${totals.starts} starts, resumed ${totals.resumed} times in the middle, ` +
      `${totals.events} events`,
    `${totals.virtualDays} virtual days (${totals.timesRealTime} x real time), ` +
      `histories ${totals.traces}`,
    ...section('faults', totals.faults),
    ...section('points reached', totals.points),
    ...section('crashes at points', totals.crashes),
  ]
  if (failed.length > 0) lines.push('', `${counted(failed.length, 'seed')} failed:`)
  for (const { seed, failure } of failed) lines.push(`  ${seed}  ${firstLine(failure)}`)
  return lines.join('\n')
}

function section(title: string, counts: Counts): readonly string[] {
  const entries = Object.entries(counts)
  if (entries.length === 0) return []
  const cells = entries.map(([name, count]) => `${String(count).padStart(9)} ${name}`)
  const width = Math.max(...cells.map((cell) => cell.length)) + 1
  const lines = ['', `${title} (${entries.length} kinds)`]
  for (let at = 0; at < cells.length; at += COLUMNS) {
    const row = cells.slice(at, at + COLUMNS).map((cell) => cell.padEnd(width))
    lines.push(row.join('').trimEnd())
  }
  return lines
}

export function counted(count: number, name: string, plural = 's'): string {
  return `${count} ${name}${count === 1 ? '' : plural}`
}

export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function addCounts(sums: Record<string, number>, counts: Counts): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count
}

function sorted(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
