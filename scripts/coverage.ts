/**
 * `npm run coverage` runs the tests and tells which lines, branches and functions of src/ they
 * reach, by folder; coverage/lcov.info has it line by line, as editors read it. Patterns choose
 * some of the tests, `--record` keeps the figures; `--help` says the rest.
 */
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { optionsOf, wrongUsage } from './lib/command-line.ts'
import { recordEvidence } from './lib/evidence.ts'
import { type Covered, coverageByFolder, sumOf } from './lib/lcov.ts'
import { root } from './lib/process.ts'

const { values, positionals } = optionsOf(
  process.argv.slice(2),
  'coverage',
  `npm run coverage -- [options] [patterns of tests]

Runs the tests and tells which lines, branches and functions of src/ they reach, by folder;
coverage/lcov.info has it line by line.

  --record  keep the figures in docs/evidence
  --help    this

Examples:
  npm run coverage
  npm run coverage -- 'test/state/**/*.test.ts'

Exit code: 0 if all tests passed, 1 if not, 2 for wrong options or if no test was run.`,
  { record: { type: 'boolean', default: false } },
  true,
)

const FOLDER = 'coverage'
const LCOV = `${FOLDER}/lcov.info`
const patterns = positionals.length > 0 ? positionals : ['test/**/*.test.ts']
for (const pattern of patterns) {
  if (globSync(pattern, { cwd: root }).some((path) => path.endsWith('.ts'))) continue
  wrongUsage('coverage', `no test is called "${pattern}"`)
}

function runTests(): boolean {
  mkdirSync(join(root, FOLDER), { recursive: true })
  const args = [
    '--conditions=millrace-source',
    '--test',
    '--experimental-test-coverage',
    '--test-coverage-include=src/**/*.ts',
    '--test-reporter=dot',
    '--test-reporter-destination=stdout',
    '--test-reporter=lcov',
    `--test-reporter-destination=${LCOV}`,
    '--test-concurrency=2',
    ...patterns,
  ]
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  return status === 0
}

function percent({ found, reached }: { readonly found: number; readonly reached: number }): string {
  return found === 0 ? '-' : `${((reached / found) * 100).toFixed(1)} %`
}

function cells(covered: Covered): readonly string[] {
  return [percent(covered.lines), percent(covered.branches), percent(covered.functions)]
}

const started = performance.now()
const isWell = runTests()
const folders = coverageByFolder(readFileSync(join(root, LCOV), 'utf8'))
const all = sumOf([...folders.values()])

const line = (name: string, shown: readonly string[]) =>
  name.padEnd(28) + shown.map((cell) => cell.padStart(10)).join('')
console.log(line('\nfolder', ['lines', 'branches', 'functions']))
for (const [folder, covered] of folders) console.log(line(folder, cells(covered)))
console.log(line('all', cells(all)))
console.log(`line by line: ${LCOV}`)

if (values.record) {
  recordEvidence('coverage', {
    title: 'Coverage of the tests',
    claim:
      'What the tests reach, in their own processes and in those which they start. It says what ' +
      'is not tested at all; whether the rest is tested well is what the mutation score says.',
    command: ['npm run coverage', ...(positionals.length > 0 ? ['--', ...positionals] : [])].join(
      ' ',
    ),
    isWell,
    figures: [
      ['of lines', percent(all.lines)],
      ['of branches', percent(all.branches)],
      ['of functions', percent(all.functions)],
      ['lines', all.lines.found],
    ],
    tables: [
      {
        title: 'By folder',
        columns: ['folder', 'lines', 'branches', 'functions'],
        rows: [...folders].map(([folder, covered]) => [folder, ...cells(covered)]),
      },
    ],
    elapsedSeconds: (performance.now() - started) / 1000,
  })
}
process.exitCode = isWell ? 0 : 1
