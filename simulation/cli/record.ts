/** Keeps what a run of many seeds has come to as evidence. */
import { recordEvidence } from '../../scripts/lib/evidence.ts'
import { TWICE_EVERY } from './seed-runner.ts'
import { type ProductionFile, roomOf, summed, wasRun } from './production-files.ts'
import type { TotalsJson } from './totals.ts'

export function recordTotals(totals: TotalsJson, command: string): void {
  const { seeds, failed, elapsedMs, processes, virtualDays, timesRealTime } = totals
  const rows = (counts: Readonly<Record<string, number>>) => Object.entries(counts)
  recordEvidence('simulation', {
    title: 'Deterministic simulation',
    claim:
      'Whole jobs under random faults, in virtual time: every invariant is to hold after every ' +
      'step, the output to be that of a plain evaluation, and two runs of a seed to be equal.',
    command,
    isWell: failed.length === 0,
    figures: [
      ['seeds', seeds],
      ['seeds that failed', failed.length],
      ['seeds run twice, to compare their histories', Math.floor(seeds / TWICE_EVERY)],
      ['seeds per second', totals.seedsPerSecond],
      ['processes', processes],
      ['virtual days', virtualDays],
      ['times real time', timesRealTime],
      ['events', totals.events],
      ['starts of jobs', totals.starts],
      ['restores in the middle of the input', totals.resumed],
      ['kinds of faults that struck', Object.keys(totals.faults).length],
    ],
    tables: [
      { title: 'Faults', columns: ['kind', 'struck'], rows: rows(totals.faults) },
      { title: 'Named points', columns: ['point', 'reached'], rows: rows(totals.points) },
      { title: 'Crashes at points', columns: ['point', 'crashed'], rows: rows(totals.crashes) },
    ],
    elapsedSeconds: Math.round(elapsedMs / 1_000),
  })
}

export function recordFiles(
  files: readonly ProductionFile[],
  { seeds, elapsedMs }: TotalsJson,
  command: string,
): void {
  const all = summed(files)
  const rooms = [...Map.groupBy(files, roomOf)].map(([room, ofRoom]) => {
    const { ran, functions, executed } = summed(ofRoom)
    return [room, ofRoom.length, ran, functions, executed]
  })
  const never = files.filter((file) => !wasRun(file))
  recordEvidence('production-files', {
    title: 'Production code in the simulation',
    claim: 'What the simulated jobs run is the engine itself; this is how much of it.',
    command,
    isWell: true,
    figures: [
      ['seeds', seeds],
      ['files that were run', all.ran],
      ['files with code', files.length],
      ['functions that were run', all.executed],
      ['functions in loaded files', all.functions],
    ],
    tables: [
      { title: 'By room', columns: ['room', 'files', 'run', 'functions', 'run'], rows: rooms },
      { title: 'Never run', columns: ['file'], rows: never.map(({ file }) => [file]) },
    ],
    elapsedSeconds: Math.round(elapsedMs / 1_000),
  })
}
