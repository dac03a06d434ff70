/**
 * `npm run simulate -- --seed N` replays one seed with a readable trace; `--seeds A..B` and
 * `--minutes M` run many. Ends with 1 at the first seed that violates an invariant, and prints the
 * command that replays it.
 */
import { parseArgs } from 'node:util'
import { simulatedBackends } from './backends.ts'
import { increment } from './faults.ts'
import { runSeed } from './run-seed.ts'
import type { SeedReport } from './seed.ts'

const TWICE_EVERY = 50
const STACK_LINES = 5

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1..500' },
    minutes: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
    'no-trace': { type: 'boolean', default: false },
  },
})

interface Totals {
  seeds: number
  events: number
  virtualMs: number
  starts: number
  resumed: number
  readonly faults: Map<string, number>
  readonly reached: Map<string, number>
  readonly crashed: Map<string, number>
}

const totals: Totals = {
  seeds: 0,
  events: 0,
  virtualMs: 0,
  starts: 0,
  resumed: 0,
  faults: new Map(),
  reached: new Map(),
  crashed: new Map(),
}

function add(report: SeedReport): void {
  totals.seeds++
  totals.events += report.events
  totals.virtualMs += report.virtualMs
  totals.starts += report.starts
  totals.resumed += report.resumed
  const { fired, pointsReached, pointsCrashed } = report.faults
  for (const [kind, count] of fired) increment(totals.faults, kind, count)
  for (const [point, count] of pointsReached) increment(totals.reached, point, count)
  for (const [point, count] of pointsCrashed) increment(totals.crashed, point, count)
}

function showFailure(report: SeedReport, withWorkload: boolean): void {
  const { seed, violation, workload } = report
  console.log(`\nseed ${seed} failed: ${violation?.message}`)
  if (violation !== undefined && violation.name !== 'Violation') console.log(violation.stack)
  if (withWorkload) {
    const sources = workload.sources.map(({ splits, ...source }) => ({
      ...source,
      splits: splits.map(({ id, records }) => `${id}: ${records.length} records`),
    }))
    console.log('workload:', JSON.stringify({ ...workload, sources }, undefined, 1))
  }
  console.log(`replay it with: npm run simulate -- --seed ${seed}`)
}

async function runMany(first: number, last: number, untilMs: number): Promise<boolean> {
  // Most errors are injected and nobody reads their stacks; a replay has them whole.
  Error.stackTraceLimit = STACK_LINES
  const startedMs = performance.now()
  let failures = 0
  for (let seed = first; seed <= last && performance.now() < untilMs; seed++) {
    const report = await runSeed({ seed, ...simulatedBackends })
    add(report)
    if (report.violation === undefined && seed % TWICE_EVERY === 0) {
      const again = await runSeed({ seed, ...simulatedBackends })
      if (again.traceHash !== report.traceHash) {
        console.log(`\nseed ${seed} is not deterministic: its two runs differ`)
        failures++
      }
    }
    if (report.violation !== undefined) {
      failures++
      showFailure(report, !values['keep-going'])
      if (!values['keep-going']) break
    }
  }
  showTotals(performance.now() - startedMs)
  if (failures > 0) console.log(`\n${failures} seeds failed`)
  return failures === 0
}

function showTotals(elapsedMs: number): void {
  const { seeds, events, virtualMs, starts, resumed, faults, reached, crashed } = totals
  const perSecond = (seeds / elapsedMs) * 1_000
  console.log(
    `\n${seeds} seeds in ${(elapsedMs / 1_000).toFixed(1)} s (${perSecond.toFixed(1)}/s), ` +
      `${starts} starts, resumed ${resumed} times in the middle, ${events} events, ` +
      `${(virtualMs / elapsedMs).toFixed(0)} x real time`,
  )
  console.log(`faults: ${listed(faults)}`)
  console.log(`points: ${listed(reached)}`)
  console.log(`crashes: ${listed(crashed)}`)
}

function listed(counts: ReadonlyMap<string, number>): string {
  const names = [...counts.keys()].toSorted()
  return names.map((name) => `${name} ${counts.get(name)}`).join(', ')
}

async function replay(seed: number): Promise<boolean> {
  const onTrace = values['no-trace'] ? undefined : (line: string) => console.log(line)
  const report = await runSeed({ seed, ...simulatedBackends, onTrace })
  add(report)
  if (report.violation !== undefined) showFailure(report, true)
  else console.log(`\nseed ${seed} went well, trace ${report.traceHash}`)
  return report.violation === undefined
}

async function main(): Promise<boolean> {
  if (values.seed !== undefined) return replay(Number(values.seed))
  const [first = 1, last = first] = values.seeds.split('..').map(Number)
  const minutes = Number(values.minutes ?? Number.POSITIVE_INFINITY)
  return runMany(first, last, performance.now() + minutes * 60_000)
}

process.exitCode = (await main()) ? 0 : 1
