/** The result of a run: as a table for people, as JSON, and as evidence. */
import { cpus } from 'node:os'
import { recordEvidence } from '../../scripts/lib/evidence.ts'
import { KINDS, POINTS, SUCCESSOR_POINTS } from './kinds.ts'
import type { ChaosOptions } from './options.ts'
import { sum, type Tally } from './tally.ts'

export interface Result {
  readonly options: ChaosOptions
  readonly tally: Tally
  readonly failures: string[]
  readonly elapsedSeconds: number
}

type Figures = readonly (readonly [label: string, value: number])[]

function figures({ tally, elapsedSeconds }: Result): Figures {
  return [
    ['rounds', tally.roundsDone],
    ['rounds per minute', Math.round((tally.roundsDone * 60) / elapsedSeconds)],
    ['jobs come to their end, output exact', tally.jobs],
    ['lines compared', tally.linesCompared],
    ['processes killed by SIGKILL', tally.kills],
    ['of them at named points of the code', sum(tally.points)],
    ['worker threads that died', sum(tally.traps)],
    ['takeovers by a standby', tally.takeovers],
    ['processes started', tally.processes],
    ['rounds skipped', sum(tally.skipped)],
  ]
}

function pointRows({ points, missed }: Tally): (readonly [string, number, number])[] {
  const names = new Set([
    ...Object.keys(POINTS),
    ...SUCCESSOR_POINTS,
    ...points.keys(),
    ...missed.keys(),
  ])
  return [...names].map((name) => [name, points.get(name) ?? 0, missed.get(name) ?? 0])
}

export function table(result: Result): string {
  const { tally, options, elapsedSeconds } = result
  const wide = (name: string) => name.padEnd(40)
  const lines = [
    `chaos, seed ${options.seed}: ${tally.roundsDone} rounds in ${elapsedSeconds.toFixed(0)} s`,
    ...figures(result).map(([label, value]) => `  ${wide(label)} ${value}`),
    '',
    'rounds by kind',
    ...tally.roundsByKind().map(([name, count]) => {
      return `  ${name.padEnd(12)} ${String(count).padStart(5)}  ${KINDS[name].what}`
    }),
    '',
    'killed at a point (not come to in time)',
    ...pointRows(tally).map(([name, struck, missed]) => {
      return `  ${name.padEnd(20)} ${String(struck).padStart(5)} (${missed})`
    }),
    '',
    'how a worker thread died',
    ...[...tally.traps].map(([name, count]) => `  ${name.padEnd(20)} ${String(count).padStart(5)}`),
    '',
    `RocksDB: up to ${tally.evictions} evictions, ${tally.reads} reads back in one process`,
    ...[...tally.skipped].map(([why, count]) => `skipped: ${count} × ${why}`),
  ]
  return lines.join('\n')
}

/** A line for logs that want one. */
export function summary({ tally, options, elapsedSeconds }: Result): string {
  const skipped = sum(tally.skipped)
  return (
    `chaos, seed ${options.seed}: ${tally.roundsDone} rounds, ${tally.kills} kills, ` +
    `${tally.takeovers} takeovers, ${tally.jobs} jobs exact, ` +
    `${tally.linesCompared} lines compared` +
    `${skipped > 0 ? `, ${skipped} rounds skipped` : ''} in ${elapsedSeconds.toFixed(0)} s`
  )
}

export function asJson(result: Result): string {
  const { tally, options, failures, elapsedSeconds } = result
  const { backends, parallelisms, seed } = options
  return JSON.stringify(
    {
      seed,
      backends,
      parallelisms,
      elapsedSeconds,
      figures: Object.fromEntries(figures(result)),
      rounds: Object.fromEntries(tally.roundsByKind()),
      points: Object.fromEntries(tally.points),
      missedPoints: Object.fromEntries(tally.missed),
      workerDeaths: Object.fromEntries(tally.traps),
      skipped: Object.fromEntries(tally.skipped),
      failures,
    },
    undefined,
    2,
  )
}

export function record(result: Result): void {
  const { tally, options, failures, elapsedSeconds } = result
  recordEvidence('chaos', {
    title: 'Real chaos',
    claim:
      'Real processes on a real disk are killed, stopped, starved and replaced; after every ' +
      'round what is visible is compared, line by line, with what plain loops over the input say.',
    command: [
      'npm run chaos --',
      `--rounds ${options.rounds} --seed ${options.seed}`,
      ...options.given,
    ].join(' '),
    isWell: failures.length === 0 && tally.roundsDone >= options.rounds,
    figures: [...figures(result), ['lives at a time', options.jobs], ['processors', cpus().length]],
    tables: [
      {
        title: 'Rounds by kind',
        columns: ['kind', 'what', 'rounds'],
        rows: tally.roundsByKind().map(([name, count]) => [name, KINDS[name].what, count]),
      },
      {
        title: 'Kills at named points',
        columns: ['point', 'killed there', 'not come to in time'],
        rows: pointRows(tally),
      },
      {
        title: 'How worker threads died',
        columns: ['how', 'times'],
        rows: [...tally.traps],
      },
    ],
    elapsedSeconds,
  })
}
