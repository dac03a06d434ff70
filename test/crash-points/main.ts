/** The whole enumeration of crash points, with its figures. */
import { optionsOf, wrongUsage } from '../../scripts/lib/command-line.ts'
import { recordEvidence } from '../../scripts/lib/evidence.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { type Enumeration, enumerate } from './enumerate.ts'
import { ERASURES } from './erasures.ts'
import { SCENARIOS, SCENARIOS_BY_CHANCE } from './scenarios.ts'

interface Row extends Enumeration {
  readonly scenario: string
  readonly played: number
}

const USAGE = `npm run crash-points [-- options]

Loses the power after each file operation of a commit, in every way that a disk may keep what was
not synced, and restores from what is left.

  --seeds N    interleavings of each scenario that has several (default 200)
  --json       print the counts as JSON
  --record     write the counts into docs/evidence
  --help       this

Examples:
  npm run crash-points -- --seeds 20
  npm run crash-points -- --json --record`

const { values } = optionsOf(process.argv.slice(2), 'crash-points', USAGE, {
  seeds: { type: 'string', default: '200' },
  json: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
})
const seeds = Number(values.seeds)
if (!Number.isSafeInteger(seeds) || seeds < 1) {
  wrongUsage('crash-points', `--seeds is a whole number from 1, not "${values.seeds}"`)
}

async function playAll(scenario: string, played: number): Promise<Row> {
  const play = { ...SCENARIOS, ...ERASURES, ...SCENARIOS_BY_CHANCE }[scenario]
  const row: Row = { scenario, played, operations: 0, disks: 0, different: 0 }
  for (let seed = 1; play !== undefined && seed <= played; seed++) {
    const random = new SeededRandom(seed)
    const found = await enumerate(await play(random), random).catch((error: unknown) => {
      throw new Error(`${scenario}, seed ${seed}`, { cause: error })
    })
    for (const figure of ['operations', 'disks', 'different'] as const) row[figure] += found[figure]
  }
  return row
}

function sumOf(rows: readonly Row[], figure: keyof Enumeration): number {
  return rows.reduce((sum, row) => sum + row[figure], 0)
}

function record(rows: readonly Row[], elapsedSeconds: number): void {
  recordEvidence('crash-points', {
    title: 'Crash points, enumerated',
    claim:
      'The power may go after each file operation of a commit, and then each legal subset of ' +
      'what was not synced may have reached the disk, writes torn. Every disk that can be left ' +
      'restores to the old state or the new one, never to a mixture, and the job goes on from it.',
    command: `npm run crash-points -- --seeds ${seeds}`,
    isWell: true, // one that is not would have thrown
    figures: [
      ['disks that a loss of power may leave', sumOf(rows, 'disks')],
      ['of them different, each restored', sumOf(rows, 'different')],
      ['file operations', sumOf(rows, 'operations')],
    ],
    tables: [
      {
        title: 'Scenarios',
        columns: ['scenario', 'played', 'file operations', 'disks', 'different'],
        rows: rows.map((row) => [
          row.scenario,
          row.played,
          row.operations,
          row.disks,
          row.different,
        ]),
      },
    ],
    elapsedSeconds,
  })
}

const startedMs = performance.now()
const rows: Row[] = []
for (const name of Object.keys({ ...SCENARIOS, ...ERASURES })) rows.push(await playAll(name, 1))
for (const name of Object.keys(SCENARIOS_BY_CHANCE)) {
  rows.push(await playAll(name, seeds))
}
const elapsedSeconds = (performance.now() - startedMs) / 1_000
if (values.json) console.log(JSON.stringify({ rows, elapsedSeconds }, undefined, 2))
else {
  console.table(rows)
  console.log(
    `${sumOf(rows, 'disks')} disks, ${sumOf(rows, 'different')} of them different: ` +
      'each restores to the old or the new state',
  )
}
if (values.record) record(rows, elapsedSeconds)
