// The models with a fresh seed and more commands than in `npm test`, and their counts. Each file
// of tests runs as it always does; what it ran is told through a file.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { optionsOf } from '../../../scripts/lib/command-line.ts'
import { recordEvidence } from '../../../scripts/lib/evidence.ts'
import { runNode } from '../../../scripts/lib/process.ts'
import { type CommandsRun, RUNS_FILE_VARIABLE } from './commands.ts'

const FILES = [
  'test/state/model.test.ts',
  'test/state/lazy/model.test.ts',
  'test/state/timers.test.ts',
  'test/state/operator-state.model.test.ts',
  'test/state/ttl-model.test.ts',
]
const HOUR_MS = 3_600_000

const USAGE = `npm run models [-- options]

State, timers, operator state and time to live beside plain models, by random commands.

  --seed N     of the commands; by default another one each day
  --longer N   times as many commands as in npm test (default 3)
  --record     writes the counts into docs/evidence`

const { values } = optionsOf(process.argv.slice(2), 'models', USAGE, {
  seed: { type: 'string', default: String(Math.floor(Date.now() / 86_400_000)) },
  longer: { type: 'string', default: '3' },
  record: { type: 'boolean', default: false },
})

async function runFile(file: string, folder: string): Promise<readonly CommandsRun[]> {
  const told = join(folder, `${FILES.indexOf(file)}.jsonl`)
  const args = ['--conditions=millrace-source', '--test', '--test-reporter=spec', file]
  const env = { MILLRACE_SEED: values.seed, MILLRACE_LONGER: values.longer }
  await runNode(args, {
    env: { ...process.env, ...env, [RUNS_FILE_VARIABLE]: told },
    timeoutMs: HOUR_MS,
  })
  const lines = readFileSync(told, 'utf8').trim().split('\n')
  // Each line was written by checkCommands.
  return lines.map((line) => JSON.parse(line) as CommandsRun)
}

const startedMs = performance.now()
const folder = mkdtempSync(join(tmpdir(), 'millrace-models-'))
const runs: CommandsRun[] = []
const rows: (readonly (string | number)[])[] = []
try {
  for (const file of FILES) {
    const ran = await runFile(file, folder)
    runs.push(...ran)
    const commands = ran.reduce((sum, run) => sum + run.commands, 0)
    rows.push([`\`${file}\``, ran.length, commands])
    console.log(`${file}: ${commands.toLocaleString('en')} commands`)
  }
} finally {
  rmSync(folder, { recursive: true })
}

const counts = new Map<string, number>()
for (const run of runs) {
  for (const [what, count] of Object.entries(run.counts)) {
    counts.set(what, (counts.get(what) ?? 0) + count)
  }
}
const commands = runs.reduce((sum, run) => sum + run.commands, 0)
const elapsedSeconds = Math.round((performance.now() - startedMs) / 1000)
console.log(`${commands.toLocaleString('en')} commands, no difference, ${elapsedSeconds} s`)

if (values.record) {
  recordEvidence('models', {
    title: 'Commands against plain models',
    claim:
      'Keyed state of all kinds, timers, operator state and time to live, over cuts that are ' +
      'completed or aborted, merges, restarts at other parallelisms and backends, and rollbacks: ' +
      'what was read was always what a plain model held.',
    command: `npm run models -- --seed ${values.seed} --longer ${values.longer} --record`,
    isWell: true, // one that is not would have thrown
    figures: [
      ['commands', commands],
      ['restarts at another parallelism or backend', counts.get('restart') ?? 0],
      ['rollbacks', counts.get('rollback') ?? 0],
      ['checkpoints completed', counts.get('complete') ?? 0],
      ['checkpoints given up', counts.get('abort') ?? 0],
    ],
    tables: [{ title: 'Models', columns: ['file', 'tests', 'commands'], rows }],
    elapsedSeconds,
  })
}
