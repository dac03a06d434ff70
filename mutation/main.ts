/**
 * `npm run mutate` changes the code in small ways, one at a time, and looks whether a test notices:
 * a sample of the mutants of src/checkpoint, src/savepoint and src/state, with the share that was
 * found and the list of those that were not.
 *
 *   npm run mutate -- --sample 0.05 --seed 7          one mutant in twenty, at random
 *   npm run mutate -- --in src/checkpoint --sample 1  all of a folder or file
 *   npm run mutate -- --all                           every mutant, every test: hours
 *
 * `--help` says the rest.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installIn } from '../scripts/lib/install.ts'
import { root, StepFailed } from '../scripts/lib/process.ts'
import { parseCommandLine } from './options.ts'
import { isGoodEnough, recordScore, scoreLines, survivorsPage } from './output.ts'
import { type StrykerReport, summarize } from './report.ts'
import { OUTSIDE } from './sample.ts'
import { CACHE, type Settings, TESTS_OF } from './settings.ts'

const values = parseCommandLine(process.argv.slice(2))

const chosen = values.in
// Model tests in their short form, as fits a run for each mutant.
const shortForms = { MILLRACE_COMMANDS_MAX: '1500', FLIPS: '100' }

const settings: Settings = {
  variables: Object.keys(shortForms),
  tests: Object.entries(TESTS_OF).flatMap(([folder, tests]) =>
    chosen.some((path) => path.startsWith(folder)) ? tests : [],
  ),
  share: values.all ? 1 : values.sample,
  seed: values.seed,
  budgetMs: values.all ? 600_000 : 20_000,
  testMaxMs: values.all ? 600_000 : 2_000,
  runsMax: values.all ? 10_000 : 100,
}

const stryker = join(root, 'mutation/node_modules/@stryker-mutator/core')
/** For each sample its own, or results of another one would be taken for part of this. */
const incrementalFile = `${CACHE}/incremental-${settings.share}-${settings.seed}.json`
const reportFile = `${CACHE}/report.json`

function configuration(): object {
  return {
    millrace: settings,
    plugins: ['./mutation/plugin.ts'],
    testRunner: 'hot',
    checkers: settings.share < 1 ? ['sample'] : [],
    ignorers: ['messages'],
    coverageAnalysis: 'perTest',
    ignoreStatic: true,
    mutate: chosen.map((path) => (path.endsWith('.ts') ? path : `${path}/**/*.ts`)),
    testRunnerNodeArgs: ['--conditions=millrace-source', '--max-old-space-size=3000'],
    concurrency: values.concurrency,
    // The runner ends what waits; this is for loops that never do, however busy the machine is.
    timeoutMS: 300_000,
    timeoutFactor: 0,
    dryRunTimeoutMinutes: 60,
    incremental: true,
    incrementalFile,
    reporters: ['json', 'html', 'progress-append-only'],
    jsonReporter: { fileName: reportFile },
    htmlReporter: { fileName: `${CACHE}/report.html` },
    tempDirName: `${CACHE}/sandbox`,
    ignorePatterns: ['.millrace', 'mutation', 'docs', 'dist', 'bench/results', 'tools*'],
    disableTypeChecks: false,
    // What rewrites it needs a TypeScript that is a library, and nothing here is compiled.
    tsconfigFile: 'none.json',
    packageManager: 'npm',
    allowConsoleColors: process.stdout.isTTY,
  }
}

/** Lets mutants of another sample be run, if this one has them. */
function forgetOutsiders(): void {
  const path = join(root, incrementalFile)
  if (!existsSync(path)) return
  // Stryker's own report.
  const report = JSON.parse(readFileSync(path, 'utf8')) as StrykerReport
  const files = Object.entries(report.files).map(([name, file]) => {
    const mutants = file.mutants.filter(({ statusReason }) => statusReason !== OUTSIDE)
    return [name, { ...file, mutants }]
  })
  writeFileSync(path, JSON.stringify({ ...report, files: Object.fromEntries(files) }))
}

async function main(): Promise<number> {
  const started = performance.now()
  // Large, and needed here alone.
  await installIn('mutation', 'Stryker')
  mkdirSync(join(root, CACHE), { recursive: true })
  forgetOutsiders()
  const config = join(root, CACHE, 'stryker.json')
  writeFileSync(config, JSON.stringify(configuration(), undefined, 2))
  const env = { ...(values.all ? {} : shortForms), ...process.env }
  const args = [join(stryker, 'bin/stryker.js'), 'run', config]
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' })
  if (status !== 0) throw new StepFailed(`Stryker ended with ${status}`)
  // Stryker's own report.
  const report = JSON.parse(readFileSync(join(root, reportFile), 'utf8')) as StrykerReport
  const summary = summarize(report)
  for (const line of scoreLines(summary)) console.log(line)
  const page = `${CACHE}/survivors.md`
  writeFileSync(join(root, page), survivorsPage(summary.survivors))
  console.log(`${summary.survivors.length} survivors: ${page}; the code: ${CACHE}/report.html`)
  const elapsedSeconds = (performance.now() - started) / 1000
  const command = `npm run mutate -- ${process.argv.slice(2).join(' ')}`
  if (values.record) recordScore(summary, { settings, elapsedSeconds, command })
  return isGoodEnough(summary) ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof StepFailed ? error.message : error)
  process.exitCode = 2
}
