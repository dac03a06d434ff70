/**
 * `npm run prove`: everything that the page of evidence is made of, one after the other, recorded,
 * and the page made anew. Hours of a machine that has nothing else to do; names choose some of it.
 */
import { spawnSync } from 'node:child_process'
import { optionsOf, wrongUsage } from './lib/command-line.ts'
import { EVIDENCE_NAMES, type EvidenceName } from './lib/evidence.ts'
import { root } from './lib/process.ts'

interface Proof {
  readonly file: string
  readonly args: string
  /** About, on two cores. */
  readonly minutes: number
}

const PROOFS: Readonly<Record<EvidenceName, Proof>> = {
  simulation: {
    file: 'simulation/main.ts',
    args: '--seeds 1..10000 --minutes 10 --keep-going',
    minutes: 10,
  },
  'production-files': { file: 'simulation/main.ts', args: '--seeds 1..500 --files', minutes: 2 },
  'planted-bugs': {
    file: 'simulation/planted/main.ts',
    args: '--seeds 1..1000 --continue --minutes 120',
    minutes: 60,
  },
  'crash-points': { file: 'test/crash-points/main.ts', args: '', minutes: 10 },
  chaos: { file: 'test/chaos/main.ts', args: '--rounds 1000', minutes: 40 },
  models: { file: 'test/state/model/main.ts', args: '', minutes: 3 },
  interleavings: { file: 'test/explore/main.ts', args: '', minutes: 20 },
  fuzz: { file: 'fuzz/main.ts', args: '--minutes 5', minutes: 240 },
  'byte-flips': { file: 'fuzz/main.ts', args: '--flips 10000', minutes: 3 },
  mutation: { file: 'mutation/main.ts', args: '--sample 0.035', minutes: 20 },
  coverage: { file: 'scripts/coverage.ts', args: '', minutes: 15 },
}

const LIST = EVIDENCE_NAMES.map(
  (name) => `  ${name.padEnd(18)}about ${PROOFS[name].minutes} minutes`,
)

const { positionals } = optionsOf(
  process.argv.slice(2),
  'prove',
  `npm run prove -- [names]

Runs what docs/evidence.md is made of, keeps the figures and makes the page anew.

${LIST.join('\n')}

Examples:
  npm run prove
  npm run prove -- simulation chaos

Exit code: 0 if all went well, 1 if not, 2 for wrong options.`,
  {},
  true,
)
const names: readonly string[] = positionals
for (const name of names) {
  if (!EVIDENCE_NAMES.some((known) => known === name)) wrongUsage('prove', `nothing proves ${name}`)
}

function runFile(file: string, args: readonly string[]): boolean {
  const all = ['--conditions=millrace-source', file, ...args]
  return spawnSync(process.execPath, all, { cwd: root, stdio: 'inherit' }).status === 0
}

const isChosen = (name: string): boolean => names.length === 0 || names.includes(name)
const chosen = EVIDENCE_NAMES.filter(isChosen)
const failed = chosen.filter((name, at) => {
  const { file, args, minutes } = PROOFS[name]
  console.log(`\n${at + 1} of ${chosen.length}: ${name}, about ${minutes} minutes`)
  return !runFile(file, [...args.split(' ').filter(Boolean), '--record'])
})
runFile('scripts/evidence.ts', [])
if (failed.length > 0) {
  console.error(`not well: ${failed.join(', ')}`)
  process.exitCode = 1
}
